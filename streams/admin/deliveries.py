"""What was decided about a user's messages, as the topic of deliveries has it; and endpoints, tried and let in again.

Comes in: a user, or an endpoint. Goes out: decisions, the oldest first; what an endpoint answered.
"""

import time
import uuid
from collections.abc import AsyncIterator, Mapping

import msgspec
from aiokafka import TopicPartition

from streams.delivery.message import Messages
from streams.delivery.webhook import Endpoint, check_body
from streams.dispatch.posting import Posted, Poster, keys_of
from streams.dispatch.standing import Standing, Standings
from streams.errors import UsageError
from streams.kafka.clients import consuming, tell_unreadable
from streams.kafka.consumer import Consumer
from streams.kafka.partitioning import homes
from streams.outputs.delivery import DeliveryRecord, decode_delivery
from streams.settings import Settings
from streams.state.opening import opened_store
from streams.topics import DELIVERIES

WAIT_S = 0.5


async def decisions(settings: Settings, user: str) -> list[DeliveryRecord]:
    """All that the topic still has of the user, each once."""
    topic, key = settings.topic(DELIVERIES.name), user.encode()
    found: dict[tuple[str, str, str, str], DeliveryRecord] = {}
    async with consuming(settings, topic, from_beginning=True) as consumer:
        # Keys go where Kafka's clients put them, whatever the setting says of inputs.
        [home] = homes(user, len(consumer.partitions_for_topic(topic) or [0]), "murmur2")
        tp = TopicPartition(topic, home)
        async for value in _values(consumer, tp, key):
            record = _decoded(value)
            if record is not None:
                found[record.id, record.decision, record.at, record.endpoint or ""] = record
    return sorted(found.values(), key=lambda record: record.at)


async def _values(consumer: Consumer, tp: TopicPartition, key: bytes) -> AsyncIterator[bytes | None]:
    consumer.unsubscribe()
    consumer.assign([tp])
    end = (await consumer.end_offsets([tp]))[tp]
    while await consumer.position(tp) < end:
        for portion in (await consumer.portions({tp}, WAIT_S)).values():
            tell_unreadable(tp, portion)
            for record in portion.records:
                if record.key == key:
                    yield record.value


def _decoded(value: bytes | None) -> DeliveryRecord | None:
    try:
        return decode_delivery(value or b"")
    except msgspec.DecodeError:
        return None


def endpoint_called(messages: Messages, name: str) -> Endpoint:
    if name not in messages.endpoints:
        known = ", ".join(messages.endpoints) or "none"
        raise UsageError(f"webhooks.yaml has no endpoint {name}. There are: {known}.")
    return messages.endpoints[name]


async def try_endpoint(settings: Settings, endpoint: Endpoint) -> Posted:
    """Post something to it that is about nobody, under the rules of all webhooks."""
    now_ms = time.time_ns() // 1_000_000
    poster = Poster(settings.webhook_private)
    try:
        return await poster.post(endpoint, f"test_{uuid.uuid4().hex}", check_body(now_ms), keys_of(endpoint), now_ms)
    finally:
        await poster.close()


async def standings(settings: Settings, messages: Messages) -> Mapping[str, Standing]:
    """Of each endpoint that there is."""
    async with opened_store(settings) as store:
        found = Standings(store.group)
        await found.read()
        return {name: found.of(name) for name in messages.endpoints}


async def enable(settings: Settings, endpoint: Endpoint) -> None:
    """Whatever goes to it from now on is posted again."""
    async with opened_store(settings) as store:
        found = Standings(store.group)
        await found.read()
        await found.enable(endpoint.name)
