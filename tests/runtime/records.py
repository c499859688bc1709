"""A record as a fetch brings it, which says of which partition."""

from collections.abc import Sequence
from typing import NamedTuple


class Read(NamedTuple):
    """`timestamp` in ms, None where it has none."""

    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()
