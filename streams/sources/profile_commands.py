"""Commands about profiles: to erase one, or to make two of them one.

Comes in: one record of `profile-commands`, such as

    {"type": "erase", "userId": "u-1", "timestamp": "2026-11-28T09:00:00Z", "messageId": "erase-u-1"}
    {"type": "merge", "userId": "u-2", "into": "u-1", "timestamp": "2026-11-28T09:00:00Z", "messageId": "merge-u-2"}

Workers themselves write down, for a lost state to be made anew by, whom they erased because somebody else was, with
`of` where it is that user's alias alone; and which merges they have done, with what stood before each in their inputs:

    {"type": "merged", "userId": "u-2", "into": "u-1", .., "since": {"product-events/3": 471, ..}}

Goes out: an `Erasure`, a `Noted`, or an `Event` whose identity is a `Merge`, or the `Reject` that says why the record
cannot be used; None where the record has no value, by which a topic that is compacted all the same is told that a
command is not needed any more.
"""

from typing import Final

import msgspec

from streams.core.engine.erasure import Erasure
from streams.core.events import Event, Reject
from streams.core.instants import format_time
from streams.core.merges import Merge, Noted
from streams.sources import records
from streams.sources.records import MAX_ID_CHARACTERS, Time, Unusable

TYPES: Final = ("erase", "merge", "merged")


class Command(msgspec.Struct, rename="camel", gc=False):
    """Without `timestamp`, it is given when its record was written."""

    type: str | None = None
    message_id: str | None = None
    user_id: str | None = None
    into: str | None = None
    of: str | None = None
    since: dict[str, int] | None = None
    erased: Time = None
    timestamp: Time = None


_COMMAND: Final = msgspec.json.Decoder(Command)
_ENCODE: Final = msgspec.json.Encoder().encode


def decode(raw: bytes | None, key: bytes | None, record_ms: int | None) -> Erasure | Noted | Event | Reject | None:
    if raw is None:
        return None
    try:
        body = records.read_body(_COMMAND, records.read_text(raw))
        if body.type not in TYPES:
            raise Unusable("unknown_type", "`type` is neither erase nor merge")
        user = records.find_user(body.user_id, key)
        ts = records.event_time(records.read_time("timestamp", body.timestamp), record_ms)
        if body.type == "erase":
            return Erasure(user, ts, body.message_id or None, body.of)
        if body.type == "merged":
            erased_ms = records.read_time("erased", body.erased)
            return Noted(user, _into(body), ts, body.message_id or None, body.since or {}, erased_ms)
        return merge(user, _into(body), ts, body.message_id or None, record_ms or 0)
    except Unusable as unusable:
        return unusable.reject


def merge(gone: str, into: str, ts: int, message_id: str | None, written_ms: int = 0) -> Event:
    """The command that one user is another from then on. written_ms: as `Merge` has it."""
    return Event(gone, ts, "", False, message_id, {}, {}, identity=Merge(into, written_ms))


def encode(command: Erasure | Noted | Event) -> bytes:
    """The value of a record that `decode` reads."""
    told: dict[str, object] = {"userId": command.subject}
    match command:
        case Erasure(of=of):
            told = {"type": "erase", **told} | ({} if of is None else {"of": of})
        case Noted(into=into, since=since, erased_ms=erased_ms):
            told = {"type": "merged", **told, "into": into, "since": since}
            told |= {} if erased_ms is None else {"erased": format_time(erased_ms)}
        case Event(identity=Merge(into)):
            told = {"type": "merge", **told, "into": into}
    return _ENCODE({**told, "messageId": command.message_id, "timestamp": format_time(command.ts)})


def _into(body: Command) -> str:
    if body.into is None:
        raise Unusable("no_user", "there is no `into`, the user who stays")
    if not 1 <= len(body.into) <= MAX_ID_CHARACTERS:
        raise Unusable("no_user", f"`into` has 1 to {MAX_ID_CHARACTERS} characters, this one {len(body.into)}")
    return body.into
