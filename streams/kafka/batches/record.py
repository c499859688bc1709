"""A record as a fetch brings it, and what of a fetch cannot be read.

Comes in: what the other files of this package found. Goes out: the same, as values.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

SEND_AGAIN: Final = "send its records again"


class Record(Protocol):
    """As much as is read of one. `timestamp` in ms, None where it has none."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int | None: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class PlainRecord(NamedTuple):
    """One that was read the slow way."""

    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


class Unreadable(NamedTuple):
    """A record, or a batch, that cannot be read. offset: of the first record that it had, or that was expected.

    value: the record's, or all bytes of the batch. reason: what is wrong, and what to do; never the value.
    """

    offset: int
    key: bytes | None
    value: bytes | None
    reason: str


class Damaged(ValueError):
    """Ends the reading of a batch; its text is the reason. It never leaves this package."""
