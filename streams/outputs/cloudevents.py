"""The headers of a change: CloudEvents 1.0 in Kafka's binary mode, and `ce_segment` beside them.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md

Comes in: a change. Goes out: its headers; and from headers what they say.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from streams.core.changes import Change
from streams.core.instants import format_time
from streams.kafka.message import Headers

CONTENT_TYPE: Final = ("content-type", b"application/json")


class CloudEvent(NamedTuple):
    """What the headers say; source is `/segmenter/<group>`, time when the change occurred."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    segment: str


def encode_headers(change: Change, change_id: str, source: str) -> Headers:
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", change_id.encode()),
        ("ce_source", source.encode()),
        ("ce_type", change.type.encode()),
        ("ce_subject", change.subject.encode()),
        ("ce_time", format_time(change.occurred_at).encode()),
        ("ce_segment", change.segment.encode()),
        CONTENT_TYPE,
    )


def decode_headers(headers: Iterable[tuple[str, bytes | None]]) -> CloudEvent:
    """KeyError: they are not those of a change."""
    said = {name: value.decode() for name, value in headers if value is not None}
    return CloudEvent(*(said[f"ce_{field}"] for field in CloudEvent._fields))
