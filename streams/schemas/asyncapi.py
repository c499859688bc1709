"""The topics as an AsyncAPI document: what is on each, under which key, with which headers, and how Kafka keeps it.

Comes in: the table of topics, and headers as they are written. Goes out: the document, which refers to the files of the
schemas. (https://www.asyncapi.com/docs/reference/specification/v3.0.0)
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from streams.core.events import Reject
from streams.core.subjects import KINDS
from streams.kafka.message import Headers
from streams.outputs.change import SCHEMA
from streams.outputs.cloudevents import CONTENT_TYPE, encode_headers
from streams.outputs.dead_letter import KEPT_BYTES, DeadLetter, encode_dead_letter
from streams.schemas.change import EXAMPLE
from streams.schemas.structs import Json, name_of, said
from streams.sources.records import MAX_RECORD_BYTES
from streams.topics import (
    BILLING_UPDATES,
    DEAD_LETTERS,
    DELIVERIES,
    DELIVERY_COMMANDS,
    PRODUCT_EVENTS,
    PROFILE_COMMANDS,
    READ_BY_WORKERS,
    REROUTED_EVENTS,
    SEGMENT_CHANGES,
    SEGMENT_MESSAGES,
    TOPICS,
    Topic,
)

FOLDER: Final = "schemas"
BINDING: Final = "0.5.0"
DRAFT: Final = "application/schema+json;version=draft-07"
INTRODUCTION: Final = (
    "Product events and billing updates go in; changes of segments, where users stand, and what is sent to them come"
    " out. To receive and to send are said of workers and of whoever delivers. A record is one JSON object of at most"
    f" {MAX_RECORD_BYTES >> 20} MiB. All topics but the dead letters, the deliveries and the messages have equally many"
    " partitions, and all of a user is in one partition of each: the one with the number (murmur2(user id as UTF-8) &"
    " 0x7fffffff) % partitions. The names are those without a prefix, which a setting may put before them."
)


class Described(NamedTuple):
    """A sort of record. payload: the name of its schema; else nothing is said of it. headers: as one is written."""

    name: str
    summary: str
    payload: str | None = None
    headers: Headers = ()
    is_json: bool = True


_CHANGE_HEADERS: Final = encode_headers(EXAMPLE, EXAMPLE.id, "/segmenter/segmenter")
_LONG: Final = DeadLetter(Reject("too_large", "it is"), PRODUCT_EVENTS.name, 0, 0, b" " * (KEPT_BYTES + 1))

RECORDS: Final[Mapping[Topic, Sequence[Described]]] = {
    PRODUCT_EVENTS: [Described("productEvent", "What a user did, or what is known of a user.", "product-event")],
    BILLING_UPDATES: [
        Described("billingUpdate", "What became of a subscription or a payment, in the plain form.", "billing-update"),
        Described("stripeEvent", "The same as Stripe sends it to a webhook: https://docs.stripe.com/api/events."),
    ],
    REROUTED_EVENTS: [Described("reroutedEvent", "A record of another topic as it was there, for its own shard.")],
    PROFILE_COMMANDS: [Described("profileCommand", "A user is to be erased, or to be another.", "profile-command")],
    SEGMENT_CHANGES: [
        Described(
            f"{kind.name}Change",
            f"A {kind.name} entered or left a segment, or came to another level.",
            name_of("change", kind),
            _CHANGE_HEADERS,
        )
        for kind in KINDS
    ],
    **{
        topic: [
            Described(
                f"{kind.name}Membership",
                f"Where a {kind.name} stands. Without a value: the {kind.name} was erased.",
                name_of("membership", kind),
                (CONTENT_TYPE,),
            )
        ]
        for kind in KINDS
        for topic in TOPICS
        if topic.name == kind.memberships
    },
    DELIVERY_COMMANDS: [Described("deliveryCommand", "A message is to go to somebody who is in its segment already.")],
    DELIVERIES: [Described("delivery", "What was decided about a message and a user, and why.", "delivery")],
    SEGMENT_MESSAGES: [Described("segmentMessage", "A message to somebody, for whoever brings it there.", "message")],
    DEAD_LETTERS: [
        Described(
            "deadLetter",
            f"A record that cannot be used: its first {KEPT_BYTES >> 10} KiB as they came, and why.",
            headers=encode_dead_letter(_LONG)[1],
            is_json=False,
        )
    ],
}
HEADERS: Final[Mapping[str, Json]] = {
    "ce_specversion": said("Of CloudEvents, whose headers these are, in Kafka's binary mode."),
    "ce_id": said("The change's id."),
    "ce_source": said("/segmenter/ and the group of the workers."),
    "ce_type": said("The change's type."),
    "ce_subject": said("Whose change it is."),
    "ce_time": said("When it occurred."),
    "ce_segment": said("The segment: who cares for few can skip the rest without parsing the value."),
    "content-type": said("Of the value."),
    "reason_code": said("Why the record cannot be used, to count by."),
    "reason": said("The same for a person. It names field and type, and never the value."),
    "topic": said("Where the record stood."),
    "partition": said("Where the record stood."),
    "offset": said("Where the record stood."),
    "truncated": said("How many bytes the record had, where it had more than are kept."),
}
OPTIONAL: Final = ("truncated",)


def document() -> Json:
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Streaming segmenter", "version": str(SCHEMA), "description": INTRODUCTION},
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": dict(map(_operation, TOPICS)),
        "components": {"messages": {each.name: _message(topic, each) for topic in TOPICS for each in RECORDS[topic]}},
    }


def _channel(topic: Topic) -> Json:
    configuration: Json = {"cleanup.policy": [topic.cleanup]}
    if topic.max_bytes is not None:
        configuration["max.message.bytes"] = topic.max_bytes
    if topic.retention_ms is not None:
        configuration["retention.ms"] = topic.retention_ms
    return {
        "address": topic.name,
        "summary": f"The topic of {topic.of}." + (" Workers alone write and read it." if topic.is_internal else ""),
        "messages": {each.name: {"$ref": f"#/components/messages/{each.name}"} for each in RECORDS[topic]},
        "bindings": {"kafka": {"topicConfiguration": configuration, "bindingVersion": BINDING}},
    }


def _operation(topic: Topic) -> tuple[str, Json]:
    action = "receive" if topic in (*READ_BY_WORKERS, DELIVERY_COMMANDS) else "send"
    return f"{action}-{topic.name}", {"action": action, "channel": {"$ref": f"#/channels/{topic.name}"}}


def _message(topic: Topic, record: Described) -> Json:
    made: Json = {
        "name": record.name,
        "summary": record.summary,
        "contentType": "application/json" if record.is_json else "application/octet-stream",
    }
    if record.headers:
        names = [name for name, _ in record.headers]
        made["headers"] = {
            "type": "object",
            "properties": {name: {"type": "string", **HEADERS[name]} for name in names},
            "required": [name for name in names if name not in OPTIONAL],
        }
    if record.payload is not None:
        made["payload"] = {"schemaFormat": DRAFT, "schema": {"$ref": f"./{FOLDER}/{record.payload}.json"}}
    made["bindings"] = {"kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": BINDING}}
    return made
