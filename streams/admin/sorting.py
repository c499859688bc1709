"""More than memory should hold, put in order: sorted piece by piece into a file that nobody else sees, and merged.

Comes in: entries, as many as there are, in any order, some of them more than once. Goes out: each once, in order. In
memory are `AT_ONCE` of them, and of each piece the next few.
"""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import groupby
from tempfile import TemporaryFile
from typing import BinaryIO, Final, Self

import msgspec

AT_ONCE: Final = 20_000
READ_BYTES: Final = 8 << 10

Entry = tuple[str, int]


class Sorter:
    """Of names with a number each, by name. Use it as a block: at its end the file is gone."""

    def __init__(self, at_once: int = AT_ONCE):
        self._at_once = at_once
        self._held: set[Entry] = set()
        self._pieces: list[tuple[int, int]] = []  # from where to where in the file

    def __enter__(self) -> Self:
        self._file: BinaryIO = TemporaryFile()
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, entries: Iterable[Entry]) -> None:
        self._held.update(entries)
        if len(self._held) >= self._at_once:
            self._put_down()

    def in_order(self) -> Iterator[Entry]:
        """Once all were added."""
        pieces = [self._read(start, end) for start, end in self._pieces]
        return (entry for entry, _ in groupby(merge(*pieces, sorted(self._held))))

    def _put_down(self) -> None:
        start = self._file.tell()
        self._file.write(b"".join(msgspec.json.encode(entry) + b"\n" for entry in sorted(self._held)))
        self._pieces.append((start, self._file.tell()))
        self._held.clear()

    def _read(self, place: int, end: int) -> Iterator[Entry]:
        """All pieces are read by turns: each knows where it is."""
        rest = b""
        while place < end:
            self._file.seek(place)
            some = self._file.read(min(READ_BYTES, end - place))
            place += len(some)
            *lines, rest = (rest + some).split(b"\n")
            yield from (msgspec.json.decode(line, type=Entry) for line in lines)
