"""How long live changes take while the past of a rule is made: python -m tests.bench.past [EVENTS]

On Apache Kafka and a real Redis: EVENTS (300,000) of a tenth as many users are published and applied, by one worker;
then a rule is applied that reads what was not kept, while a hundred users a second who are new enter a segment.
Prints how long each change took from the record to the topic `segment-changes`: before that, while the past is made, in
the first seconds in which shards take it over, and until all profiles have it; how fast the past was made; and what the
worker had in memory. Ten million events take some fifteen minutes.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path

import numpy as np
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from click.testing import CliRunner

from streams.cli import main as cli
from streams.core.instants import format_time
from streams.kafka.publisher import home_partition
from streams.lifecycle.awaiting import progress
from streams.native.build import compile_kernel
from streams.settings import cache_folder
from streams.state.opening import opened_store
from streams.testing import to_bytes, track
from tests.bench.process import memory_of
from tests.bench.progress import all_done, until
from tests.bench.state import SyncsEverySecond
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.pipeline import PARTITIONS, Pipeline, WorkerProcess

EVENTS = 300_000
EVENTS_A_USER = 10
NAMES = ("Report Viewed", "Signed In", "Export Created")
RECORD = '{"type":"track","messageId":"m-%d","userId":"%s","event":"%s","timestamp":"%s","properties":{}}'
EVERY_S = 0.01
BEFORE_S = 10.0
SWAP_S = 5.0
MADE = "takes over version 2"


class Live:
    """Users who are new, one after another; `took`: of each the seconds until it was told that she entered."""

    def __init__(self, pipeline: Pipeline):
        self._pipeline, self._sent = pipeline, dict[str, float]()
        self.took: list[float] = []

    async def until(self, end: Coroutine[None, None, None]) -> list[float]:
        """Until `end` returns, and all who were sent are told of."""
        self.took, settings = [], self._pipeline.settings
        topic = settings.topic("segment-changes")
        async with (
            AIOKafkaProducer(bootstrap_servers=settings.kafka, linger_ms=0) as producer,
            AIOKafkaConsumer(topic, bootstrap_servers=settings.kafka, auto_offset_reset="latest") as consumer,
        ):
            await consumer.seek_to_end()
            reading, ending = asyncio.create_task(self._read(consumer)), asyncio.create_task(end)
            while not ending.done():
                await self._send(producer)
                await asyncio.sleep(EVERY_S)
            await ending
            await until("all who were sent are told of", self._are_all_told)
            reading.cancel()
        return self.took

    async def _are_all_told(self) -> bool:
        return not self._sent

    async def _send(self, producer: AIOKafkaProducer) -> None:
        user = f"live-{time.time_ns()}"
        record = track(user, "Came", format_time(time.time_ns() // 1_000_000), user)
        self._sent[user] = time.perf_counter()
        home = home_partition(user, PARTITIONS)
        await producer.send(self._pipeline.settings.topic("product-events"), to_bytes(record), user.encode(), home)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        async for record in consumer:
            since = self._sent.pop(record.key.decode(), None)
            if since is not None:
                self.took.append(time.perf_counter() - since)


async def says(worker: WorkerProcess, what: str) -> None:
    async def is_said() -> bool:
        return what in worker.said()

    await until(f"the worker says {what!r}", is_said)


async def taken(pipeline: Pipeline, version: int) -> None:
    """Until all profiles have the past of that version."""
    async with opened_store(pipeline.settings) as store:

        async def is_taken() -> bool:
            return (await progress(store.group, version)).is_taken

        await until(f"version {version} is taken over", is_taken)


def history(events: int) -> Iterator[tuple[str, str, bytes]]:
    """As `Pipeline.publish_raw` has it: all users in turn, again and again, within a day forty days ago."""
    began = time.time_ns() // 1_000_000 - 40 * 86_400_000
    for n in range(events):
        user = f"user-{n % (events // EVENTS_A_USER)}"
        at = format_time(began + n * 86_400_000 // events)
        yield "product-events", user, (RECORD % (n, user, NAMES[n % 3], at)).encode()


def told(what: str, took: list[float], worker: WorkerProcess) -> None:
    p50, p99, worst = (1_000 * float(np.quantile(took, each)) for each in (0.5, 0.99, 1.0))
    memory = memory_of(worker.pid)
    print(
        f"{what}: {len(took):,} live changes, median {p50:.0f} ms, p99 {p99:.0f} ms, the slowest {worst:.0f} ms;"
        f" the worker has {memory.now / 1e6:,.0f} MB, at most {memory.peak / 1e6:,.0f} MB",
        flush=True,
    )


def main(events: int) -> None:
    compile_kernel(cache_folder())
    with ApacheKafka() as kafka, SyncsEverySecond() as redis, tempfile.TemporaryDirectory() as folder:
        pipeline = Pipeline(kafka.address, redis.url, "past", Path(folder))
        came = {"came": 'enter: count("Came") >= 1'}
        pipeline.use(came)
        with pipeline.worker() as worker:
            worker.says(" - loaded ", PARTITIONS)
            since = time.perf_counter()
            pipeline.publish_raw(history(events))
            print(f"{events:,} events are published after {time.perf_counter() - since:.0f} s", flush=True)
            asyncio.run(all_done(pipeline))
            print(f"and applied after {time.perf_counter() - since:.0f} s", flush=True)
            live = Live(pipeline)
            told("before", asyncio.run(live.until(asyncio.sleep(BEFORE_S))), worker)
            pipeline.use(came | {"reader": 'enter: count("Report Viewed", days=90) >= 3'})
            result = CliRunner().invoke(cli, ["rules", "apply", "--yes"], env=pipeline.environment)
            assert result.exit_code == 0, result.output
            since = time.perf_counter()
            told("meanwhile", asyncio.run(live.until(says(worker, MADE))), worker)
            seconds = time.perf_counter() - since
            print(f"the past of {events:,} events was made in {seconds:.0f} s, {events / seconds:,.0f} a second")
            since = time.perf_counter()
            told(f"taking over, {SWAP_S:.0f} s", asyncio.run(live.until(asyncio.sleep(SWAP_S))), worker)
            told("taking over, all", asyncio.run(live.until(taken(pipeline, 2))), worker)
            print(f"all profiles have it after {time.perf_counter() - since:.0f} s")
            worker.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)
