"""What was decided about a message and a user, and a message that is sent by way of Kafka, as they are published.

Comes in: a `Decision` and whose it is. Goes out: JSON of schema 1, in which fields are only ever added; and of a
decision the other way round.
"""

from collections.abc import Mapping
from typing import Annotated, Final, get_args

import msgspec
from msgspec import Meta

from streams.core.instants import format_time
from streams.delivery.decision import Channel, Decision, Verdict
from streams.delivery.feed import Action

SCHEMA: Final = 1


class DeliveryRecord(msgspec.Struct, kw_only=True, gc=False):
    """A decision: why a user did or did not get a message.

    id: the message's to this user; or of a change that goes to an endpoint, the change's. message: None of such a
    change. endpoint: of webhooks.
    """

    schema: int
    id: str
    user_id: str
    message: str | None
    variant: str | None
    channel: Annotated[str, Meta(extra_json_schema={"enum": list(get_args(Channel))})]
    endpoint: str | None
    decision: Annotated[str, Meta(extra_json_schema={"enum": list(get_args(Verdict))})]
    reason: str
    attempt: int
    change_id: str
    at: str


class MessageRecord(msgspec.Struct, kw_only=True, gc=False):
    """A message to somebody, for whoever brings it there."""

    schema: int
    id: str
    user_id: str
    message: str
    variant: str | None
    title: str
    body: str
    action: Action | None
    data: Mapping[str, str]
    segment: str
    change_id: str
    at: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(DeliveryRecord).decode


def encode_delivery(user: str, decision: Decision) -> bytes:
    return _encode(
        DeliveryRecord(
            schema=SCHEMA,
            id=decision.id,
            user_id=user,
            message=decision.message,
            variant=decision.variant,
            channel=decision.channel,
            endpoint=decision.endpoint,
            decision=decision.decision,
            reason=decision.reason,
            attempt=decision.attempt,
            change_id=decision.change_id,
            at=format_time(decision.at),
        )
    )


def decode_delivery(raw: bytes) -> DeliveryRecord:
    """msgspec.DecodeError: these bytes are none."""
    return _decode(raw)


def message_record(user: str, decision: Decision) -> MessageRecord:
    """Of one that is sent."""
    assert decision.content is not None
    return MessageRecord(
        schema=SCHEMA,
        id=decision.id,
        user_id=user,
        message=decision.content.message,
        variant=decision.variant,
        title=decision.content.title,
        body=decision.content.body,
        action=decision.content.action,
        data=decision.content.data,
        segment=decision.content.segment,
        change_id=decision.change_id,
        at=format_time(decision.at),
    )


def encode_message(user: str, decision: Decision) -> bytes:
    return _encode(message_record(user, decision))
