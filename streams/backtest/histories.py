"""Files of a history, by what they are: JSON Lines (plain, .gz, .zst), Parquet, records
out of topics.

Comes in: the name of a file. Goes out: its lines, block by block.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from streams.backtest.blocks import Block, TextBlock
from streams.backtest.parquet import ParquetFile
from streams.backtest.records import SUFFIX, RecordFile
from streams.eventfiles.lines import LineFile


class History(Protocol):
    """A file. `name` is what the user called it; `position` and `size` are in bytes, as they are on disk."""

    @property
    def name(self) -> str: ...

    @property
    def position(self) -> int: ...

    @property
    def size(self) -> int: ...

    def read(self) -> Block | None:
        """The lines that can be had at once; None at the end."""

    def mentions(self, words: Sequence[bytes]) -> bool:
        """Whether any of these may stand in it; it is read by that, quicker than by lines."""

    def close(self) -> None: ...


class TextFile:
    """A file of lines, read block by block."""

    def __init__(self, path: Path):
        self._file = LineFile(path)
        self.name, self.size = self._file.name, self._file.size
        self.mentions, self.close = self._file.mentions, self._file.close

    @property
    def position(self) -> int:
        return self._file.position

    def read(self) -> Block | None:
        first, text = self._file.read_block()
        return TextBlock.of_lines(first, text) if text else None


def opened(name: str) -> History:
    """UsageError where it cannot be read."""
    path = Path(name)
    if path.suffix == SUFFIX:
        return RecordFile(path)
    return ParquetFile(path) if path.suffix == ".parquet" else TextFile(path)
