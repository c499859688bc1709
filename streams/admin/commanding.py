"""Commands about users, seen from whoever gives them: to which shards they go, and when they are done.

Comes in: a user, a command, Kafka and Redis. Goes out: the command's offsets, once it is published; and nothing, once
the owner's checkpoint holds what became of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from streams.admin.homes import partitions_of
from streams.core.engine.erasure import Erasure
from streams.core.events import Event
from streams.errors import UsageError
from streams.kafka.clients import producing
from streams.kafka.partitioning import homes
from streams.kafka.provisioning import partition_count
from streams.settings import Settings
from streams.sources import profile_commands
from streams.state.store import Store
from streams.topics import PROFILE_COMMANDS

LOOK_EVERY_S: Final = 0.1


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Look again and again whether it holds."""
    while True:
        if await holds():
            return
        await asyncio.sleep(LOOK_EVERY_S)


async def shards_of(store: Store, settings: Settings, user: str) -> Sequence[int]:
    """The shards that may know the user: one, unless producers choose partitions by a rule of their own."""
    topic, partitions = settings.topic(PROFILE_COMMANDS.name), await partitions_of(store, settings)
    found = await partition_count(settings, topic)
    if found != partitions:
        raise UsageError(
            f"The topic {topic} at {settings.kafka} has {found} partitions, and the group {settings.group}"
            f" has {partitions} shards: is it another group's?"
        )
    return homes(user, partitions, settings.partitioner)


async def send(settings: Settings, command: Erasure | Event, shards: Sequence[int]) -> Mapping[int, int]:
    """The offset of the command, by shard."""
    topic, key, value = (
        settings.topic(PROFILE_COMMANDS.name),
        command.subject.encode(),
        profile_commands.encode(command),
    )
    offsets: dict[int, int] = {}
    async with producing(settings) as producer:
        for shard in shards:
            sent = await producer.send_and_wait(topic, value, key, partition=shard, timestamp_ms=command.ts)
            offsets[shard] = sent.offset
    return offsets


async def done(store: Store, shard: int, topic: str, offset: int) -> None:
    """Wait until a checkpoint holds what became of the record at this offset, and what followed is published."""
    number: int | None = None
    while number is None or not await store.shards.is_published(shard, number):
        await asyncio.sleep(LOOK_EVERY_S)
        progress = await store.shards.progress(shard)
        if number is None and progress is not None and progress.positions.get(topic, 0) > offset:
            number = progress.number
