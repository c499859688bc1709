"""How far a worker is, seen from outside: what it stored in Redis against where the input topics end.

Comes in: a pipeline. Goes out: waiting, until all of it is done and published.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.state.codec import decode_positions
from streams.state.format import OUTBOX
from streams.state.keys import Keys
from streams.state.redis_client import RedisClient
from streams.topics import READ_BY_WORKERS
from tests.e2e.pipeline import PARTITIONS, Pipeline

LOOK_EVERY_S = 0.05
WITHIN_S = 900.0


async def ends(pipeline: Pipeline) -> dict[int, dict[str, int]]:
    """Shard -> input topic -> where it ends."""
    topics = [pipeline.settings.topic(source.name) for source in READ_BY_WORKERS]
    async with AIOKafkaConsumer(bootstrap_servers=pipeline.settings.kafka) as consumer:
        found = await consumer.end_offsets([TopicPartition(t, shard) for t in topics for shard in range(PARTITIONS)])
    return {shard: {topic: found[TopicPartition(topic, shard)] for topic in topics} for shard in range(PARTITIONS)}


async def until(what: str, holds: Callable[[], Awaitable[bool]]) -> None:
    """Look again and again whether it holds."""
    deadline = time.monotonic() + WITHIN_S
    while not await holds():
        assert time.monotonic() < deadline, f"not within {WITHIN_S:g} s: {what}"
        await asyncio.sleep(LOOK_EVERY_S)


async def all_done(pipeline: Pipeline) -> float:
    """Wait until all of the inputs is applied, stored and published; the instant (`time.perf_counter`) it was."""
    redis, keys = RedisClient(pipeline.settings.redis.get_secret_value()), Keys(pipeline.settings.group)

    async def is_done(shard: int, wanted: dict[str, int]) -> bool:
        positions = await redis.call("HGET", keys.of(shard).state, "positions")
        if positions is None or decode_positions(positions) != wanted:
            return False
        return not await redis.call("EXISTS", keys.of(shard).at(OUTBOX))

    for shard, wanted in (await ends(pipeline)).items():
        await until(f"shard {shard} reaches {wanted}", partial(is_done, shard, wanted))
    await redis.close()
    return time.perf_counter()
