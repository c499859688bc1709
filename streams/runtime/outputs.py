"""What we say on Kafka: changes, memberships and dead letters, as messages.

Comes in: changes, where a user stands, a record that cannot be used. Goes out: `Message` values for the outbox.
"""

from typing import Final

import msgspec
from faust.types import TP

from streams.core import changes
from streams.core.changes import Change
from streams.core.engine.decoding import Memberships
from streams.core.events import Reject
from streams.core.instants import format_time
from streams.core.subjects import USER
from streams.kafka.message import Message
from streams.runtime.fetching import NumberedRecord
from streams.settings import Settings
from streams.topics import DEAD_LETTERS, SEGMENT_CHANGES

SCHEMA: Final = 1
# What a dead letter keeps of a record.
KEPT_BYTES: Final = 64 << 10

NOWHERE: Final = b"{}"
JSON: Final = (("content-type", b"application/json"),)

_encode = msgspec.json.Encoder().encode


class _Standing(msgspec.Struct, gc=False):
    since: str
    ordinal: int


class _Wire(msgspec.Struct, gc=False):
    schema: int
    kind: str
    user_id: str
    segments: msgspec.Raw
    updated_at: str
    version: int


class Outputs:
    """Renders for one worker: its topics, its source name, what is live for it."""

    def __init__(self, settings: Settings):
        self._changes = settings.topic(SEGMENT_CHANGES.name)
        self._memberships = settings.topic(USER.memberships)
        self.dead_letters = settings.topic(DEAD_LETTERS.name)
        self._source = f"/segmenter/{settings.group}"
        self._live_within_ms = settings.live_within

    def change(self, change: Change, detected_at: int) -> Message:
        value, headers = changes.to_message(change, self._source, detected_at, self._live_within_ms)
        return Message(self._changes, change.subject.encode(), value, headers)

    def memberships(self, user: str, segments: bytes, updated_at: str, version: int) -> Message:
        """Where a user stands (`segments_of`) as of checkpoint `version`, for the compacted topic."""
        value = _encode(_Wire(SCHEMA, "user", user, msgspec.Raw(segments), updated_at, version))
        return Message(self._memberships, user.encode(), value, JSON)

    def tombstone(self, user: str) -> Message:
        """Of an erased user the compacted topic is to keep nothing."""
        return Message(self._memberships, user.encode(), None)

    def dead_letter(self, tp: TP, record: NumberedRecord, reject: Reject) -> Message:
        """A record read from `tp`."""
        raw = record.value or b""
        headers = [
            ("reason_code", reject.code.encode()),
            ("reason", reject.reason.encode()),
            ("topic", tp.topic.encode()),
            ("partition", str(tp.partition).encode()),
            ("offset", str(record.offset).encode()),
        ]
        if len(raw) > KEPT_BYTES:
            headers.append(("truncated", str(len(raw)).encode()))
        return Message(self.dead_letters, record.key or b"", raw[:KEPT_BYTES], tuple(headers))


def segments_of(memberships: Memberships) -> bytes:
    """Where a user stands, as JSON has it."""
    standing = memberships.items()
    return _encode({segment: _Standing(format_time(since), ordinal) for segment, (since, ordinal) in standing})


def read_model(segments: bytes) -> bytes | None:
    """The same for those who read Redis; a user in no segment has no entry."""
    return None if segments == NOWHERE else segments
