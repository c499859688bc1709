"""How long live changes take while the past of a rule is made: python -m tests.bench.past [EVENTS]

On Apache Kafka and a real Redis: EVENTS (300,000) of a tenth as many users stand in the topics and are applied, by one
worker; then a rule is applied that reads what was not kept, while a hundred users a second who are new enter a segment.
Prints how long each change took from the record to the topic `segment-changes`, before and meanwhile, and how fast the
past was made.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from click.testing import CliRunner

from streams.cli import main as cli
from streams.core.instants import format_time
from streams.kafka.publisher import home_partition
from streams.native.build import compile_kernel
from streams.settings import cache_folder
from streams.testing import to_bytes, track
from tests.bench.progress import all_done
from tests.bench.state import SyncsEverySecond
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.pipeline import PARTITIONS, Pipeline, WorkerProcess

EVENTS = 300_000
EVERY_S = 0.01
BEFORE_S = 10.0
MADE = "takes over version 2"


class Live:
    """Users who are new, one after another; `took`: of each the seconds until it was told that she entered."""

    def __init__(self, pipeline: Pipeline):
        self._pipeline, self._sent = pipeline, dict[str, float]()
        self.took: list[float] = []

    async def until(self, is_over: "Over") -> list[float]:
        self.took, settings = [], self._pipeline.settings
        topic = settings.topic("segment-changes")
        async with (
            AIOKafkaProducer(bootstrap_servers=settings.kafka, linger_ms=0) as producer,
            AIOKafkaConsumer(topic, bootstrap_servers=settings.kafka, auto_offset_reset="latest") as consumer,
        ):
            await consumer.seek_to_end()
            reading = asyncio.create_task(self._read(consumer))
            while not is_over():
                await self._send(producer)
                await asyncio.sleep(EVERY_S)
            await asyncio.sleep(1.0)
            reading.cancel()
        return self.took

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


class Over:
    """After so many seconds, or once a worker says something."""

    def __init__(self, seconds: float = 120.0, worker: WorkerProcess | None = None, says: str = ""):
        self._until, self._worker, self._says = time.monotonic() + seconds, worker, says

    def __call__(self) -> bool:
        said = self._worker is not None and self._says in self._worker.said()
        return said or time.monotonic() > self._until


def told(what: str, took: list[float]) -> None:
    p50, p99, worst = (1_000 * float(np.quantile(took, each)) for each in (0.5, 0.99, 1.0))
    print(f"{what}: {len(took):,} live changes, median {p50:.0f} ms, p99 {p99:.0f} ms, the slowest {worst:.0f} ms")


def main(events: int) -> None:
    compile_kernel(cache_folder())
    with ApacheKafka() as kafka, SyncsEverySecond() as redis, tempfile.TemporaryDirectory() as folder:
        pipeline = Pipeline(kafka.address, redis.url, "past", Path(folder))
        came = {"came": 'enter: count("Came") >= 1'}
        pipeline.use(came)
        began = time.time_ns() // 1_000_000 - 40 * 86_400_000
        names = ("Report Viewed", "Signed In", "Export Created")
        pipeline.publish(
            track(f"user-{n % (events // 10)}", names[n % 3], format_time(began + 1_000 * n // 100), f"m-{n}")
            for n in range(events)
        )
        with pipeline.worker() as worker:
            asyncio.run(all_done(pipeline))
            live = Live(pipeline)
            told("before", asyncio.run(live.until(Over(BEFORE_S))))
            pipeline.use(came | {"reader": 'enter: count("Report Viewed", days=90) >= 3'})
            result = CliRunner().invoke(cli, ["rules", "apply", "--yes"], env=pipeline.environment)
            assert result.exit_code == 0, result.output
            since = time.perf_counter()
            told("meanwhile", asyncio.run(live.until(Over(120.0, worker, MADE))))
            seconds = time.perf_counter() - since
            print(f"the past of {events:,} events was made in {seconds:.0f} s, {events / seconds:,.0f} a second")
            told("taking over", asyncio.run(live.until(Over(5.0))))
            worker.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)
