"""From a change on Kafka to the message on a browser's open stream, at 1,000 changes a second; and 10,000 streams.

    python -m tests.bench.feed [SECONDS]

On Apache Kafka and a real Redis: one `segmenter deliver` with a banner for whoever enters a segment, one `segmenter web
--parts feed` on which 1,000 users have their page open. Every change is another user's. The clock begins when a change
was due to be published, and ends when the stream of its user has the message. Prints the median, p99 and max. Then all
streams are opened that one process is to hold: the memory that it takes, idle and once each had a message.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvloop
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from streams.core.changes import Change
from streams.embedded.server import HOST, free_port
from streams.kafka.publisher import home_partition
from streams.outputs.change import encode_identified
from streams.state.format import SETTLED
from streams.state.opening import opened_store
from tests.bench.percentiles import percentiles
from tests.bench.state import SyncsEverySecond
from tests.delivery.histories import change
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.pipeline import PARTITIONS, Pipeline, WorkerProcess
from tests.web.feed.feeds import SECRET, token

SECONDS: Final = 20
RATE: Final = 1_000
BURST: Final = 10
WATCHED: Final = 1_000
STREAMS: Final = 10_000
WITHIN_S: Final = 120.0
MESSAGE: Final = "message: hello\non: enters a\nkind: banner\ntitle: 'Hi {{ first_name }}'\nbody: Your reports wait.\n"


class Streams:
    """Pages that are open: when each had the last message, by user."""

    def __init__(self, port: int):
        self._port = port
        self.open = 0
        self.at: dict[str, float] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self, users: Sequence[str]) -> None:
        for user in users:
            self._tasks.append(asyncio.create_task(self._watch(user)))
            if len(self._tasks) % 100 == 0:  # as fast as a listening socket lets them in
                await until(lambda: self.open >= len(self._tasks) - 100)
        await until(lambda: self.open == len(self._tasks))

    async def _watch(self, user: str) -> None:
        reader, writer = await asyncio.open_connection(HOST, self._port)
        asked = f"GET /v1/feed/stream HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {token(user)}\r\n\r\n"
        writer.write(asked.encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head[:20], head
        while line := await reader.readline():
            if line.startswith(b"event: counts"):  # what a stream begins with
                self.open += user not in self.at
                self.at.setdefault(user, 0.0)
            elif line.startswith(b"event: message"):
                self.at[user] = time.perf_counter()

    def had(self, users: Sequence[str]) -> int:
        return sum(self.at[user] > 0 for user in users)

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not holds():  # noqa: ASYNC110  # much of it happens in other processes
            await asyncio.sleep(0.01)


def entering(user: str) -> Change:
    return replace(change("a", "entered", 0, 1, user, first_name=user), occurred_at=now_ms())


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def publish(pipeline: Pipeline, users: Sequence[str], rate: float) -> dict[str, float]:
    """When the change of each was due (seconds)."""
    due: dict[str, float] = {}
    topic = pipeline.settings.topic("segment-changes")
    async with AIOKafkaProducer(bootstrap_servers=pipeline.settings.kafka) as producer:
        start = time.perf_counter()
        for number, user in enumerate(users):
            due[user] = start + number / rate
            if number % BURST == 0:
                await asyncio.sleep(due[user] - time.perf_counter())
            made = entering(user)
            raw = encode_identified(made, made.id, made.occurred_at, 3_600_000)
            await producer.send(topic, raw, user.encode(), home_partition(user, PARTITIONS))
    return due


async def latencies(pipeline: Pipeline, port: int, seconds: int) -> list[float]:
    """Of those who watch, in ms, the shortest first."""
    users = [f"user-{number}" for number in range(RATE * seconds)]
    watching = users[seconds // 2 :: seconds][:WATCHED]
    streams = Streams(port)
    await streams.begin(watching)
    due = await publish(pipeline, users, RATE)
    await until(lambda: streams.had(watching) == len(watching))
    await streams.end()
    return sorted(1e3 * (streams.at[user] - due[user]) for user in watching)


async def memory(pipeline: Pipeline, web: WorkerProcess, port: int) -> tuple[float, float]:
    """MB of the process with all streams open, and once each had a message."""
    users = [f"page-{number}" for number in range(STREAMS)]
    streams = Streams(port)
    await streams.begin(users)
    idle = resident_mb(web.pid)
    await publish(pipeline, users, RATE)
    await until(lambda: streams.had(users) == len(users))
    told = resident_mb(web.pid)
    await streams.end()
    return idle, told


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1e3


@contextmanager
def delivering() -> Iterator[tuple[Pipeline, WorkerProcess, int]]:
    """A pipeline with its message; the web process and its port."""
    with ApacheKafka() as kafka, SyncsEverySecond() as redis, tempfile.TemporaryDirectory() as folder:
        pipeline = Pipeline(kafka.address, redis.url, "feed", Path(folder))
        pipeline.use({"a": "enter: count(any) >= 1\ninclude: [first_name]"})
        messages = Path(pipeline.settings.rules) / "messages"
        messages.mkdir()
        (messages / "hello.yaml").write_text(MESSAGE)
        pipeline.publish_raw([])
        asyncio.run(settle(pipeline))
        port = free_port()
        serves = {"web": f"{HOST}:{port}", "feed_key": SECRET}
        with (
            pipeline.worker("-m", "streams", "deliver") as deliver,
            pipeline.worker("-m", "streams", "web", "--parts", "feed", **serves) as web,
        ):
            deliver.says("owned, ", PARTITIONS)
            web.says("web - listens at")
            yield pipeline, web, port


async def settle(pipeline: Pipeline) -> None:
    """As the group's first worker does."""
    async with opened_store(pipeline.settings) as store:
        await store.group.put(SETTLED, "partitions", str(PARTITIONS).encode())


def main(seconds: int) -> None:
    with delivering() as (pipeline, web, port):
        found = uvloop.run(latencies(pipeline, port, seconds))
        print(f"{len(found):,} streams, {RATE:,} changes a second: {percentiles(found, aim=200)}", flush=True)
        idle, told = uvloop.run(memory(pipeline, web, port))
        print(f"{STREAMS:,} streams: {idle:.0f} MB, {told:.0f} MB once each had a message (aim: under 400)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
