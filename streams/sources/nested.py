"""Nested objects by dotted name: `{"company": {"size": 5}}` holds `company.size`. A list is a value.

Comes in: a decoded JSON object. Goes out: its values by dotted name. A member whose own name has dots is read by
that name too. A number that no double holds is read as null, and so is a list that is nested too deeply.
"""

import sys
from collections.abc import Iterable
from typing import Any, Final

from streams.core.events import Value

JsonObject = dict[str, Any]
JsonList = list[Any]

_LARGEST: Final = sys.float_info.max
_DEEPEST: Final = 100  # of a list: whoever reads all of it does so by recursion, of which there is ten times as much
_LONGEST_NAME: Final = 1_024  # no trait and no rule has a longer one; a record of long keys could else fill the memory


def flatten(nested: JsonObject) -> dict[str, Value]:
    """Every value, null included. Without recursion: records may be nested as deeply as their sender likes."""
    found: dict[str, Value] = {}
    open_objects = [("", iter(nested.items()))]
    while open_objects:
        prefix, members = open_objects[-1]
        for key, value in members:
            if not isinstance(value, dict):
                found[prefix + key] = None if _is_too_much(value) else value
            elif len(prefix) + len(key) < _LONGEST_NAME:
                open_objects.append((f"{prefix}{key}.", iter(value.items())))
                break
        else:
            open_objects.pop()
    return found


def flatten_whole(nested: JsonObject) -> dict[str, Value]:
    """The same, where each object stands for all that there is of it: before what is in it comes its name, with None.

    >>> flatten_whole({"company": {"size": 5}, "plan": "pro", "consent": {}})
    {'company': None, 'consent': None, 'company.size': 5, 'plan': 'pro'}
    """
    return {name: None for name, value in nested.items() if isinstance(value, dict)} | flatten(nested)


def pick(nested: JsonObject, names: Iterable[str]) -> dict[str, Value]:
    """Those of the named values that are there; null is absent."""
    found: dict[str, Value] = {}
    for name in names:
        value = _lookup(nested, name)
        if value is not None and not _is_too_much(value):
            found[name] = value
    return found


def _lookup(nested: JsonObject, name: str) -> Any:
    value = nested.get(name)
    if value is not None and not isinstance(value, dict):
        return value
    dot = name.find(".")
    while dot >= 0:
        below = nested.get(name[:dot])
        if isinstance(below, dict) and (found := _lookup(below, name[dot + 1 :])) is not None:
            return found
        dot = name.find(".", dot + 1)
    return None


def _is_too_much(value: object) -> bool:
    if isinstance(value, list):
        return _is_too_deep(value)
    return isinstance(value, (int, float)) and not -_LARGEST <= value <= _LARGEST


def _is_too_deep(value: JsonList) -> bool:
    """Without recursion, level by level."""
    level: list[JsonList | JsonObject] = [value]
    for _ in range(_DEEPEST):
        members = (member for one in level for member in (one.values() if isinstance(one, dict) else one))
        level = [member for member in members if isinstance(member, (list, dict))]
        if not level:
            return False
    return True
