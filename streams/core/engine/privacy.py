"""What is private: shown as `***` wherever a condition shows a value, unless the rule asks for it by `include`.

Comes in: the leaves of a rule, and the names that are private. Goes out: whether a leaf's value may be shown. What is
not known here to tell nothing of anybody stays hidden.
"""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Final

from streams.core.rules.nodes import (
    Constant,
    Elapsed,
    FirstSeen,
    IdleSince,
    LastSeen,
    Latest,
    LatestTime,
    Leaf,
    Lifetime,
    Lowered,
    Read,
    Score,
    Trait,
    TraitTime,
    Value,
    Window,
)
from streams.core.rules.statistics import STATISTICS
from streams.core.rules.traversal import operands, terms

MASKED: Final = "***"

IsOpen = Callable[[str], bool]


def is_private(name: str, private: Collection[str]) -> bool:
    """Whether a trait or property is private by its own name or by that of an object it is nested in. What stands below
    `context` is the subject's own, too.

    >>> [is_private(name, {"ip", "address"}) for name in ("address.city", "context.ip", "plan", "shipping")]
    [True, True, False, False]
    """
    own = name.removeprefix("context.").removeprefix("traits.") if name.startswith("context.") else name
    return any(whole[:end] in private for whole in (name, own) for end in _ends_of_parts(whole))


def may_be_shown(leaf: Leaf, private: Collection[str], include: Collection[str]) -> bool:
    """Whether nothing of what a leaf's value is calculated of is private, apart from what is included."""
    is_open = partial(_is_open, private=private, include=include)
    return all(_may_be_told(term, is_open) for operand in operands(leaf) for term in terms(operand))


def _is_open(name: str, private: Collection[str], include: Collection[str]) -> bool:
    return name in include or not is_private(name, private)


def _may_be_told(value: Value, is_open: IsOpen) -> bool:
    match value:
        case Read(Trait(name) | Latest(prop=name)) | Elapsed(TraitTime(name) | LatestTime(prop=name)):
            return is_open(name)
        case Read(Lowered(Trait(name) | Latest(prop=name))):
            return is_open(name)
        case Read(Window() as window):
            return _may_be_counted(window, is_open)
        case Constant() | Score() | Read(Lifetime()) | Elapsed(LastSeen() | FirstSeen() | IdleSince()):
            return True
        case _:
            return False


def _may_be_counted(window: Window, is_open: IsOpen) -> bool:
    """A count tells of nobody's values; a sum of one value is the value."""
    statistic = STATISTICS.get(window.statistic)
    if statistic is None:
        return False
    return not statistic.tells_values or (window.prop is not None and is_open(window.prop))


def _ends_of_parts(name: str) -> Iterator[int]:
    return (place for place in range(1, len(name) + 1) if place == len(name) or name[place] == ".")
