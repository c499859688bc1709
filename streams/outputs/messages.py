"""What we say on Kafka, as messages of one worker.

Comes in: changes, where a subject stands, a record that cannot be used. Goes out: `Message` values, to be published.
"""

from streams.core.changes import Change
from streams.core.subjects import KINDS, USER, SubjectKind
from streams.kafka.message import Message
from streams.outputs.change import encode_identified
from streams.outputs.cloudevents import CONTENT_TYPE, encode_headers
from streams.outputs.dead_letter import KEPT_BYTES, DeadLetter, encode_dead_letter
from streams.outputs.membership import encode_membership
from streams.settings import Settings
from streams.topics import DEAD_LETTERS, SEGMENT_CHANGES


class Outputs:
    """Knows the worker's topics, its source name, and what is live for it."""

    def __init__(self, settings: Settings):
        self._changes = settings.topic(SEGMENT_CHANGES.name)
        self._memberships = {kind.name: settings.topic(kind.memberships) for kind in KINDS}
        self._dead_letters = settings.topic(DEAD_LETTERS.name)
        self.source = f"/segmenter/{settings.group}"
        self._live_within_ms = settings.live_within

    def change(self, change: Change, detected_at: int) -> Message:
        change_id = change.id
        value = encode_identified(change, change_id, detected_at, self._live_within_ms)
        headers = encode_headers(change, change_id, self.source)
        return Message(self._changes, change.subject.encode(), value, headers)

    def memberships(
        self, subject: str, segments: bytes, updated_at: str, version: int, kind: SubjectKind = USER
    ) -> Message:
        """Where a subject stands (`encode_segments`) as of checkpoint `version`, for the compacted topic."""
        value = encode_membership(kind, subject, segments, updated_at, version)
        return Message(self._memberships[kind.name], subject.encode(), value, (CONTENT_TYPE,))

    def tombstone(self, subject: str, kind: SubjectKind = USER) -> Message:
        """Of an erased subject the compacted topic is to keep nothing."""
        return Message(self._memberships[kind.name], subject.encode(), None)

    def dead_letter(self, letter: DeadLetter, key: bytes | None) -> Message:
        value, headers = encode_dead_letter(letter)
        return Message(self._dead_letters, (key or b"")[:KEPT_BYTES], value, headers)
