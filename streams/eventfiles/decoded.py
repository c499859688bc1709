"""A file as what its lines mean.

Comes in: a file of lines, and how a line is decoded. Goes out: what was read at one go, decoded.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from streams.core.events import Decoded
from streams.eventfiles.lines import Chunk


class Arrived(NamedTuple):
    """What was read of a file at one go, a line each: its number, what it means, and the line itself. next_number: of
    the first line that has not been read."""

    numbers: Sequence[int]
    decoded: Sequence[Decoded]
    lines: Sequence[bytes]
    next_number: int


class File(Protocol):
    """`name` is what the user called it; `size` is in bytes, as they are on disk, and 0 of a pipe."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def position(self) -> int:
        """How many bytes of it have been read."""


class Source(File, Protocol):
    """A file as what its lines mean."""

    def read(self) -> Arrived | None:
        """What can be had at once; None at the end."""


class LineDecoder(Protocol):
    """What lines of a file mean."""

    def decode_lines(self, lines: Sequence[bytes]) -> Sequence[Decoded]:
        """Of each."""


class Lines(File, Protocol):
    """A file of lines."""

    def read(self) -> Chunk:
        """The lines that can be had at once, at least one; no lines at the end."""


class DecodedLines:
    """All lines of a file, but for those that are blank."""

    def __init__(self, file: Lines, decoder: LineDecoder):
        self._file, self._decoder = file, decoder
        self.name, self.size = file.name, file.size

    @property
    def position(self) -> int:
        return self._file.position

    def read(self) -> Arrived | None:
        chunk = self._file.read()
        if not chunk.lines:
            return None
        numbers, lines = [], []
        for number, line in chunk:
            numbers.append(number)
            lines.append(line)
        return Arrived(numbers, self._decoder.decode_lines(lines), lines, chunk.first + len(chunk.lines))
