"""Arithmetic and comparison as docs/semantics.md#values words them: missing values, unlike kinds, whole millionths.

Comes in: values as a profile holds them; None is missing. Goes out: a value, or a truth.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

from streams.core.events import Value
from streams.core.instants import HOUR_MS
from streams.core.rules.nodes import Comparison, How

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SCALARS = (str, float, int, bool)


def compare(operator: Comparison, left: Value, right: Value) -> bool:
    if kind(left) is None or kind(left) != kind(right):
        return False
    if operator in ("==", "!="):
        return (left == right) == (operator == "==")
    if isinstance(left, float) and isinstance(right, float):
        return _ordered(operator, left < right, left == right)
    if isinstance(left, str) and isinstance(right, str):
        return _ordered(operator, left < right, left == right)
    return False


def _ordered(operator: Comparison, less: bool, equal: bool) -> bool:
    return {"<": less, "<=": less or equal, ">": not less and not equal, ">=": not less}[operator]


def kind(value: Value) -> str | None:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, float):
        return "number"
    return "text" if isinstance(value, str) else None


def calculate(operator: str, left: Value, right: Value) -> Value:
    if not isinstance(left, float) or not isinstance(right, float) or (operator == "/" and right == 0.0):
        return None
    match operator:
        case "+":
            result = left + right
        case "-":
            result = left - right
        case "*":
            result = left * right
        case _:
            result = left / right
    return result if abs(result) != float("inf") else None


def has(value: Value, wanted: float | str | bool) -> bool:
    """Whether it is a list that holds `wanted`, or is `wanted` itself."""
    members = value if isinstance(value, list) else [value]
    return any(compare("==", number_or(one), number_or(wanted)) for one in members if isinstance(one, SCALARS))


def found_in(how: How, value: Value, wanted: float | str | bool) -> bool:
    """What `has` and its kin say of a value."""
    if how == "has":
        return has(value, wanted)
    if not isinstance(value, str) or not isinstance(wanted, str):
        return False
    at = [start for start in range(len(value)) if value[start : start + len(wanted)] == wanted]
    match how:
        case "contains":
            return bool(at)
        case "starts_with":
            return 0 in at
        case "ends_with":
            return len(value) - len(wanted) in at


def small(value: Value) -> Value:
    """A text in small letters; nothing else has any."""
    return value.lower() if isinstance(value, str) else None


def countable(values: Iterable[Value]) -> list[float]:
    """Those that sum, avg, min and max are of: numbers up to 1e10 in size."""
    return [number for number in map(number_or, values) if isinstance(number, float) and abs(number) <= 1e10]


def total(numbers: Iterable[float]) -> Value:
    millionths = sum(round(number * 1e6) for number in numbers)
    return millionths / 1e6 if abs(millionths) <= 9e18 else None


def canonical(value: object) -> str:
    """Its JSON, with one spelling for each value."""
    return json.dumps(as_doubles(value), sort_keys=True)


def as_doubles(value: object) -> object:
    if isinstance(value, list):
        return [as_doubles(one) for one in value]
    if isinstance(value, dict):
        return {name: as_doubles(one) for name, one in value.items()}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) + 0.0  # there is one zero
    return value


def number_or(value: Value) -> Value:
    """Numbers are doubles, whatever JSON wrote them as."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def number_only(value: Value) -> float | None:
    return value if isinstance(value, float) else None


def bucket(ts: int, unit: str, zone: tzinfo) -> int:
    """The day or hour of an instant. A day that has begun goes on where the clock is turned back over midnight."""
    if unit == "hour":
        return ts // HOUR_MS
    day = (EPOCH + timedelta(milliseconds=ts)).astimezone(zone).toordinal() - EPOCH.toordinal()
    return day + 1 if begin(day + 1, "day", zone) <= ts else day


def begin(bucket: int, unit: str, zone: tzinfo) -> int:
    if unit == "hour":
        return bucket * HOUR_MS
    midnight = datetime.fromordinal(bucket + EPOCH.toordinal()).replace(tzinfo=zone)
    return (midnight.astimezone(UTC) - EPOCH) // timedelta(milliseconds=1)
