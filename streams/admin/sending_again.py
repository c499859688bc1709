"""One delivery once more: a webhook that failed, a message that a cap kept back.

Comes in: whose it is, the beginning of its id, Kafka. Goes out: a command to `segmenter deliver`, with the change that
the delivery is about, as segment-changes still has it.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from streams.admin.deliveries import decisions, endpoint_called
from streams.delivery.message import Messages
from streams.errors import UsageError
from streams.kafka.clients import producing, reading_back
from streams.kafka.errors import in_our_words
from streams.kafka.partitioning import homes
from streams.kafka.provisioning import partition_count
from streams.outputs.change import decode_change
from streams.outputs.delivery import DeliveryRecord
from streams.printable import command_line, printable
from streams.settings import Settings
from streams.sources import delivery_commands
from streams.topics import DELIVERY_COMMANDS, SEGMENT_CHANGES

SHORTEST_ID: Final = 6  # characters; what begins with fewer is too likely another


async def send_again(settings: Settings, messages: Messages, user: str, delivery: str, endpoint: str) -> DeliveryRecord:
    """The delivery that it was, as it stood last. endpoint: of several which; else empty. UsageError: it cannot be."""
    last = the_one(await decisions(settings, user), user, delivery, endpoint)
    _check(messages, last)
    shard, change = await _change(settings, user, last.change_id)
    value = delivery_commands.again(last.message or "", last.endpoint or "", change)
    topic = settings.topic(DELIVERY_COMMANDS.name)
    async with producing(settings) as producer:
        await producer.send_and_wait(topic, value, user.encode(), partition=shard)
    return last


def the_one(decided: Sequence[DeliveryRecord], user: str, delivery: str, endpoint: str) -> DeliveryRecord:
    """The newest decision about it. decided: the oldest first."""
    if len(delivery) < SHORTEST_ID:
        raise UsageError(f"{delivery} is too short: the first {SHORTEST_ID} characters of its id, or more.")
    found = {(each.id, each.endpoint): each for each in decided if each.id.startswith(delivery)}
    chosen = [each for each in found.values() if not endpoint or each.endpoint == endpoint]
    if not chosen:
        asked = command_line("deliveries", user, "--json")
        raise UsageError(f"Nothing of {printable(user)} has the id {printable(delivery)}: `{asked}` has them all.")
    if len(chosen) > 1:
        several = ", ".join(sorted({f"{each.id[:12]} to {each.endpoint or each.message}" for each in chosen}))
        raise UsageError(f"{delivery} is not one delivery: {several}. Say more of the id, or --endpoint.")
    return chosen[0]


def _check(messages: Messages, delivery: DeliveryRecord) -> None:
    """Whether it could be sent by what the files say now."""
    if delivery.message is None:
        endpoint_called(messages, delivery.endpoint or "")
    elif delivery.message not in messages.by_name:
        raise UsageError(f"There is no message {delivery.message} any more.")
    if delivery.channel == "in_app" and delivery.decision in ("sent", "withdrawn"):
        raise UsageError("It was in the feed of its user, and is not put there twice.")
    if delivery.decision == "held_out":
        raise UsageError("Its user is held out of it, and stays so.")


async def _change(settings: Settings, user: str, change_id: str) -> tuple[int, bytes]:
    """Its shard, and how it was published."""
    topic, key = settings.topic(SEGMENT_CHANGES.name), user.encode()
    partitions = await partition_count(settings, topic)
    for shard in homes(user, partitions, settings.partitioner):
        async with in_our_words(settings), reading_back(settings, topic, shard) as (_, batches):
            async for records in batches:
                for record in records:
                    if record.key == key and record.value and _id_of(record.value) == change_id:
                        return shard, record.value
    raise UsageError(
        f"The change that it is about stands no longer on {topic}: it was kept as long as that topic keeps."
    )


def _id_of(raw: bytes) -> str | None:
    try:
        return decode_change(raw).id
    except msgspec.DecodeError:
        return None
