"""What memory a worker takes while it works off a backlog over a slow Redis: python -m tests.bench.backlog [RECORDS]

On Apache Kafka and a real Redis, under the rules that ship: a tenth of RECORDS (three million), and then all of them,
of as many users both times, wait in 4 partitions. One worker reads them; what it says to Redis and hears from it goes
through a proxy by which 64 KiB of a connection take 10 ms. Prints how long it took, and the worker's peak memory: if
that is bounded, ten times as many records take no more of it.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from confluent_kafka import Producer

from streams.kafka.provisioning import ensure
from tests.bench.crowd import Crowd
from tests.bench.five import folder_of_five
from tests.bench.process import memory_of
from tests.bench.progress import all_done
from tests.bench.state import SyncsEverySecond
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.pipeline import Pipeline
from tests.state.proxy import proxy

RECORDS = 3_000_000
USERS = 30_000
DELAY_S = 0.01


class Taken(NamedTuple):
    """records: how many waited. mb: of the worker, at its peak."""

    records: int
    seconds: float
    mb: float


def publish(pipeline: Pipeline, crowd: Crowd) -> int:
    """All records of a crowd; how many they are."""
    producer = Producer(
        {
            "bootstrap.servers": pipeline.settings.kafka,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    count = 0
    for count, sent in enumerate((*crowd.product_events(), *crowd.billing_updates()), start=1):
        producer.produce(pipeline.settings.topic(sent.topic), sent.value, key=sent.user.encode())
        if count % 10_000 == 0:
            producer.flush()
    producer.flush()
    return count


async def work_off(pipeline: Pipeline, records: int) -> Taken:
    with pipeline.worker() as worker:
        await asyncio.to_thread(worker.says, " - loaded ")
        since = perf_counter()
        until = await all_done(pipeline)
        mb = memory_of(worker.pid).peak / 1e6
        worker.stop()
    return Taken(records, until - since, mb)


async def bench(kafka: str, redis_port: int, folder: Path, track_events: int) -> Taken:
    rules = folder_of_five(folder)
    async with proxy(redis_port, delay_s=DELAY_S) as slow:
        redis, name = f"redis://127.0.0.1:{slow.port}/0", f"backlog-{track_events}"
        pipeline = Pipeline(kafka, redis, name, folder, topic_prefix=f"{name}-", rules=rules)
        await ensure(pipeline.settings)
        records = await asyncio.to_thread(publish, pipeline, Crowd(USERS, track_events))
        return await work_off(pipeline, records)


def main(records: int) -> None:
    with ApacheKafka() as kafka, SyncsEverySecond() as redis, tempfile.TemporaryDirectory() as folder:
        for count in (records // 10, records):
            taken = asyncio.run(bench(kafka.address, redis.port, Path(folder), count))
            print(f"{taken.records:9,d} records: {taken.seconds:5.1f} s, {taken.mb:,.0f} MB at the peak", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS)
