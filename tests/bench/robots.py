"""How long live changes take while robots leave aliases by the million that nobody ever links.

    python -m tests.bench.robots [ALIASES] [A_SECOND]

On Apache Kafka and a real Redis, one worker: a hundred users a second who are new enter a segment. Alone; then beside
as many visits of users as there are to be aliases, A_SECOND (5,000); then beside ALIASES (300,000) visits, each under
an id of its own. Prints how long each change took from the record to the topic `segment-changes`, and what the worker
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
from tests.bench.past import BEFORE_S, Live, Over, told
from tests.bench.process import memory_of
from tests.bench.progress import all_done
from tests.bench.state import SyncsEverySecond
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.pipeline import PARTITIONS, Pipeline, WorkerProcess

ALIASES = 300_000
A_SECOND = 5_000
AT_ONCE_S = 0.02
USERS = 1_000
WARM_S = 2.0


def visits(many: int, *, of_users: bool) -> Iterator[tuple[str, bytes]]:
    """Each with its key."""
    for number in range(many):
        alias = f"{number:08x}-7f3a-4c1e-9b5d-{number * 7_919:012x}"
        user, key = (f"user-{number % USERS}", f"user-{number % USERS}") if of_users else (None, alias)
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


class Gone(Over):
    """Once a process has ended."""

    def __init__(self, process: BaseProcess):
        self._process = process

    def __call__(self) -> bool:
        return not self._process.is_alive()


async def redis_bytes(url: str) -> int:
    redis = RedisClient(url)
    found = await redis.call("INFO", "memory")
    await redis.close()
    return int(found["used_memory"])


def cpu_of(pid: int) -> float:
    """Seconds that it has computed."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def sizes(worker: WorkerProcess, url: str) -> str:
    return f"worker {memory_of(worker.pid).now / 1e6:,.0f} MB, Redis {asyncio.run(redis_bytes(url)) / 1e6:,.0f} MB"


def main(many: int = ALIASES, a_second: int = A_SECOND) -> None:
    compile_kernel(cache_folder())
    with ApacheKafka() as kafka, SyncsEverySecond() as redis, tempfile.TemporaryDirectory() as folder:
        pipeline = Pipeline(kafka.address, redis.url, "robots", Path(folder))
        pipeline.use({"came": 'enter: count("Came") >= 1'})
        pipeline.publish([])
        with pipeline.worker() as worker:
            worker.says(" - loaded ")
            live, fork = Live(pipeline), multiprocessing.get_context("fork")
            asyncio.run(live.until(Over(WARM_S)))
            told("alone", asyncio.run(live.until(Over(BEFORE_S))))
            for whose in ("users", "robots"):
                others = fork.Process(target=leave, args=(pipeline, many, a_second, whose == "users"))
                others.start()
                cpu_s, since = cpu_of(worker.pid), time.perf_counter()
                told(f"beside visits of {whose}", asyncio.run(live.until(Gone(others))))
                asyncio.run(all_done(pipeline))
                seconds, cpu_s = time.perf_counter() - since, cpu_of(worker.pid) - cpu_s
                print(
                    f"{many:,} in {seconds:.0f} s, {1e6 * cpu_s / many:.0f} us of the worker each;"
                    f" {sizes(worker, redis.url)}"
                )
            told("after", asyncio.run(live.until(Over(BEFORE_S))))
            worker.stop()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
