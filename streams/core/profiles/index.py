"""Which row is whose: an index from subject ids to rows, and back.

Comes in: subject ids. Goes out: row numbers, counted from 0; the row of a removed subject is given to the next new one.

Compiled (`streams.core.kernel.hash_table`): a look-up in Python's own dict of 100,000 ids costs 0.4 microseconds, most
of which is waiting for memory; one here 0.07, and an id takes less than half of the memory.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.core.arrays import Ints
from streams.core.kernel import hash_table
from streams.core.kernel.hash_table import FREE, LENGTH, LINE, ROW, TAG

Bytes = npt.NDArray[np.uint8]
Int32s = npt.NDArray[np.int32]

FIRST_SLOTS = 16  # always a power of two
FULLEST = 0.75  # of the slots; with more of them filled, the ways to a free one become long
GROWTH = 1 + 1 / 8  # of the room for rows and ids
MOVED_AT_ONCE = 1 << 14  # hash_table, which the processor's cache holds


class _Ids(NamedTuple):
    """Ids one after another in UTF-8, where each ends, its tag and its row."""

    bytes: Bytes
    ends: Ints
    tags: Ints
    rows: Ints


class Index:
    """The subjects of one shard, each with a row."""

    def __init__(self) -> None:
        self._slots = _empty_slots(FIRST_SLOTS)
        self._places: Int32s = np.zeros((1, 2), np.int32)
        self._arena: Bytes = np.zeros((1, LINE), np.uint8)
        self._next_line = 0
        self._count = 0
        self._freed: list[int] = []

    def __len__(self) -> int:
        """How many rows there are, with those that are nobody's any more."""
        return self._count

    @property
    def subjects(self) -> int:
        """How many subjects there are."""
        return self._count - len(self._freed)

    def rows(self, subjects: Sequence[str]) -> Ints:
        """The row of each subject; one never seen, or removed since, gets a new one."""
        ids = self._look_up(subjects)
        if (ids.rows == FREE).any():
            self._add(ids)
        return ids.rows

    def find(self, subject: str) -> int | None:
        """The row of a subject, if there is one."""
        row = int(self.find_all([subject])[0])
        return None if row == FREE else row

    def find_all(self, subjects: Sequence[str]) -> Ints:
        """The row of each subject, -1 where there is none."""
        return self._look_up(subjects).rows

    def remove(self, subject: str) -> int | None:
        """Forget a subject, and overwrite the id; returns the row that was hers, free from now on."""
        ids = self._look_up([subject])
        row = int(ids.rows[0])
        if row == FREE:
            return None
        hash_table.unsettle(self._slots, int(ids.tags[0]), row)
        start, length = self._places[row].tolist()
        self._arena[start : start + _lines(length)] = 0
        self._places[row, LENGTH] = FREE
        self._freed.append(row)
        return row

    def subjects_of(self, rows: Ints) -> list[str]:
        """Whose rows they are; each must be somebody's."""
        lines, lengths = self._places[rows].T.astype(np.int64)
        ends = np.cumsum(lengths)
        # Of each byte its place in the arena: where its id begins there, not here, and how far it is from there.
        places = np.repeat(LINE * lines - (ends - lengths), lengths) + np.arange(lengths.sum())
        return decoded(self._arena.reshape(-1)[places].tobytes(), ends)

    def taken(self) -> Ints:
        """The rows that are somebody's."""
        return np.flatnonzero(self._places[: self._count, LENGTH] != FREE)

    def _look_up(self, subjects: Sequence[str]) -> _Ids:
        count = len(subjects)
        ids = _Ids(*encoded(subjects), np.empty(count, np.int64), np.empty(count, np.int64))
        hash_table.find(self._slots, self._places, self._arena, *ids)
        return ids

    def _add(self, ids: _Ids) -> None:
        """Give each id without a row one."""
        new = ids.rows == FREE
        lengths = np.diff(ids.ends, prepend=0)[new]
        self._make_room(len(lengths), int(_lines(lengths).sum()))
        free = np.array([*self._freed, *range(self._count, self._count + len(lengths))])
        used, self._next_line = hash_table.put(self._slots, self._places, self._arena, *ids, free, self._next_line)
        self._count += max(0, used - len(self._freed))
        self._freed = self._freed[used:]

    def _make_room(self, rows: int, lines: int) -> None:
        """For so many more rows, and lines of their ids."""
        rows += self._count
        _lengthen(self._places, rows)
        _lengthen(self._arena, self._next_line + lines)
        count = len(self._slots)
        while rows > FULLEST * count:
            count *= 2
        if count > len(self._slots):
            old, self._slots = self._slots, _empty_slots(count)
            for start in range(0, len(old), MOVED_AT_ONCE):
                part = old[start : start + MOVED_AT_ONCE]
                filled = part[part[:, ROW] != FREE]
                hash_table.settle(self._slots, filled[:, TAG].astype(np.int64), filled[:, ROW].astype(np.int64))


def _lines(length: Any) -> Any:
    return -(-length // LINE)


def _empty_slots(count: int) -> Int32s:
    return np.full((count, 2), FREE, np.int32)


def _lengthen(array: npt.NDArray[Any], length: int) -> None:
    """Make it at least so long. It grows where it is, so that there never are two; nobody else may look at it."""
    if length > len(array):
        array.resize((max(length, int(GROWTH * len(array))), array.shape[1]), refcheck=False)


def decoded(raw: bytes, ends: Ints) -> list[str]:
    """Ids that stand one after another in UTF-8, and end there."""
    text, places = raw.decode(), pairwise([0, *ends.tolist()])
    if len(raw) > len(text):
        return [raw[start:end].decode() for start, end in places]
    return [text[start:end] for start, end in places]


def encoded(subjects: Sequence[str]) -> tuple[Bytes, Ints]:
    """Ids one after another in UTF-8, and where each ends."""
    text = "".join(subjects)
    raw, lengths = text.encode(), map(len, subjects)
    if len(raw) > len(text):
        lengths = map(len, map(str.encode, subjects))
    return np.frombuffer(raw, np.uint8), np.cumsum(np.fromiter(lengths, np.int64, len(subjects)))
