"""The whole path, Kafka to Kafka: one `segmenter worker` against a plain Faust agent and against reading alone.

    python -m tests.bench.pipeline [EVENTS]

On Apache Kafka and a real Redis, under the rules that ship: EVENTS track events of about 200 bytes, ten a user, in
4 partitions, beside them identifies and billing updates. Prints events a second of each, the medians of three
rounds in which all three take turns, and the ratios. The plain Faust agent gets a smaller crowd of the same kind.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.bench.crowd import Crowd
from tests.bench.five import folder_of_five
from tests.bench.process import memory_of
from tests.bench.progress import all_done
from tests.bench.state import SyncsEverySecond
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.pipeline import ROOT, Pipeline

EVENTS = 1_000_000
FEWER = 30
EVENTS_A_USER = 10
ROUNDS = 3


class Round(NamedTuple):
    """Events a second of each; of the worker also how long it took and its peak memory."""

    reader: float
    faust: float
    worker: float
    worker_s: float
    worker_mb: float


class Bench:
    """One set of topics for all rounds; every round reads them from the beginning under a group of its own."""

    def __init__(self, kafka: str, redis: str, folder: Path, track_events: int):
        self._servers = kafka, redis, folder
        self._crowd = Crowd(track_events // EVENTS_A_USER, track_events)
        self._fewer = Crowd(self._crowd.users // FEWER, track_events // FEWER)
        self._count = self._publish(self._crowd, "all-")
        self._few = self._publish(self._fewer, "few-")

    def _pipeline(self, group: str, prefix: str) -> Pipeline:
        kafka, redis, folder = self._servers
        return Pipeline(kafka, redis, group, folder, topic_prefix=prefix, rules=folder_of_five(folder))

    def _publish(self, crowd: Crowd, prefix: str) -> int:
        """All records of a crowd; how many they are."""
        records = [(sent.topic, sent.user, sent.value) for sent in (*crowd.product_events(), *crowd.billing_updates())]
        self._pipeline("publisher", prefix).publish_raw(records)
        return len(records)

    def round(self, number: int) -> Round:
        kafka = self._servers[0]
        reader = _printed_by("plain_reader", kafka, "all-product-events")
        faust = _printed_by("plain_faust", kafka, f"plain-{number}", "few-", str(self._few))
        took_s, mb = asyncio.run(self._worker(self._pipeline(f"worker-{number}", "all-")))
        return Round(reader, faust, self._count / took_s, took_s, mb)

    async def _worker(self, pipeline: Pipeline) -> tuple[float, float]:
        """Seconds from when it has its first shard to when all is applied, stored and published; its peak MB."""
        with pipeline.worker() as worker:
            await asyncio.to_thread(worker.says, " - loaded ")
            since = time.perf_counter()
            until = await all_done(pipeline)
            mb = memory_of(worker.pid).peak / 1e6
            worker.stop()
        return until - since, mb

    def __str__(self) -> str:
        return (
            f"{self._count:,} records of {self._crowd.users:,} users, {self._crowd.track_events:,} of them track events"
            f" (plain Faust: {self._few:,} of {self._fewer.users:,} users)"
        )


def _printed_by(module: str, *arguments: str) -> float:
    """What a rival prints, run in a process of its own."""
    command = [sys.executable, "-m", f"tests.bench.{module}", *arguments]
    return float(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout)


def tell(rounds: Iterable[Round]) -> None:
    for number, each in enumerate(rounds, start=1):
        print(
            f"round {number}: worker {each.worker:9,.0f}   plain Faust {each.faust:7,.0f}   aiokafka and msgspec alone"
            f" {each.reader:9,.0f}   events/s; the worker took {each.worker_s:.1f} s and {each.worker_mb:,.0f} MB"
        )
    reader, faust, worker, *_ = map(median, zip(*rounds, strict=True))
    print(f"medians: worker {worker:,.0f}, plain Faust {faust:,.0f}, aiokafka and msgspec alone {reader:,.0f} events/s")
    print(f"         {median(r.worker / r.faust for r in rounds):.1f} x plain Faust (aim: 10 or more)")
    print(f"         {median(r.worker / r.reader for r in rounds):.2f} x reading alone (aim: 0.25 or more)")


def main(track_events: int) -> None:
    with ApacheKafka() as kafka, SyncsEverySecond() as redis, tempfile.TemporaryDirectory() as folder:
        bench = Bench(kafka.address, redis.url, Path(folder), track_events)
        print(bench)
        tell([bench.round(number) for number in range(1, ROUNDS + 1)])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)
