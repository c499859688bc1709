"""What was decided about a user's messages, as the topic of deliveries has it; and endpoints, tried and let in again.

Comes in: a user, or an endpoint. Goes out: decisions, the oldest first; what an endpoint answered.
"""

import time
import uuid
from collections.abc import Mapping

import msgspec

from streams.delivery.message import Messages
from streams.delivery.webhook import Endpoint, check_body
from streams.dispatch.posting import Posted, Poster, keys_of
from streams.dispatch.standing import Standing, Standings
from streams.errors import UsageError
from streams.kafka.clients import reading_back
from streams.kafka.errors import in_our_words
from streams.kafka.partitioning import homes
from streams.kafka.provisioning import partition_count
from streams.outputs.delivery import DeliveryRecord, decode_delivery
from streams.settings import Settings
from streams.state.opening import opened_store
from streams.topics import DELIVERIES


async def decisions(settings: Settings, user: str) -> list[DeliveryRecord]:
    """All that the topic still has of the user, each once."""
    topic, key = settings.topic(DELIVERIES.name), user.encode()
    partitions = await partition_count(settings, topic)
    # Keys go where Kafka's clients put them, whatever the setting says of inputs.
    [home] = homes(user, partitions, "murmur2")
    found: dict[tuple[str, str, str, str], DeliveryRecord] = {}
    async with in_our_words(settings), reading_back(settings, topic, home) as (_, batches):
        async for records in batches:
            decoded = (_decoded(record.value) for record in records if record.key == key)
            found |= {
                (each.id, each.decision, each.at, each.endpoint or ""): each for each in decoded if each is not None
            }
    return sorted(found.values(), key=lambda record: record.at)


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
        return await poster.post(endpoint, f"test_{uuid.uuid4().hex}", check_body(now_ms), keys_of(endpoint))
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
