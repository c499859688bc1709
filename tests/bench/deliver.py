"""How many messages and webhooks one `segmenter deliver` brings away, on one core.

    python -m tests.bench.deliver [CHANGES]

On Apache Kafka and a real Redis. All changes are there when it starts, each another user's. First they make in-app
messages, then webhooks to an endpoint of this machine, while every change goes to another endpoint too, that hangs.
Prints messages a second by the clock, and what a core would bring away, by the processor time that the process took.
"""

import asyncio
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvloop

from streams.embedded.server import HOST, free_port
from streams.outputs.change import encode_identified
from streams.state.opening import opened_store
from tests.bench.collect import processor_s
from tests.bench.feed import MESSAGE, entering, now_ms
from tests.bench.state import SyncsEverySecond
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.pipeline import PARTITIONS, Pipeline

CHANGES: Final = 40_000
WITHIN_S: Final = 150.0
SECRET: Final = "whsec_" + "c" * 44
WEBHOOKS: Final = (
    "endpoints:\n  good: {{url: 'http://{host}:{good}/', secret: SECRET, segments: all}}\n"
    "  hangs: {{url: 'http://{host}:{hangs}/', secret: SECRET, segments: all}}\n"
)


class Endpoints:
    """One that answers at once and counts, one that never answers; in a thread of their own."""

    def __init__(self) -> None:
        self.good, self.hangs, self.taken = free_port(), free_port(), 0

    @contextmanager
    def served(self) -> Iterator["Endpoints"]:
        thread = threading.Thread(target=lambda: uvloop.run(self._serve()), daemon=True)
        thread.start()
        yield self

    async def _serve(self) -> None:
        await asyncio.start_server(self._hang, HOST, self.hangs)
        await asyncio.start_server(self._take, HOST, self.good)
        await asyncio.Event().wait()

    async def _hang(self, reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        while await reader.read(1 << 16):
            pass

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
            except asyncio.IncompleteReadError:
                return
            await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
            self.taken += 1
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")


def published(pipeline: Pipeline, changes: int) -> None:
    def records() -> Iterator[tuple[str, str, bytes]]:
        for number in range(changes):
            made = entering(f"user-{number}")
            yield "segment-changes", made.subject, encode_identified(made, made.id, now_ms(), 3_600_000)

    pipeline.publish_raw(records())


def measure(pipeline: Pipeline, count: int, done: Callable[[], int], what: str, aim: str) -> None:
    """From its first shard on."""
    with pipeline.worker("-m", "streams", "deliver") as deliver:
        deliver.says("owned, ", PARTITIONS)
        first, began, used = done(), time.perf_counter(), processor_s(deliver.pid)
        while (now := done()) < count:
            assert time.perf_counter() < began + WITHIN_S, f"{now} of {count}"
            time.sleep(0.2)
        wall_s, core_s = time.perf_counter() - began, processor_s(deliver.pid) - used
        brought = count - first
        print(
            f"{brought:,} {what}: {brought / wall_s:,.0f} a second, a core {brought / core_s:,.0f} (aim: {aim})",
            flush=True,
        )


def read_so_far(pipeline: Pipeline) -> int:
    """How many changes are dealt with, of all shards."""

    async def positions() -> int:
        async with opened_store(pipeline.settings) as store:
            found = [await store.deliveries.progress(shard) for shard in range(PARTITIONS)]
            return sum(each.positions.get("segment-changes", 0) for each in found if each is not None)

    return asyncio.run(positions())


@contextmanager
def waiting(group: str, kafka: str, redis: str, files: Mapping[str, str], changes: int) -> Iterator[Pipeline]:
    """A pipeline with so many changes that nobody has read."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = Pipeline(kafka, redis, group, Path(folder))
        pipeline.use({"a": "enter: count(any) >= 1\ninclude: [first_name]"})
        (Path(pipeline.settings.rules) / "messages").mkdir()
        for name, text in files.items():
            (Path(pipeline.settings.rules) / name).write_text(text)
        published(pipeline, changes)
        yield pipeline


def main(changes: int) -> None:
    endpoints = Endpoints()
    hooks = WEBHOOKS.format(host=HOST, good=endpoints.good, hangs=endpoints.hangs)
    with ApacheKafka() as kafka, SyncsEverySecond() as redis, endpoints.served():
        with waiting("in-app", kafka.address, redis.url, {"messages/hello.yaml": MESSAGE}, changes) as pipeline:
            measure(pipeline, changes, lambda: read_so_far(pipeline), "in-app messages", "5,000")
        with waiting("hooks", kafka.address, redis.url, {"webhooks.yaml": hooks}, changes // 2) as pipeline:
            pipeline.environment |= {"SECRET": SECRET, "SEGMENTER_WEBHOOK_PRIVATE": "127.0.0.0/8"}
            what = "webhooks beside an endpoint that hangs"
            measure(pipeline, changes // 2, lambda: endpoints.taken, what, "1,000")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CHANGES)
