"""When two values of JSON are the same: by how each is spelled, in one way alone.

Comes in: values as events and traits hold them. Goes out: spellings, equal exactly where the values are the same: a
list is one value; kinds differ, so `1` and `"1"` are two; numbers are doubles, so `1` and `1.0` are one
(docs/semantics.md#windows). And by the same measure, whether a value is, holds or contains another.
"""

import json
from collections.abc import Callable, Mapping

from streams.core.events import Value
from streams.core.rules.nodes import How


def spell(value: object) -> str:
    """
    >>> spell(1) == spell(1.0), spell(1) == spell("1"), spell(1) == spell(True)
    (True, False, False)
    >>> spell(["b", {"y": 1, "x": True}])
    '["b", {"x": true, "y": 1.0}]'
    """
    if isinstance(value, str):
        return f'"{value}"'  # nothing else begins like it, so what JSON would escape can stay as it is
    return json.dumps(_in_doubles(value), sort_keys=True, ensure_ascii=False)


def _in_doubles(value: object) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _double(value)
    if isinstance(value, list):
        return [_in_doubles(member) for member in value]
    if isinstance(value, dict):
        return {name: _in_doubles(member) for name, member in value.items()}
    return value


def _double(number: float) -> float:
    """There is one zero; what no double holds is infinite."""
    try:
        return float(number) + 0.0
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def holds(value: Value, spelling: str) -> bool:
    """Whether a list holds what is spelled so, or the value itself is.

    >>> holds(["vip", 1], spell(1.0)), holds("vip", spell("vip")), holds([["vip"]], spell("vip"))
    (True, True, False)
    """
    if isinstance(value, list):
        return any(spell(member) == spelling for member in value)
    return spell(value) == spelling


def wanted_as(how: How, wanted: object) -> str:
    """What to look for, in the form that `FINDS` takes it."""
    return spell(wanted) if how == "has" else str(wanted)


FINDS: Mapping[How, Callable[[Value, str], bool]] = {
    "has": holds,
    "contains": lambda value, text: isinstance(value, str) and text in value,
    "starts_with": lambda value, text: isinstance(value, str) and value.startswith(text),
    "ends_with": lambda value, text: isinstance(value, str) and value.endswith(text),
}


def lowered(value: Value) -> str | None:
    """A text in small letters, as Unicode has them; None of all else."""
    return value.lower() if isinstance(value, str) else None
