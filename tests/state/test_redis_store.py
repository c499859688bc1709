"""What only a real Redis can show: crashes, lost answers, refusals, key names, a cluster."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest
import redis
from redis.asyncio import Redis

from streams.embedded.redis import RedisServer
from streams.errors import Fenced, StateError, StateLost, StateTooNew, Unreachable
from streams.state.format import (
    ALIASES,
    DOCUMENTS,
    MEMBERSHIPS,
    OBSERVED,
    POPULATIONS,
    QUINTILES,
    ROWS,
    SETTLED,
    UNLINKED,
)
from streams.state.redis_store import RedisStore
from streams.state.scanning import SLICE
from tests.conftest import Opens
from tests.state.checkpoints import checkpoint, claimed, whole
from tests.state.proxy import proxy

# ------------------------------------------------------------------------------------- crashes, lost answers


async def test_after_a_crash_the_state_is_as_of_the_last_answered_save_or_the_one_under_way(
    store: RedisStore, redis_server: RedisServer
) -> None:
    await claimed(store.shards, 0, epoch=1)
    answered = 0
    enough = asyncio.Event()

    async def save_until_it_crashes() -> None:
        nonlocal answered
        while True:
            await store.shards.save(0, 1, whole(answered + 1, users=500))
            answered += 1
            if answered % 20 == 0:
                enough.set()

    for _ in range(3):
        enough.clear()
        saving = asyncio.create_task(save_until_it_crashes())
        await asyncio.wait_for(enough.wait(), timeout=300)
        await asyncio.to_thread(redis_server.kill)
        with pytest.raises(Unreachable):
            await saving
        await asyncio.to_thread(redis_server.start)
        stored = await claimed(store.shards, 0, epoch=1)
        assert stored is not None
        assert stored.number in (answered, answered + 1)
        assert stored.head == b"head %d" % stored.number
        assert set(stored[DOCUMENTS].values()) == {b"%d" % stored.number} == set(stored[ROWS].values())
        assert [message.value for message in stored.outbox] == [b"change %d" % n for n in range(1, stored.number + 1)]
        assert await store.shards.sizes() == {f"at-{stored.number}": 500}
        await store.shards.save(0, 1, whole(answered + 1, users=500))
        answered += 1


async def test_a_save_while_redis_is_down_succeeds_after_its_return_with_the_same_number(
    store: RedisStore, redis_server: RedisServer
) -> None:
    await claimed(store.shards, 0, epoch=1)
    await store.shards.save(0, 1, whole(1))
    redis_server.kill()
    for _ in range(2):
        with pytest.raises(Unreachable, match=rf"127\.0\.0\.1:{redis_server.port} does not answer"):
            await store.shards.save(0, 1, whole(2))
    redis_server.start()
    await store.shards.save(0, 1, whole(2))
    stored = await claimed(store.shards, 0, epoch=1)
    assert stored is not None
    assert stored.number == 2


async def test_a_save_whose_answer_was_lost_may_be_repeated(redis_server: RedisServer, opens: Opens) -> None:
    async with proxy(redis_server.port) as network:
        store = opens(f"redis://127.0.0.1:{network.port}")
        await claimed(store.shards, 0, epoch=1)
        await store.shards.save(0, 1, whole(1))
        network.loses_answers = True
        with pytest.raises(Unreachable):
            await store.shards.save(0, 1, whole(2))
        network.loses_answers = False
        assert await store.shards.get(0, MEMBERSHIPS, "u-0") == b"2"
        await store.shards.save(0, 1, whole(2))
        await store.shards.save(0, 1, whole(3))
        stored = await claimed(store.shards, 0, epoch=1)
        assert stored is not None
        assert [message.value for message in stored.outbox] == [b"change 1", b"change 2", b"change 3"]


async def test_a_redis_that_lost_checkpoints_is_not_given_the_next_one(
    store: RedisStore, other: Redis, group: str
) -> None:
    await claimed(store.shards, 0, epoch=1)
    await store.shards.save(0, 1, whole(5))
    await store.shards.save(0, 1, whole(6))
    await other.hset(f"{group}:{{0}}:state", "number", "5")
    with pytest.raises(StateLost, match="up to 6: it has checkpoint 5"):
        await store.shards.save(0, 1, whole(7))
    await other.hdel(f"{group}:{{0}}:state", "number")
    with pytest.raises(StateLost, match="up to 6: it has nothing"):
        await store.shards.save(0, 1, whole(7))
    await other.delete(f"{group}:{{0}}:state")
    with pytest.raises(StateLost, match="shard 0 is gone"):
        await store.shards.save(0, 1, whole(7))
    assert await claimed(store.shards, 0, epoch=1) is None
    await store.shards.save(0, 1, whole(100))


async def test_a_store_that_did_not_see_the_shards_checkpoints_cannot_write_it(
    store: RedisStore, redis_server: RedisServer, opens: Opens
) -> None:
    await claimed(store.shards, 0, epoch=1)
    await store.shards.save(0, 1, whole(5))
    with pytest.raises(StateError, match="has checkpoint 5 already; 6 cannot come next"):
        await opens(redis_server.url).shards.save(0, 1, whole(6))


async def test_a_cancelled_save_leaves_no_answer_behind_for_the_next_call(store: RedisStore) -> None:
    await claimed(store.shards, 0, epoch=1)
    for number in range(1, 10):
        saving = asyncio.create_task(store.shards.save(0, 1, whole(number, users=200)))
        for _ in range(number):
            await asyncio.sleep(0)
        saving.cancel()
        await asyncio.wait([saving])
        await store.shards.save(0, 1, whole(number, users=200))
        assert await store.shards.get(0, MEMBERSHIPS, "u-0") == b"%d" % number


async def test_an_owner_that_is_replaced_while_it_claims_or_reads_is_told_so(
    store: RedisStore, other: Redis, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await claimed(store.shards, 0, epoch=1)
    await store.shards.save(0, 1, whole(1))
    read = store.shards._scan

    async def overtaken(*what: Any) -> Any:
        await other.hset(f"{group}:{{0}}:state", "epoch", "9")
        return await read(*what)

    monkeypatch.setattr(store.shards, "_scan", overtaken)
    with pytest.raises(Fenced, match="by another worker after this one"):
        await store.shards.claim(0, 2, after=1)
    monkeypatch.undo()
    await store.shards.claim(0, 10, after=9)
    await other.hset(f"{group}:{{0}}:state", "epoch", "10")
    monkeypatch.setattr(store.shards, "_scan", overtaken)
    with pytest.raises(StateLost, match="Redis lost that this worker claimed shard 0"):
        await store.shards.load(0, 10, {ROWS: lambda _: None})


async def test_the_next_slice_is_under_way_while_one_is_taken(store: RedisStore, redis_server: RedisServer) -> None:
    users, taken = 3 * SLICE, list[str]()
    await claimed(store.shards, 0, epoch=1)
    await store.shards.save(0, 1, whole(1, users=users))
    with redis.Redis.from_url(redis_server.url) as looking:
        looking.config_resetstat()

        def take(some: Sequence[tuple[str, bytes]]) -> None:
            """It awaits nothing: Redis answers what it was asked before."""
            calls.append(calls[-1] + 1)
            taken.extend(name for name, _ in some)
            until = time.monotonic() + 60
            while len(taken) < users and looking.info("commandstats")["cmdstat_hscan"]["calls"] < calls[-1]:
                assert time.monotonic() < until, "the next slice was not asked for"

        calls = [1]
        await store.shards.load(0, 1, {ROWS: take})
    assert len(calls) > 3
    assert sorted(taken) == sorted(f"u-{user}" for user in range(users))


# ------------------------------------------------------------------------------------- what others rely on


async def test_other_programs_read_members_and_memberships(store: RedisStore, other: Redis, group: str) -> None:
    await claimed(store.shards, 3, epoch=1)
    joined = [("churn-risk", "ü"), ("churn-risk", "b"), ("lifecycle/new", "b")]
    await store.shards.save(
        3, 1, checkpoint(1, rows=[("b", b"-")], joined=joined, memberships=[("b", b'{"schema":1}')])
    )
    assert await other.smembers(f"{group}:{{3}}:members:churn-risk") == {"ü", "b"}
    assert await other.smembers(f"{group}:{{3}}:members:lifecycle/new") == {"b"}
    assert await other.get(f"{group}:{{3}}:user:b") == '{"schema":1}'


async def test_no_key_expires_and_all_of_a_shard_bear_its_tag(store: RedisStore, other: Redis, group: str) -> None:
    await claimed(store.shards, 3, epoch=1)
    await store.shards.save(3, 1, whole(1))
    await store.group.replace(SETTLED, "partitions", b"", b"4")
    await store.group.replace(OBSERVED, 20_000, b"", b"seen")
    await store.group.put(POPULATIONS.under("rfm"), 3, b"population")
    await store.group.replace(QUINTILES, "rfm 1", b"", b"edges")
    keys = [key async for key in other.scan_iter(f"{group}:*")]
    names = ["documents", "members:at-1", "outbox", "rows", "segments", "state", "user:u-0"]
    of_all = [f"{group}:{name}" for name in ("populations:rfm", "quintiles", "settled", "shards", "sightings")]
    assert sorted(keys) == [*of_all, *(f"{group}:{{3}}:{name}" for name in names)]
    assert {await other.ttl(key) for key in keys} == {-1}


async def test_state_of_a_newer_format_is_refused_by_name_and_left_alone(
    store: RedisStore, other: Redis, group: str
) -> None:
    await claimed(store.shards, 0, epoch=1)
    await other.hset(f"{group}:{{0}}:state", "format", "4")
    with pytest.raises(StateTooNew, match="shard 0 has format 4, and this version of segmenter reads formats up to 3"):
        await claimed(store.shards, 0, epoch=5)
    assert await other.hget(f"{group}:{{0}}:state", "epoch") == "1"


async def test_state_of_the_format_before_is_taken_over_and_bears_ours(
    store: RedisStore, other: Redis, group: str
) -> None:
    await claimed(store.shards, 0, epoch=1)
    await store.shards.save(0, 1, whole(1))
    await other.hset(f"{group}:{{0}}:state", "format", "2")
    stored = await claimed(store.shards, 0, epoch=2)
    assert stored is not None
    assert (stored.number, stored[UNLINKED], stored[ALIASES]) == (1, {}, {})
    assert await other.hget(f"{group}:{{0}}:state", "format") == "3"
