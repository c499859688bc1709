"""Users erased in a loaded shard, and what the log says of it."""

import asyncio

from streams.core.engine.erasure import Erasure
from streams.core.engine.shard import Shard
from streams.runtime.counters import Counters
from streams.testing import instant, track
from tests.rulebooks import rulebook
from tests.runtime.alone import Alone

NOON = instant("2026-03-01 12:00")


async def test_events_of_erased_users_are_counted_and_nothing_of_them_is_kept() -> None:
    shard = Shard(rulebook(here="count(any) >= 1"))
    shard.erase([Erasure("ann", NOON)])
    alone = Alone(shard, lambda: NOON)
    loaded = await alone.load()
    alone.arrive(
        [track("ann", "Signed In", NOON - 1), track("ann", "Signed In", NOON), track("bob", "Signed In", NOON)]
    )
    asyncio.get_running_loop().call_soon(loaded.leave)
    await loaded.work()
    assert (alone.counters.events, alone.counters.refused) == (3, 2)
    assert alone.published == {"segment-memberships": 2, "segment-changes": 1}, "bob's, and a tombstone; no dead letter"


async def test_an_erasure_that_was_held_back_is_done_once_it_may_be_though_nothing_else_comes() -> None:
    shard = Shard(rulebook(here="count(any) >= 1"))
    alone = Alone(shard, lambda: NOON, commands=True)
    loaded = await alone.load()
    loaded.hold_erasures_from(0)
    working = asyncio.create_task(loaded.work())
    alone.arrive([track("ann", "Signed In", NOON)])
    alone.command(Erasure("ann", NOON))
    async with asyncio.timeout(60):
        while "ann" not in shard:  # noqa: ASYNC110 - nobody is told of what a shard has applied
            await asyncio.sleep(0)
        for _ in range(50):  # it comes to rest
            await asyncio.sleep(0)
        loaded.hold_erasures_from(1)
        while "ann" in shard:  # noqa: ASYNC110 - nobody is told of an erasure either
            await asyncio.sleep(0)
    loaded.leave()
    await working


def test_the_log_tells_of_erasures_and_of_what_was_refused() -> None:
    assert "erased" not in Counters().summary()
    assert Counters(events=1, changes=2, checkpoints=1).summary() == "1 event, 2 changes, 1 checkpoint"
    assert Counters(erasures=2, refused=1_200).summary().endswith("2 erasures, 1,200 refused of erased users")
