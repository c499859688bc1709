"""What a checkpoint costs in Redis: python -m tests.bench.state [redis url]

Prints, for rows of 60, 120 and 250 bytes: microseconds a row to save a checkpoint of 20,000 profiles, new ones and
known ones, and how much of that our own process takes; the same to load them; the memory a profile takes in Redis.
Then a tick that changes everything of every profile, and the small checkpoints of a worker that keeps up.
Without a URL it starts a Redis of its own, with an append-only file that is synced every second.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

from streams.embedded.redis import RedisServer
from streams.kafka.message import Message
from streams.state.format import DOCUMENTS, MEMBERS, MEMBERSHIPS, ROWS
from streams.state.redis_client import RedisClient
from streams.state.redis_store import RedisStore
from streams.state.store import Checkpoint, ShardStore, Write
from tests.state.checkpoints import claimed

PROFILES = 20_000
REPEATS = 5
USERS = [f"user-{user:08d}" for user in range(PROFILES)]
POSITIONS = {"product-events": 1_000_000}


class SyncsEverySecond(RedisServer):
    """As most people run it."""

    def command(self) -> Sequence[str]:
        return (*super().command(), "--appendfsync", "everysec")


@dataclass(frozen=True)
class Cost:
    wall_s: float
    cpu_s: float

    def per(self, count: int) -> str:
        return f"{self.wall_s / count * 1e6:6.2f} us ({self.cpu_s / count * 1e6:.2f} here)"


async def cost(call: Callable[[], Awaitable[object]]) -> Cost:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    await call()
    return Cost(time.perf_counter() - wall_s, time.process_time() - cpu_s)


def median(costs: Iterable[Cost]) -> Cost:
    ordered = sorted(costs, key=lambda cost: cost.wall_s)
    return ordered[len(ordered) // 2]


async def save_all(store: ShardStore, shard: int, checkpoints: Iterable[Checkpoint]) -> list[Cost]:
    await claimed(store, shard, 1)
    return [await cost(partial(store.save, shard, 1, checkpoint)) for checkpoint in checkpoints]


def rows_of(row_bytes: int, profiles: int = PROFILES) -> list[tuple[str, bytes]]:
    return [(user, os.urandom(row_bytes)) for user in USERS[:profiles]]


def of_rows(number: int, rows: list[tuple[str, bytes]]) -> Checkpoint:
    return Checkpoint(number, b"{}", POSITIONS, [Write(ROWS, rows)])


def everything(number: int) -> Checkpoint:
    """As a tick that moves every profile from one segment to the next."""
    return Checkpoint(
        number,
        b"{}",
        POSITIONS,
        [
            Write(ROWS, rows_of(120)),
            Write(DOCUMENTS, rows_of(300)),
            Write(
                MEMBERS,
                [(f"segment-{number}", user) for user in USERS],
                drop=[(f"segment-{number - 1}", user) for user in USERS],
            ),
            Write(MEMBERSHIPS, rows_of(150)),
        ],
        outbox=[Message("segment-changes", user.encode(), os.urandom(700)) for user in USERS],
    )


async def bench(url: str) -> None:
    group = f"bench-{os.getpid()}"
    store, redis = RedisStore(url, group), RedisClient(url)
    for shard, row_bytes in enumerate((60, 120, 250)):
        checkpoints = (of_rows(number, rows_of(row_bytes)) for number in range(REPEATS + 1))
        new, *known = await save_all(store.shards, shard, checkpoints)
        load = median([await cost(partial(claimed, store.shards, shard, 1)) for _ in range(REPEATS)])
        memory = await redis.call("MEMORY USAGE", f"{group}:{{{shard}}}:rows", "SAMPLES", 0)
        print(
            f"{row_bytes:4d} bytes a row:  new {new.per(PROFILES)}  known {median(known).per(PROFILES)}"
            f"  load {load.per(PROFILES)}  memory {memory / PROFILES:.0f} bytes a profile"
        )
    changes = await save_all(store.shards, 3, (everything(number) for number in range(REPEATS)))
    print(f"everything of every profile:  {median(changes).per(PROFILES)} a profile")
    for shard, profiles in enumerate((1, 10, 100, 1_000), start=4):
        rows = rows_of(120, profiles)
        small = await save_all(store.shards, shard, (of_rows(number, rows) for number in range(200)))
        print(f"{profiles:5d} profiles a checkpoint:  {median(small).per(1)} a checkpoint")
    await store.close()
    await redis.close()


if __name__ == "__main__":
    with nullcontext() if len(sys.argv) > 1 else SyncsEverySecond() as server:
        asyncio.run(bench(server.url if server else sys.argv[1]))
