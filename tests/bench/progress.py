"""How far a worker is, seen from outside: what it stored in Redis against where the input topics end.

Comes in: a pipeline. Goes out: waiting until all of it is done, and published.
"""

import asyncio
import time

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.runtime.topics import INPUTS
from streams.state.codec import Keys, decode_positions
from streams.state.redis_client import RedisClient
from tests.e2e.pipeline import PARTITIONS, Pipeline

LOOK_EVERY_S = 0.05
WITHIN_S = 900.0


async def ends(pipeline: Pipeline) -> dict[int, dict[str, int]]:
    """Shard -> input topic -> where it ends."""
    topics = [pipeline.settings.topic(source.role) for source in INPUTS]
    async with AIOKafkaConsumer(bootstrap_servers=pipeline.settings.kafka) as consumer:
        found = await consumer.end_offsets([TopicPartition(t, shard) for t in topics for shard in range(PARTITIONS)])
    return {shard: {topic: found[TopicPartition(topic, shard)] for topic in topics} for shard in range(PARTITIONS)}


async def all_done(pipeline: Pipeline) -> float:
    """Wait until all of the inputs is applied, stored and published; the instant (`time.perf_counter`) it was."""
    redis, keys = RedisClient(pipeline.settings.redis.get_secret_value()), Keys(pipeline.settings.group)
    deadline = time.monotonic() + WITHIN_S
    for shard, wanted in (await ends(pipeline)).items():
        of_shard = keys.of(shard)
        while True:
            positions = await redis.call("HGET", of_shard.state, "positions")
            if positions and decode_positions(positions) == wanted and not await redis.call("EXISTS", of_shard.outbox):
                break
            assert time.monotonic() < deadline, f"shard {shard} has reached {positions}, and not {wanted}"
            await asyncio.sleep(LOOK_EVERY_S)
    await redis.close()
    return time.perf_counter()
