"""What aliases cost that nobody ever links: python -m tests.bench.unlinked [ALIASES [CONTEXT]]

ALIASES (200,000), one page view each, in one shard, where CONTEXT is 1 with all that a browser says beside it (it is
0): what each takes in Redis and, once they are loaded, in memory; and how long it takes until they are, all in all, of
our CPU and of Redis'. Aims: under 700 bytes each in both, a million in
under 10 s; and never so long without a turn for the other shards of a worker that their live events would be late.
Redis is a real one, on this machine.
"""

import asyncio
import gc
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from streams.core.events import Event, Value
from streams.core.identities.aliases import Aliases
from streams.core.links import Place, Unlinked
from streams.runtime.running import collect_garbage_rarely
from streams.settings import KEEP_UNLINKED_MS
from streams.state.format import ALIASES, UNLINKED
from streams.state.redis_client import RedisClient
from streams.state.redis_store import RedisStore
from streams.state.store import Checkpoint, Write
from tests.bench.state import SyncsEverySecond
from tests.state.checkpoints import claimed

MANY: Final = 200_000
AT_ONCE: Final = 10_000
START_MS: Final = 1_767_225_600_000  # 2026-01-01
PROPERTIES: Final = {"path": "/pricing", "referrer": "https://www.google.com/"}
NO_TRAITS: Final[Mapping[str, Value]] = {}
URL: Final = "https://www.acme.example/pricing"
SEARCH: Final = "?utm_source=google&utm_medium=cpc&utm_campaign=spring"
CONTEXT: Final[Mapping[str, Value]] = {  # as analytics.js sends it
    "library.name": "analytics.js",
    "library.version": "next-1.70.0",
    "locale": "de-AT",
    "timezone": "Europe/Vienna",
    "ip": "203.0.113.7",
    "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36",
    "page.path": "/pricing",
    "page.referrer": "https://www.google.com/",
    "page.search": SEARCH,
    "page.title": "Pricing",
    "page.url": URL + SEARCH,
    "campaign.source": "google",
    "campaign.medium": "cpc",
    "campaign.name": "spring",
}


def visit(number: int, context: Mapping[str, Value] | None) -> Event:
    """Under an id as browsers make them."""
    alias = f"{number:08x}-7f3a-4c1e-9b5d-{number * 7_919:012x}"
    said = (alias, START_MS + number, "Page Viewed", True, f"m-{number}", PROPERTIES, NO_TRAITS)
    return Event(*said, identity=Unlinked(), unread_context=context)


def checkpoints(aliases: Aliases, many: int, context: Mapping[str, Value] | None) -> Iterator[Checkpoint]:
    for number, first in enumerate(range(0, many, AT_ONCE), 1):
        for n in range(first, min(first + AT_ONCE, many)):
            aliases.keep(visit(n, context), Place("product-events/0", n))
        written = aliases.take()
        yield Checkpoint(number, b"", {}, [Write(UNLINKED, written.records), Write(ALIASES, written.standings)])


def resident() -> int:
    """Bytes of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def cpu_of(redis: RedisClient) -> float:
    """Seconds that it has computed."""
    used = await redis.call("INFO", "cpu")
    return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])


async def longest_turn() -> float:
    """Until it is cancelled: for how long at most (seconds of our CPU) nobody else had a turn."""
    longest, last = 0.0, time.process_time()
    with suppress(asyncio.CancelledError):
        while True:
            await asyncio.sleep(0.001)
            now = time.process_time()
            longest, last = max(longest, now - last), now
    return longest


def main(many: int = MANY, with_context: int = 0) -> None:
    collect_garbage_rarely()
    asyncio.run(bench(many, CONTEXT if with_context else None))


async def bench(many: int, context: Mapping[str, Value] | None) -> None:
    with SyncsEverySecond() as server:
        redis, store = RedisClient(server.url), RedisStore(server.url, "unlinked")
        await claimed(store.shards, 0, 1)
        before = (await redis.call("INFO", "memory"))["used_memory"]
        for checkpoint in checkpoints(Aliases(KEEP_UNLINKED_MS), many, context):
            await store.shards.save(0, 1, checkpoint)
        in_redis = (await redis.call("INFO", "memory"))["used_memory"] - before
        gc.collect()
        in_memory, redis_s = resident(), await cpu_of(redis)
        watch, since, cpu_s = asyncio.create_task(longest_turn()), time.monotonic(), time.process_time()
        stored = await claimed(store.shards, 0, 2)
        assert stored is not None
        loaded = Aliases(KEEP_UNLINKED_MS)
        for _ in loaded.fill(stored[UNLINKED], stored[ALIASES]):  # as a worker does
            await asyncio.sleep(0)
        took_s, cpu_s = time.monotonic() - since, time.process_time() - cpu_s
        watch.cancel()
        redis_s = await cpu_of(redis) - redis_s
        del stored
        gc.collect()
        in_memory = resident() - in_memory
        assert len(loaded) == many
        print(
            f"{many:,} aliases: {in_redis / many:,.0f} bytes each in Redis, {in_memory / many:,.0f} in memory (aim:"
            f" under 700), loaded in {took_s:.1f} s, {cpu_s:.1f} of CPU and {redis_s:.1f} of Redis' (aim: under"
            f" {many / 100_000:.1f}), nobody else's turn for {1e3 * await watch:.0f} ms of CPU at most"
        )
        await store.close()
        await redis.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
