"""Lists that a page shows a part of: of thousands of rules it stays small.

Comes in: all of it, in the order of its names, and after which name to go on; or in another order. Goes out: a `Part`.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

MOST: Final = 200

Entry = TypeVar("Entry")


class Part(NamedTuple, Generic[Entry]):
    """before: how many come before these. of: how many there are. after: from where to go on; None on the last."""

    entries: Sequence[Entry]
    before: int
    of: int
    after: str | None

    @property
    def more(self) -> int:
        return self.of - self.before - len(self.entries)


def part_of(
    entries: Sequence[Entry], name_of: Callable[[Entry], str], after: str = "", most: int | None = None
) -> Part[Entry]:
    """
    >>> part_of(["ann", "bob", "eve"], str, after="ann", most=1)
    Part(entries=['bob'], before=1, of=3, after='bob')
    """
    before = bisect_right(entries, after, key=name_of)
    shown = entries[before : before + (MOST if most is None else most)]
    is_last = before + len(shown) == len(entries)
    return Part(shown, before, len(entries), None if is_last else name_of(shown[-1]))


def first_of(entries: Sequence[Entry]) -> Part[Entry]:
    """The beginning, in whatever order; others are found by searching."""
    return Part(entries[:MOST], 0, len(entries), None)


def has_words(text: str, search: str) -> bool:
    """Whether all words that are searched stand in it, in whatever case.

    >>> has_words("Not seen for a week", "WEEK not"), has_words("Not seen", "week")
    (True, False)
    """
    said = text.casefold()
    return all(word in said for word in search.casefold().split())
