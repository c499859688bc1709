"""Blocks of a history: lines that follow each other, and who each is about, as far as that is seen without decoding it.

Comes in: bytes, with where each line starts and ends. Goes out: the hashes of what is in the members `MEMBERS` of each
line (`streams.core.kernel.json_ids`), and the lines that are asked for.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol, Self

import numpy as np

from streams.core.arrays import Ints
from streams.core.kernel.json_ids import hashes_of_members

MEMBERS: Final = ("type", "userId", "anonymousId")
NEW_LINE: Final = ord("\n")


class Numbered(NamedTuple):
    """Lines, and the number of each in its file, counted from 1."""

    numbers: Sequence[int]
    lines: Sequence[bytes]


class Block(Protocol):
    """first: the number of its first line in the file."""

    @property
    def first(self) -> int: ...

    def __len__(self) -> int:
        """How many lines, with those that are blank."""

    def hashes(self) -> Ints:
        """A line of each of its lines, with a column of each of `MEMBERS`."""

    def at(self, places: Ints) -> Sequence[bytes]:
        """The lines at these places."""

    def all(self) -> Numbered:
        """All lines that are not blank."""


class TextBlock:
    """Lines that stand in one text: where each starts and ends."""

    def __init__(self, first: int, text: bytes, starts: Ints, ends: Ints):
        self.first, self._text, self._starts, self._ends = first, text, starts, ends

    @classmethod
    def of_lines(cls, first: int, text: bytes) -> Self:
        """Each is ended by a new line, but perhaps the last."""
        ends = np.flatnonzero(np.frombuffer(text, np.uint8) == NEW_LINE)
        ends = ends if text.endswith(b"\n") else np.append(ends, len(text))
        return cls(first, text, np.concatenate([[0], ends[:-1] + 1]), ends)

    @classmethod
    def of_texts(cls, first: int, texts: Sequence[bytes]) -> Self:
        ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
        return cls(first, b"".join(texts), np.concatenate([[0], ends[:-1]]), ends)

    def __len__(self) -> int:
        return len(self._ends)

    def hashes(self) -> Ints:
        return hashes_of_members(np.frombuffer(self._text, np.uint8), self._starts, self._ends, MEMBERS)

    def at(self, places: Ints) -> Sequence[bytes]:
        text, bounds = self._text, zip(self._starts[places].tolist(), self._ends[places].tolist(), strict=True)
        return [text[start:end] for start, end in bounds]

    def all(self) -> Numbered:
        return without_blanks(self.first, self.at(np.arange(len(self))))


def without_blanks(first: int, lines: Sequence[bytes]) -> Numbered:
    places = [place for place, line in enumerate(lines) if line and not line.isspace()]
    if len(places) == len(lines):
        return Numbered(range(first, first + len(lines)), lines)
    return Numbered([first + place for place in places], [lines[place] for place in places])
