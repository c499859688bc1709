"""A user's timeline: the newest changes, as they are kept beside the profile.

Comes in: a `Change`. Goes out: MessagePack without names, half of what JSON takes; and the other way round. What the
change carried of traits is not in it, nor what can be told from it (its id). Fields are only added, at the end.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from streams.core.changes import Change

SHORT: Final = 512
"""Of a value that is longer, as a text that a rule compares may be, only so many characters are kept."""


class KeptReason(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """As `Reason`."""

    condition: str
    value: Any
    was: bool
    now: bool


class TimelineEntry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """As `Change`; occurred_at in ms. Values of private traits are masked, as in the change."""

    occurred_at: int
    rule: str
    type: str
    segment: str
    previous: str | None
    cause: str
    event_id: str | None
    ordinal: int
    because: Sequence[KeptReason]
    merged_into: str | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(TimelineEntry).decode


def encode_entry(change: Change) -> bytes:
    return _encode(
        TimelineEntry(
            change.occurred_at,
            change.rule,
            change.type,
            change.segment,
            change.previous,
            change.cause,
            change.event_id,
            change.ordinal,
            [KeptReason(each.condition, _short(each.value), each.was, each.now) for each in change.because],
            change.merged_into,
        )
    )


def _short(value: Any) -> Any:
    return value[:SHORT] if isinstance(value, str) else value


def decode_entry(raw: bytes) -> TimelineEntry:
    return _decode(raw)
