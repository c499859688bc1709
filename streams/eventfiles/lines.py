"""JSON Lines files, plain, .gz or .zst, or `-` for what is piped in.

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

CHUNK_BYTES = 1 << 20  # much more would leave the cache of the processor before it is decoded
PACKED_BYTES = 1 << 15  # which may be a hundred times as much, unpacked
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

    def __init__(self, path: Path, number: int = 0, of: int = 1):
        """number, of: read but this piece of a plain file, of so many that are about as large."""
        self._piped = str(path) == STDIN
        self.name = "stdin" if self._piped else str(path)
        self._file = sys.stdin.buffer if self._piped else _open(path)
        self.size = 0 if self._piped else os.fstat(self._file.fileno()).st_size
        if of == 1:
            self._text = _unpacked(self._file, path.suffix)
        else:
            self._text = _Stretch(self._file, self.size * number // of, self.size * (number + 1) // of)
        self._is_at_start = number == 0
        self._rest = b""
        self._next_number = 1

    @property
    def position(self) -> int:
        """How many bytes of it have been read, as they are on disk."""
        return 0 if self._piped else self._file.tell()

    def read(self) -> Chunk:
        """The lines that can be had at once, at least one; no lines at the end."""
        lines = self.read_text().split(b"\n")
        if not lines[-1]:
            del lines[-1]
        first, self._next_number = self._next_number, self._next_number + len(lines)
        return Chunk(first, lines)

    def read_text(self) -> bytes:
        """The same as they stand in the file, with what ends them; no text at the end."""
        while block := self._block():
            end = block.rfind(b"\n") + 1
            if end:
                # One copy: each more of this size would cost as much as reading it.
                text = b"".join((self._rest, memoryview(block)[:end]))
                self._rest = block[end:]
                return text
            self._rest += block
        text, self._rest = self._rest, b""
        return text

    def close(self) -> None:
        if not self._piped:
            self._file.close()

    def _block(self) -> bytes:
        block = self._unpacked_block()
        is_first, self._is_at_start = self._is_at_start, False
        return block.removeprefix(codecs.BOM_UTF8) if is_first else block

    def _unpacked_block(self) -> bytes:
        try:
            return self._text.read1(CHUNK_BYTES)
        except (EOFError, gzip.BadGzipFile, zlib.error, CutOff) as error:
            kind = "zst" if isinstance(error, CutOff) else "gzip"
            raise UsageError(f"{self.name} is no whole {kind} file: {error}") from error


class _Stretch:
    """The lines of a plain file that begin between two places."""

    def __init__(self, file: BinaryIO, begin: int, end: int):
        self._end = _next_line(file, end)
        self._at = _next_line(file, begin)
        self._file = file

    def read1(self, size: int, /) -> bytes:
        block = self._file.read(min(size, self._end - self._at))
        self._at += len(block)
        return block


def _next_line(file: BinaryIO, place: int) -> int:
    """Where the first line begins that does not begin before `place`; the file stands there then."""
    file.seek(max(place - 1, 0))
    if place > 0:
        file.readline()
    return file.tell()


class CutOff(ValueError):
    """A .zst file that ends before its last frame does, or is none."""


class _Zst:
    """A .zst file, frame after frame, as `zstd` and whoever appends to such a file write it."""

    def __init__(self, file: BinaryIO):
        import zstandard  # noqa: PLC0415 - few files are .zst

        self._file, self._fault = file, zstandard.ZstdError
        self._new_frame = zstandard.ZstdDecompressor().decompressobj
        self._frame, self._packed, self._is_within = self._new_frame(), b"", False

    def read1(self, _: int, /) -> bytes:
        while self._packed or (packed := self._file.read(PACKED_BYTES)):
            packed, self._packed = self._packed or packed, b""
            try:
                block = self._frame.decompress(packed)
            except self._fault as error:
                raise CutOff(str(error)) from error
            self._is_within = not self._frame.eof
            if self._frame.eof:
                self._packed, self._frame = self._frame.unused_data, self._new_frame()
            if block:
                return block
        if self._is_within:
            raise CutOff("it ends within a frame")
        return b""


def _unpacked(file: BinaryIO, suffix: str) -> Readable:
    if suffix == ".zst":
        return _Zst(file)
    return cast(Readable, gzip.GzipFile(fileobj=file) if suffix == ".gz" else file)


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
