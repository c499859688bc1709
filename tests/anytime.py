"""Input of any time: tests that count from 0 are easier to read."""

from typing import Final

from streams.core.instants import EARLIEST_MS
from streams.sources import InputOptions

ANY_TIME: Final = InputOptions(earliest_ms=EARLIEST_MS)
