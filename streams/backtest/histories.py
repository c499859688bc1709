"""Files of a history, by what they are: JSON Lines (plain, .gz, .zst), Parquet, records
out of topics.

Comes in: the name of a file. Goes out: its lines.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from streams.backtest.parquet import ParquetFile
from streams.backtest.records import SUFFIX, RecordFile
from streams.eventfiles.arrivals import Lines
from streams.eventfiles.lines import LineFile


class History(Lines, Protocol):
    def mentions(self, words: Sequence[bytes]) -> bool:
        """Whether any of these may stand in it; it is read by that, quicker than by lines."""

    def close(self) -> None: ...


def opened(name: str) -> History:
    """UsageError where it cannot be read."""
    path = Path(name)
    if path.suffix == SUFFIX:
        return RecordFile(path)
    return ParquetFile(path) if path.suffix == ".parquet" else LineFile(path)
