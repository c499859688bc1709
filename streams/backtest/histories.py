"""Files of a history, by what they are: JSON Lines (plain, .gz, .zst), Parquet, records out of topics.

Comes in: the name of a file. Goes out: its lines, block by block; or its pieces, which lie one behind the other, so
that several processes can look through it at once.
"""

from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from streams.backtest.blocks import Block, TextBlock
from streams.backtest.parquet import ParquetFile
from streams.backtest.records import SUFFIX, RecordFile
from streams.eventfiles.decoded import File
from streams.eventfiles.lines import LineFile

PIECE_BYTES: Final = 4 << 20  # few of many are the last that all wait for
PACKED: Final = (".gz", ".zst")


class History(File, Protocol):
    """A file, read block by block."""

    def read(self) -> Block | None:
        """The lines that can be had at once; None at the end."""

    def close(self) -> None: ...


class Piece(NamedTuple):
    """Of a file, the piece with this number of so many that are about as large."""

    name: str
    number: int = 0
    of: int = 1


class TextFile:
    """A file of lines."""

    def __init__(self, path: Path, number: int = 0, of: int = 1):
        self._file = LineFile(path, number, of)
        self.name, self.size, self.close = self._file.name, self._file.size, self._file.close
        self._next_number = 1

    @property
    def position(self) -> int:
        return self._file.position

    def read(self) -> Block | None:
        text = self._file.read_text()
        if not text:
            return None
        block = TextBlock.of_lines(self._next_number, text)
        self._next_number += len(block)
        return block


def pieces(name: str) -> list[Piece]:
    """All that a file can be taken apart into: what is compressed as a whole is one. UsageError where it cannot be
    read."""
    with closing(opened(Piece(name))) as file:
        of = max(1, file.size // PIECE_BYTES)
        if isinstance(file, ParquetFile):
            of = min(of, max(1, file.groups))
        elif Path(name).suffix in (*PACKED, SUFFIX):
            of = 1
    return [Piece(name, number, of) for number in range(of)]


def opened(piece: Piece) -> History:
    """UsageError where it cannot be read."""
    path = Path(piece.name)
    if path.suffix == SUFFIX:
        return RecordFile(path)
    kind = ParquetFile if path.suffix == ".parquet" else TextFile
    return kind(path, piece.number, piece.of)
