"""The collector against an empty Starlette endpoint that reads the same body, on one core, by turns.

    python -m tests.bench.collect [ROUNDS]

On Apache Kafka. Of each, for batches of 100 events and for single ones: requests a second, and what a core would
answer, by the processor time that the server took. Then the collector at half of its rate: median and p99. Prints
medians over the rounds, and ratios; and of an event in a batch the least that anything must cost which hands it on: to
find it in the body, to read whether it counts, to write it into a batch of Kafka's.
"""

import asyncio
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Final, NamedTuple

import msgspec
import uvicorn
import uvloop
from aiokafka.producer.message_accumulator import BatchBuilder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from streams.embedded.server import HOST, free_port
from streams.sources.segment_spec import Skim
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.collector import CollectorProcess
from tests.e2e.pipeline import ROOT, Pipeline

ROUNDS = 5
SECONDS = 3.0
CONNECTIONS: Final = 64
TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
PATHS: Final = {100: "/v1/batch", 1: "/v1/track"}


class Measured(NamedTuple):
    """Requests a second; those that a core would answer; how long they took, s."""

    rate: float
    a_core: float
    took: list[float]


def event(number: int) -> dict[str, object]:
    return {
        "type": "track",
        "event": "Report Created",
        "userId": f"user-{number % 5_000}",
        "messageId": f"node-next-{number}-0123456789abcdef",
        "timestamp": f"2026-03-01T12:00:00.{number % 1_000:03}Z",
        "context": {"library": {"name": "@segment/analytics-node", "version": "2.3.0"}},
        "properties": {"format": "pdf", "pages": 12},
        "integrations": {},
    }


def requests(size: int) -> list[bytes]:
    """A few that differ, ready to be written to a socket."""
    made = []
    for first in range(0, 20 * size, size):
        events = [event(number) for number in range(first, first + size)]
        said = {"batch": events, "sentAt": "2026-03-01T12:00:01Z"} if size > 1 else events[0]
        body = json.dumps(said).encode()
        head = f"POST {PATHS[size]} HTTP/1.1\r\nHost: here\r\nX-Write-Key: SERVER\r\nContent-Length: {len(body)}"
        made.append(head.encode() + b"\r\n\r\n" + body)
    return made


async def load(port: int, size: int, seconds: float, rate: float | None = None) -> list[float]:
    """How long each request took from when it was due. rate: so many a second; as many as are answered where None."""
    end, took, made = time.perf_counter() + seconds, list[float](), itertools.cycle(requests(size))

    async def connection(number: int) -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        due = time.perf_counter() + (number / rate if rate else 0)
        while due < end:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            began = due if rate else time.perf_counter()
            writer.write(next(made))
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert b" 200 " in head[:20], head
            await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
            took.append(time.perf_counter() - began)
            due = due + CONNECTIONS / rate if rate else time.perf_counter()
        writer.close()

    await asyncio.gather(*map(connection, range(CONNECTIONS)))
    return took


def measure(pid: int, port: int, size: int) -> Measured:
    before = processor_s(pid)
    took = uvloop.run(load(port, size, SECONDS))
    return Measured(len(took) / SECONDS, len(took) / (processor_s(pid) - before), took)


def processor_s(pid: int) -> float:
    """What a process has used of a processor."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


@contextmanager
def empty_endpoint() -> Iterator[tuple[int, int]]:
    """Its process and port."""
    port = free_port()
    with subprocess.Popen([sys.executable, "-m", __spec__.name, "serve", str(port)], cwd=ROOT) as process:
        try:
            time.sleep(3)
            yield process.pid, port
        finally:
            process.kill()


def serve(port: int) -> None:
    async def answer(request: Request) -> Response:
        await request.body()
        return JSONResponse({"success": True})

    app = Starlette(routes=[Route(path, answer, methods=["POST"]) for path in PATHS.values()])
    config = uvicorn.Config(
        app, HOST, port, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve())


def compare(rounds: int, collector: tuple[int, int], empty: tuple[int, int]) -> None:
    for size in PATHS:
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(measure(*collector, size))
            theirs.append(measure(*empty, size))
        rate, core = median(each.rate for each in ours), median(each.a_core for each in ours)
        print(f"{size:>3} events a request: {rate:,.0f} requests/s, {rate * size:,.0f} events/s; ", end="")
        print(f"a core {core:,.0f} requests, {core * size:,.0f} events; ", end="")
        print(f"{median(o.a_core / t.a_core for o, t in zip(ours, theirs, strict=True)):.2f} x an empty endpoint's")
        took = uvloop.run(load(collector[1], size, 3 * SECONDS, rate / 2))
        *_, p99 = quantiles(took, n=100)
        print(f"    at half of that rate: median {median(took) * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms", flush=True)


class Cut(msgspec.Struct):
    batch: list[msgspec.Raw]


class Skimmed(msgspec.Struct):
    batch: list[Skim]


def least(size: int = 100) -> None:
    """Of an event, us."""
    body = requests(size)[0].partition(b"\r\n\r\n")[2]
    cut, skim = msgspec.json.Decoder(Cut).decode, msgspec.json.Decoder(Skimmed).decode
    items = [bytes(each) for each in cut(body).batch]

    def written() -> None:
        batch = BatchBuilder(1 << 20, 0, is_transactional=False)
        for number, each in enumerate(items):
            batch.append(timestamp=1, key=b"user-%d" % number, value=each)
        batch.close()

    work = {"found": lambda: [bytes(each) for each in cut(body).batch], "read": lambda: skim(body), "written": written}
    costs = {name: min(timeit.repeat(do, number=200, repeat=10)) / 200 / size * 1e6 for name, do in work.items()}
    said = ", ".join(f"{name} {cost:.2f}" for name, cost in costs.items())
    print(f"the least that an event of a batch costs, us: {said}; together {sum(costs.values()):.2f}")


def main(rounds: int = ROUNDS) -> None:
    least()
    with ApacheKafka() as kafka, tempfile.TemporaryDirectory() as folder, empty_endpoint() as empty:
        pipeline = Pipeline(kafka.address, "redis://localhost:1/0", "bench", Path(folder))
        with CollectorProcess(pipeline) as collector:
            compare(rounds, (collector.pid, collector.port), empty)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]))
    else:
        main(*map(int, sys.argv[1:]))
