"""Arithmetic and comparison as the contract words them (3.1): missing values, unlike kinds, whole millionths.

Comes in: values as a profile holds them; None is missing. Goes out: a value, or a truth.
"""

from streams.core.events import Value
from streams.core.tree import Comparison


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


def total(values: list[Value]) -> Value:
    numbers = [number for number in map(number_or, values) if isinstance(number, float) and abs(number) <= 1e10]
    millionths = sum(round(number * 1e6) for number in numbers)
    return millionths / 1e6 if abs(millionths) <= 9e18 else None


def number_or(value: Value) -> Value:
    """Numbers are doubles, whatever JSON wrote them as."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
