"""How long the dashboard and the API take on the server: a hundred segments, a million profiles, a real Redis.

Goes out: milliseconds, the median and the 99th of a hundred, and bytes as they are sent. `python -m tests.bench.window`
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any, Final

from httpx import ASGITransport, AsyncClient
from msgspec import structs
from starlette.applications import Starlette

from streams import rulefiles
from streams.core.changes import Change
from streams.core.engine.shard import Shard
from streams.core.flows import last_days
from streams.core.instants import DAY_MS, format_time
from streams.embedded.redis import RedisServer
from streams.kafka.partitioning import homes
from streams.native.build import compile_kernel
from streams.outputs.timeline import encode_entry
from streams.settings import Settings, cache_folder
from streams.state.counting import SINCE
from streams.state.format import COUNTED, DOCUMENTS, FLOWS, MEMBERS, ROWS, SETTLED, TIMELINE
from streams.state.redis_store import RedisStore
from streams.state.store import Checkpoint, Write
from streams.testing import Record, decoded, identify, track
from streams.web import api, dashboard
from streams.web.stopping import Stopping
from streams.web.views.overview import overview
from streams.web.views.window import Window
from tests.state.changes import entered, exited
from tests.state.checkpoints import claimed

SHARDS: Final = 4
SEGMENTS: Final = 100
PROFILES: Final = 1_000_000
MESSAGES: Final = 20
LISTED: Final = 5_000  # users of a shard with a timeline
AT_ONCE: Final = 10_000
TIMES: Final = 100
NOW: Final = time.time_ns() // 1_000_000


def rules(folder: Path) -> None:
    for number in range(SEGMENTS):
        text = f'segment: s{number:02}\ndescription: Bench\nenter: count("E{number % 20}", days=30) >= {number % 7 + 1}'
        (folder / f"s{number:02}.yaml").write_text(text)
    (folder / "messages").mkdir()
    for number in range(MESSAGES):
        text = f"message: m{number:02}\non: enters s{number:02}\ntitle: Hello {{{{ user_id }}}}\nbody: Bench"
        (folder / "messages" / f"m{number:02}.yaml").write_text(text)


def events(user: str) -> Iterator[Record]:
    yield identify(user, format_time(NOW - DAY_MS), plan="pro", role="admin")
    for number in range(20):
        yield track(user, f"E{number}", format_time(NOW - number * DAY_MS // 2))


async def fill(store: RedisStore, settings: Settings) -> None:
    """A few profiles as they are, and as many copies of one as it takes."""
    rulebook = rulefiles.load(settings.rules)
    await store.group.put(SETTLED, "partitions", str(SHARDS).encode())
    days = [period.name for period in last_days(settings.calendar, NOW, 30)]
    for number in range(SHARDS):
        users = [f"u-{n}" for n in range(40) if homes(f"u-{n}", SHARDS, "murmur2")[0] == number]
        shard = Shard(rulebook, settings.calendar)
        shard.step(decoded(rulebook, [each for user in users for each in events(user)]))
        shard.tick(NOW)
        dirty = shard.take_dirty()
        flows = [(name, (day, 3, 1)) for name in rulebook.segments for day in days]
        joined = [(name, f"m-{number}-{n}") for name in rulebook.segments for n in range(500)]
        writes: list[Write[Any, Any]] = [Write(ROWS, dirty.rows), Write(DOCUMENTS, dirty.documents)]
        writes += [Write(FLOWS, flows), Write(COUNTED, [(SINCE, 0)]), Write(MEMBERS, joined)]
        await claimed(store.shards, number, 1)
        await store.shards.save(number, 1, Checkpoint(1, shard.head(), {}, writes))
        past = [change for day in range(5) for change in moves(day)]
        listed = [
            (f"c-{number}-{n}", encode_entry(structs.replace(change, subject=f"c-{number}-{n}")))
            for n in range(LISTED)
            for change in past
        ]
        await store.shards.save(number, 1, Checkpoint(2, shard.head(), {}, [Write(TIMELINE, listed, most=20)]))
        row = dirty.rows[0][1]
        for place, start in enumerate(range(0, PROFILES // SHARDS, AT_ONCE)):
            copies = [(f"c-{number}-{n}", row) for n in range(start, start + AT_ONCE)]
            await store.shards.save(number, 1, Checkpoint(3 + place, shard.head(), {}, [Write(ROWS, copies)]))


def moves(day: int) -> tuple[Change, Change]:
    """In, and out a day later."""
    at_ms = NOW - (10 - 2 * day) * DAY_MS
    return entered("", "s01", at_ms), exited("", "s01", at_ms + DAY_MS)


async def measure(name: str, ask: Callable[[], Awaitable[Any]], size: int = 0) -> None:
    took: list[float] = []
    for _ in range(TIMES):
        began = time.perf_counter()
        await ask()
        took.append((time.perf_counter() - began) * 1_000)
        await asyncio.sleep(0)
    cuts = quantiles(took, n=100)
    print(f"{name:<40} median {cuts[49]:6.1f} ms   99th {cuts[98]:6.1f} ms   {size:>7,} bytes")


@asynccontextmanager
async def filled() -> AsyncIterator[Window]:
    """What is looked through: the group, in a Redis of its own."""
    compile_kernel(cache_folder())
    with TemporaryDirectory() as made, RedisServer() as redis:
        rules(Path(made))
        settings = Settings.from_environment({}, redis=redis.url, rules=made)
        store = RedisStore(redis.url, settings.group)
        await fill(store, settings)
        window = Window(settings, Stopping(), lambda: NOW)
        yield window
        await window.store.close()
        await store.close()


async def measure_all(window: Window) -> None:
    served = [*dashboard.served(window).routes, *api.served(window).routes]
    transport = ASGITransport(Starlette(routes=served))
    await measure("the overview, worked out anew", lambda: overview(window))
    async with AsyncClient(transport=transport, base_url="http://localhost") as client:
        await client.get("/dashboard/segment?name=s01")
        began = time.perf_counter()
        await client.get("/api/v1/segments/s01/stays")
        print(f"how long people stay, of all segments     once {(time.perf_counter() - began) * 1_000:6.1f} ms")
        for path in (
            *("/dashboard/", "/dashboard/segment?name=s01", "/dashboard/user?id=u-1"),
            *("/dashboard/messages", "/dashboard/message?name=m01&user=u-1"),
        ):
            sent = await client.get(path)
            size = int(sent.headers.get("content-length", 0))

            async def drawn(path: str = path) -> None:
                assert (await client.get(path)).status_code == 200

            await measure(path, drawn, size)
        for path in (
            *("/segments", "/segments/s01", "/users/u-1", "/users/u-1/explain?rule=s01", "/users/u-1/forecast"),
            *("/users/u-1/timeline", "/rules", "/versions", "/messages", "/messages/m01"),
        ):
            sent = await client.get(f"/api/v1{path}")

            async def asked(path: str = path) -> None:
                assert (await client.get(f"/api/v1{path}")).status_code == 200

            await measure(f"/api/v1{path}", asked, len(sent.content))


async def main() -> None:
    async with filled() as window:
        await measure_all(window)


if __name__ == "__main__":
    asyncio.run(main())
