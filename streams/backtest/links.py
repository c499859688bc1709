"""Which ids of a history have to do with each other: they are linked, or users who are merged.

Comes in: the names of files. Goes out: by the hash of an id, the hash that stands for all that it has to do with.
Hashes do as well as ids: two that are the same by chance end in one process, which is no harm.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Final

import numpy as np

from streams.backtest.blocks import Block
from streams.backtest.histories import opened
from streams.backtest.records import HistoryDecoder
from streams.backtest.whose import Nobodies
from streams.core.arrays import Ints
from streams.core.events import Decoded, Event
from streams.core.kernel.json_ids import ABSENT, BLANK, hash_of
from streams.core.links import Linking, Unlinked
from streams.core.merges import Merge
from streams.settings import Settings

Hashes = tuple[int, ...]

# Such records bear no id beside these two, but for `identify` with traits that are ids, and `alias`.
BEARS_TWO: Final = np.array(sorted(map(hash_of, ("track", "page", "screen", "group"))))
MARKS: Final = (b'nonymousId"', b'"previousId"', b'"customer"', b'"merge"')
BITS: Final = 32  # of a hash
LOW: Final = (1 << BITS) - 1


def together(names: Sequence[str], decoder: HistoryDecoder, settings: Settings) -> dict[int, int]:
    stands_for: dict[int, int] = {}
    marks = (*MARKS, *(f'"{trait}"'.encode() for trait in settings.link_traits))
    finder = _Finder(decoder, Nobodies(settings), marks)
    for hashes in (hashes for name in names for hashes in finder.in_file(name)):
        first, *others = (_found(stands_for, each) for each in hashes)
        for other in others:
            if other != first:
                stands_for[other] = first
    return {each: _found(stands_for, each) for each in stands_for}


def _found(stands_for: dict[int, int], each: int) -> int:
    """What stands for it, with the way there made short."""
    way = []
    while (to := stands_for.get(each)) is not None:
        way.append(each)
        each = to
    for passed in way:
        stands_for[passed] = each
    return each


class _Finder:
    """marks: what stands in each line that bears more than one id."""

    def __init__(self, decoder: HistoryDecoder, nobodies: Nobodies, marks: Sequence[bytes]):
        self._decoder, self._nobodies, self._marks = decoder, nobodies, marks
        self._seen: set[int] = set()

    def in_file(self, name: str) -> Iterator[Hashes]:
        """Of the ids of each line that bears several; most files have none, which is soon seen."""
        with closing(opened(name)) as file:
            if not file.mentions(self._marks):
                return
        with closing(opened(name)) as file:
            while (block := file.read()) is not None:
                yield from self._in_block(block)

    def _in_block(self, block: Block) -> Iterator[Hashes]:
        types, users, anonymous = block.hashes().T
        is_plain = np.isin(types, BEARS_TWO)
        has_two = is_plain & (users >= 0) & (anonymous >= 0)
        has_two &= ~self._nobodies.among(users) & ~self._nobodies.among(anonymous)
        yield from self._new(users[has_two], anonymous[has_two])
        has_one = is_plain & ((users == ABSENT) | (anonymous == ABSENT))
        for line in self._marked(block.at(np.flatnonzero(~has_two & ~has_one & (types != BLANK)))):
            yield from _of(self._decoder.decode_line(line))

    def _new(self, users: Ints, anonymous: Ints) -> Iterator[Hashes]:
        """The pairs that were not seen before: most come again and again."""
        for both in set(np.unique(users << BITS | anonymous).tolist()) - self._seen:
            self._seen.add(both)
            yield both >> BITS & LOW, both & LOW

    def _marked(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        return (line for line in lines if any(mark in line for mark in self._marks))


def _of(decoded: Decoded) -> Iterator[Hashes]:
    match decoded:
        case Event(subject=subject, identity=Linking(links) | Unlinked(links)) if links:
            yield tuple(map(hash_of, (subject, *(link.alias for link in links))))
        case Event(subject=subject, identity=Merge(into)):
            yield hash_of(subject), hash_of(into)
