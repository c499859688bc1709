"""Faults of one expression: what is wrong, where, and what to write instead.

Comes in: nothing; the modules that read expressions raise them. Goes out: `ExpressionFaults`, which
`streams.rulefiles` places in the file. Independent parts are read with `each`, so that one fault hides no other.
"""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from streams.errors import SegmenterError

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, order=True)
class ExpressionFault:
    """`offset` counts characters from the start of the expression; `hint` says what to write, or is empty."""

    offset: int
    width: int
    message: str
    hint: str = ""


class ExpressionFaults(SegmenterError):
    """An expression is wrong; `faults` holds all that is, from left to right."""

    exit_status = 2

    def __init__(self, faults: Iterable[ExpressionFault]):
        self.faults = sorted(faults)
        super().__init__("\n".join(f"at {fault.offset}: {fault.message}" for fault in self.faults))


def each(read: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Read all items; if any is wrong, raise the faults of all of them.

    >>> each(int, ["1", "2"])
    [1, 2]
    """
    results: list[R] = []
    faults: list[ExpressionFault] = []
    for item in items:
        try:
            results.append(read(item))
        except ExpressionFaults as error:
            faults += error.faults
    if faults:
        raise ExpressionFaults(faults)
    return results


def both(read_first: Callable[[], T], read_second: Callable[[], R]) -> tuple[T, R]:
    """As `each`, for two parts of different types."""
    first: list[T] = []
    second: list[R] = []
    reads: list[Callable[[], None]] = [lambda: first.append(read_first()), lambda: second.append(read_second())]
    each(lambda read: read(), reads)
    return first[0], second[0]


def nearest(word: str, known: Iterable[str], likeness: float = 0.65) -> str:
    """The known name that `word` was most likely meant to be, or an empty string.

    >>> nearest("cuont", ["count", "sum"]), nearest("banana", ["count", "sum"])
    ('count', '')
    """
    by_folded = {name.casefold(): name for name in sorted(known, reverse=True)}
    found = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=likeness)
    return by_folded[found[0]] if found else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    name = nearest(word, known)
    return f"did you mean `{name}`?" if name else ""
