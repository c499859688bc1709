"""Commands about profiles: for now, to erase one.

Comes in: one record of `profile-commands`, such as

    {"type": "erase", "userId": "u-1", "timestamp": "2026-11-28T09:00:00Z", "messageId": "erase-u-1"}

Goes out: an `Erasure`, or the `Reject` that says why the record cannot be used; None where the record has no value, by
which a compacted topic is told that a command is not needed any more.
"""

from typing import Final

import msgspec

from streams.core.engine.erasure import Erasure
from streams.core.events import Reject
from streams.core.instants import format_time
from streams.sources import records
from streams.sources.records import Time, Unusable


class Command(msgspec.Struct, rename="camel", gc=False):
    """Without `timestamp`, it is given when its record was written."""

    type: str | None = None
    message_id: str | None = None
    user_id: str | None = None
    timestamp: Time = None


_COMMAND: Final = msgspec.json.Decoder(Command)
_ENCODE: Final = msgspec.json.Encoder().encode


def decode(raw: bytes | None, key: bytes | None, record_ms: int | None) -> Erasure | Reject | None:
    if raw is None:
        return None
    try:
        body = records.read_body(_COMMAND, records.read_text(raw))
        if body.type != "erase":
            raise Unusable("unknown_type", "`type` is not erase")
        user = records.find_user(body.user_id, key)
        ts = records.event_time(records.read_time("timestamp", body.timestamp), record_ms)
        return Erasure(user, ts, body.message_id or None)
    except Unusable as unusable:
        return unusable.reject


def encode(erasure: Erasure) -> bytes:
    """The value of a record that `decode` reads."""
    return _ENCODE(
        {
            "type": "erase",
            "messageId": erasure.message_id,
            "userId": erasure.subject,
            "timestamp": format_time(erasure.ts),
        }
    )
