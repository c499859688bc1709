"""How long live changes take while robots leave aliases by the million that nobody ever links.

    python -m tests.bench.robots [ALIASES] [A_SECOND]

On Apache Kafka and a real Redis, one worker: a hundred users a second who are new enter a segment. Alone; then beside
ALIASES (200,000) visits of as many users, A_SECOND (5,000); then beside as many visits of nobody, each under an id of
its own. Prints how long each change took from the record to the topic `segment-changes`, and what the worker
and Redis take.
"""

import asyncio
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from multiprocessing.process import BaseProcess
from pathlib import Path

from aiokafka import AIOKafkaProducer

from streams.core.instants import format_time
from streams.kafka.publisher import home_partition
from streams.native.build import compile_kernel
from streams.settings import cache_folder
from streams.state.redis_client import RedisClient
from streams.testing import to_bytes, track
from tests.bench.past import BEFORE_S, Live, told
from tests.bench.state import SyncsEverySecond
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.pipeline import PARTITIONS, Pipeline

ALIASES = 200_000
A_SECOND = 5_000
AT_ONCE_S = 0.02
WARM_S = 2.0


def visits(many: int, *, of_users: bool) -> Iterator[tuple[str, bytes]]:
    """Each with its key."""
    for number in range(many):
        alias = f"{number:08x}-7f3a-4c1e-9b5d-{number * 7_919:012x}"
        user, key = (f"user-{alias}", f"user-{alias}") if of_users else (None, alias)
        at = format_time(time.time_ns() // 1_000_000)
        visit = track(user, "Page Viewed", at, alias, path="/pricing", referrer="https://www.google.com/")
        yield key, to_bytes(visit | {"anonymousId": alias} if user is None else visit)


def leave(pipeline: Pipeline, many: int, a_second: int, of_users: bool) -> None:
    """In a process of its own."""
    asyncio.run(left(pipeline, visits(many, of_users=of_users), a_second))


async def left(pipeline: Pipeline, records: Iterator[tuple[str, bytes]], a_second: int) -> None:
    topic = pipeline.settings.topic("product-events")
    async with AIOKafkaProducer(bootstrap_servers=pipeline.settings.kafka, linger_ms=10) as producer:
        began, sent = time.monotonic(), 0
        while some := list(islice(records, int(a_second * AT_ONCE_S))):
            for key, value in some:
                await producer.send(topic, value, key.encode(), home_partition(key, PARTITIONS))
            sent += len(some)
            await asyncio.sleep(max(0.0, began + sent / a_second - time.monotonic()))


async def ended(process: BaseProcess) -> None:
    """What it sent stands before what is sent after that: whoever is told then is told behind it."""
    await asyncio.to_thread(process.join)


async def redis_bytes(url: str) -> int:
    redis = RedisClient(url)
    found = await redis.call("INFO", "memory")
    await redis.close()
    return int(found["used_memory"])


def cpu_of(pid: int) -> float:
    """Seconds that it has computed."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def main(many: int = ALIASES, a_second: int = A_SECOND) -> None:
    compile_kernel(cache_folder())
    with ApacheKafka() as kafka, SyncsEverySecond() as redis, tempfile.TemporaryDirectory() as folder:
        pipeline = Pipeline(kafka.address, redis.url, "robots", Path(folder))
        pipeline.use({"came": 'enter: count("Came") >= 1'})
        pipeline.publish([])
        with pipeline.worker() as worker:
            worker.says(" - loaded ")
            live, fork = Live(pipeline), multiprocessing.get_context("fork")
            asyncio.run(live.until(asyncio.sleep(WARM_S)))
            told("alone", asyncio.run(live.until(asyncio.sleep(BEFORE_S))), worker)
            for whose in ("users", "robots"):
                others = fork.Process(target=leave, args=(pipeline, many, a_second, whose == "users"))
                others.start()
                cpu_s, since = cpu_of(worker.pid), time.perf_counter()
                told(f"beside visits of {whose}", asyncio.run(live.until(ended(others))), worker)
                seconds, cpu_s = time.perf_counter() - since, cpu_of(worker.pid) - cpu_s
                redis_mb = asyncio.run(redis_bytes(redis.url)) / 1e6
                print(
                    f"{many:,} in {seconds:.0f} s, {1e6 * cpu_s / many:.0f} us of the worker each; Redis has"
                    f" {redis_mb:,.0f} MB"
                )
            told("after", asyncio.run(live.until(asyncio.sleep(BEFORE_S))), worker)
            worker.stop()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
