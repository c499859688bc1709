"""What we say on Kafka: changes, memberships and dead letters, as messages.

Comes in: changes, where a user stands, a record that cannot be used. Goes out: `Message` values for the outbox.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from aiokafka.structs import ConsumerRecord

from streams.core import changes
from streams.core.changes import Change
from streams.core.events import Reject
from streams.core.instants import format_time
from streams.settings import Settings
from streams.state.store import Message

SCHEMA: Final = 1
# What a dead letter keeps of a record.
KEPT_BYTES: Final = 64 << 10

JSON: Final = (("content-type", b"application/json"),)

Segments = dict[str, dict[str, object]]
_encode = msgspec.json.Encoder().encode


class Outputs:
    """Renders for one worker: its topics, its source name, what is live for it."""

    def __init__(self, settings: Settings):
        self._changes = settings.topic("segment-changes")
        self._memberships = settings.topic("segment-memberships")
        self.dead_letters = settings.topic("dead-letters")
        self._source = f"/segmenter/{settings.group}"
        self._live_within_ms = settings.live_within

    def change(self, change: Change, detected_at: int) -> Message:
        value = changes.to_json(change, detected_at, self._live_within_ms)
        return Message(self._changes, change.user.encode(), value, tuple(changes.headers(change, self._source)))

    def memberships(self, user: str, segments: Segments, updated_at: str, version: int) -> Message:
        """Where a user stands as of checkpoint `version`, for the compacted topic."""
        value = _encode(
            {
                "schema": SCHEMA,
                "kind": "user",
                "user_id": user,
                "segments": segments,
                "updated_at": updated_at,
                "version": version,
            }
        )
        return Message(self._memberships, user.encode(), value, JSON)

    def dead_letter(self, record: ConsumerRecord[bytes | None, bytes | None], reject: Reject) -> Message:
        raw = record.value or b""
        headers = [
            ("reason_code", reject.code.encode()),
            ("reason", reject.reason.encode()),
            ("topic", record.topic.encode()),
            ("partition", str(record.partition).encode()),
            ("offset", str(record.offset).encode()),
        ]
        if len(raw) > KEPT_BYTES:
            headers.append(("truncated", str(len(raw)).encode()))
        return Message(self.dead_letters, record.key or b"", raw[:KEPT_BYTES], tuple(headers))


def segments_of(standing: Mapping[str, tuple[int, int]]) -> Segments:
    """Where a user stands (segment -> since when, ordinal), as JSON has it."""
    return {name: {"since": format_time(since), "ordinal": ordinal} for name, (since, ordinal) in standing.items()}


def read_model(segments: Segments) -> bytes | None:
    """The same for those who read Redis; a user in no segment has no entry."""
    return _encode(segments) if segments else None
