"""A wave: the day windows of all profiles of one shard end at one midnight, while live events keep coming.

    python -m tests.bench.wave [PROFILES]

Prints how long a worker's loop takes over a wave in which nothing changes and over one in which every membership ends;
and how long live events waited meanwhile, from their fetch until they were applied, and until the change that each of
them causes was published: with a store in memory, and with a Redis that syncs its append-only file every second. Kafka
is left out.
"""

import asyncio
import sys
import time
from collections.abc import Sequence

import numpy as np

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.language.parser import parse_condition
from streams.core.rules.rulebook import Rulebook, Segment
from streams.kafka.message import Message
from streams.native.build import compile_kernel
from streams.runtime.running import collect_garbage_rarely
from streams.settings import cache_folder
from streams.state.memory import MemoryStore
from streams.state.redis_store import RedisStore
from streams.state.store import ShardStore, Store
from streams.testing import instant, track
from tests.bench.state import SyncsEverySecond
from tests.runtime.alone import Alone

NOON, MIDNIGHT = instant("2026-03-01 12:00"), instant("2026-03-02 00:00")
EVERY_S, AT_ONCE = 0.01, 20  # 2,000 live events a second
LIVE = b"live-"  # begins their users
WAVES = {
    "nothing changes": 'sum("Report Exported", "pages", days=1) >= 100',
    "all change": 'count("Report Exported", days=1) >= 1',
}


class Timed(Shard):
    """Notes when the events of a user were applied last."""

    applied: dict[str, float]

    def step(self, batch: Batch) -> list[Change]:
        changes = super().step(batch)
        self.applied.update(dict.fromkeys((event.subject for event in batch.events), time.monotonic()))
        return changes


class Live(Alone):
    """Feeds events, each of a new user, and notes when each was sent, and when its change was published."""

    def __init__(self, shard: Timed, store: ShardStore):
        super().__init__(shard, lambda: MIDNIGHT + 1_000, store)
        self.applied = shard.applied = {}
        self.sent: dict[str, float] = {}
        self.out: dict[str, float] = {}

    async def feed(self) -> None:
        while True:
            users = [f"{LIVE.decode()}{len(self.sent) + i}" for i in range(AT_ONCE)]
            self.sent.update(dict.fromkeys(users, time.monotonic()))
            self.arrive([track(user, "Signed In", MIDNIGHT, user) for user in users])
            await asyncio.sleep(EVERY_S)

    async def publish(self, topic: str, shard: int, messages: Sequence[Message]) -> None:
        await super().publish(topic, shard, messages)
        now = time.monotonic()
        for message in messages:
            if message.key.startswith(LIVE):
                self.out.setdefault(message.key.decode(), now)

    def waits(self, until: dict[str, float]) -> str:
        """The median and the 99th percentile."""
        waited = [until[user] - sent for user, sent in self.sent.items() if user in until]
        p50, p99 = np.percentile(waited, [50, 99]) * 1_000
        return f"{p50:,.0f} ms, p99 {p99:,.0f} ms"


def shard_of(profiles: int, condition: str) -> Timed:
    """Profiles that are all alike: each was active once, at noon."""
    rules = [
        Segment("at-work", parse_condition(condition)),
        Segment("awake", parse_condition('count("Signed In") >= 1')),
    ]
    shard = Timed(Rulebook(tuple(rules)))
    shard.applied = {}
    shard.step(Batch.of([Event("user-0", NOON, "Report Exported", True, None, {"pages": 1}, {})]))
    shard.table.rows([f"user-{i}" for i in range(profiles)])
    memory = shard.table.memory
    memory.words[:profiles], memory.due[:profiles] = memory.words[0], memory.due[0]
    shard.take_dirty()
    return shard


async def wave(title: str, profiles: int, condition: str, store: Store) -> None:
    live = Live(shard_of(profiles, condition), store.shards)
    loaded = await live.load()
    work, feed = asyncio.create_task(loaded.work()), asyncio.create_task(live.feed())
    await asyncio.sleep(0.5)
    begin = time.monotonic()
    loaded.time_came(MIDNIGHT, {})
    while loaded.shard.time_ms < MIDNIGHT:  # noqa: ASYNC110 - a shard tells nobody that its time has come
        await asyncio.sleep(0.01)
    took = time.monotonic() - begin
    feed.cancel()
    loaded.leave()
    await work
    await store.close()
    print(f"{title}: {profiles:,} profiles in {took:.1f} s; {live.published['segment-changes']:,} changes")
    print(f"  live events: applied after {live.waits(live.applied)}; published after {live.waits(live.out)}")


def main(profiles: int) -> None:
    compile_kernel(cache_folder())
    collect_garbage_rarely()
    for title, condition in WAVES.items():
        asyncio.run(wave(title, 1_000, condition, MemoryStore()))
        asyncio.run(wave(title, profiles, condition, MemoryStore()))
    for title, condition in WAVES.items():
        with SyncsEverySecond() as server:
            asyncio.run(wave(f"with Redis, {title}", profiles, condition, RedisStore(server.url, "wave")))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
