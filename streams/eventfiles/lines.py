"""JSON Lines files, plain or gzipped, or `-` for what is piped in.

Comes in: a path. Goes out: numbered lines as bytes, chunk by chunk, so that a file may be of any size.
"""

import codecs
import gzip
import os
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from streams.errors import UsageError

CHUNK_BYTES = 1 << 20
STDIN = "-"


class Readable(Protocol):
    """What a plain file, a gzipped one and a pipe have in common: what can be had at once, nothing at the end."""

    def read1(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines that follow each other: `first` is the number of the first, counted from 1."""

    first: int
    lines: list[bytes]

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Number and text of each line; blank lines are nobody's record and are passed over."""
        return ((number, line) for number, line in enumerate(self.lines, self.first) if line and not line.isspace())


class LineFile:
    """One file, read from its beginning. `name` is what the user called it; `size`, in bytes, is 0 of a pipe."""

    def __init__(self, path: Path):
        self._piped = str(path) == STDIN
        self.name = "stdin" if self._piped else str(path)
        self._file = sys.stdin.buffer if self._piped else _open(path)
        self.size = 0 if self._piped else os.fstat(self._file.fileno()).st_size
        self._text = cast(Readable, gzip.GzipFile(fileobj=self._file) if path.suffix == ".gz" else self._file)
        self._rest = b""
        self._next_number = 1

    @property
    def position(self) -> int:
        """How many bytes of it have been read, as they are on disk."""
        return 0 if self._piped else self._file.tell()

    def read(self) -> Chunk:
        """The lines that can be had at once, at least one; no lines at the end."""
        lines: list[bytes] = []
        while not lines and (block := self._block()):
            *lines, self._rest = (self._rest + block).split(b"\n")
        if not lines and self._rest:
            lines, self._rest = [self._rest], b""
        first, self._next_number = self._next_number, self._next_number + len(lines)
        return Chunk(first, lines)

    def close(self) -> None:
        if not self._piped:
            self._file.close()

    def _block(self) -> bytes:
        try:
            block = self._text.read1(CHUNK_BYTES)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise UsageError(f"{self.name} is no whole gzip file: {error}") from error
        return block.removeprefix(codecs.BOM_UTF8) if self._next_number == 1 and not self._rest else block


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
