"""A record as a fetch brings it, for tests of decoders."""

from typing import NamedTuple


class Fetched(NamedTuple):
    """A record as a fetch brings it."""

    value: bytes | None
    key: bytes | None = b"k"
    timestamp: int = 1_772_366_400_000  # 2026-03-01T12:00:00.000Z
