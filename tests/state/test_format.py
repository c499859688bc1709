"""The table of all that lies in Redis: nothing lies there that it does not name, and all that it names is kept."""

from typing import Any

import pytest
from redis.asyncio import Redis

from streams.state.collection import Collection, Form
from streams.state.format import (
    BACKTEST_STOPS,
    DELIVERY,
    DELIVERY_ROOM,
    FEEDS,
    FLOWS,
    GROUP,
    LOADED,
    MOVES,
    NEWS,
    OF_SUBJECTS,
    OUTBOX,
    POPULATIONS,
    SHADOW_MEMBERS,
    SHARD,
    SHARDS,
    STATE,
    STRIPE_EVENTS,
    TICKETS,
    TIMELINE,
)
from streams.state.redis_store import RedisStore
from streams.state.store import Checkpoint, Store, Write
from tests.state.checkpoints import claimed, message, whole

TYPES = {
    Form.HASH: "hash",
    Form.SET: "set",
    Form.SETS: "set",
    Form.STRINGS: "string",
    Form.SORTED: "zset",
    Form.LISTS: "list",
    Form.FLOWS: "hash",
    Form.FEEDS: "hash",
    Form.NEWS: "stream",
}
SAMPLES: dict[type, Any] = {str: "ü", bytes: b"\0\xff", int: 7}


def test_no_two_rows_have_one_key() -> None:
    for table in (SHARD, DELIVERY, GROUP):
        assert len({each.key for each in table}) == len(table)


async def test_every_key_in_redis_is_a_row_of_the_table_and_every_row_has_a_key(
    store: RedisStore,
    other: Redis,
    group: str,
) -> None:
    await claimed(store.shards, 3, epoch=1)
    await store.shards.save(3, 1, whole(1))
    await store.shards.save(3, 1, Checkpoint(2, b"", {}, [Write(each, [_sample(each)]) for each in LOADED]))
    looking: list[Write[Any, Any]] = [Write(TIMELINE, [("ü", b"")], most=1), Write(FLOWS, [("ü", ("h1", 1, 0))])]
    looking += [Write(MOVES, [("ü>ä", ("d1", 1, 0))]), Write(SHADOW_MEMBERS, [("dark", "ü")])]
    await store.shards.save(3, 1, Checkpoint(3, b"", {}, looking))
    await claimed(store.deliveries, 3, epoch=1)
    delivered = [Write(each, [_sample(each)]) for each in DELIVERY if each not in (STATE, OUTBOX, NEWS)]
    await store.deliveries.save(3, 1, Checkpoint(1, b"", {}, delivered, outbox=[message(1)]))
    for each in set(GROUP) - {SHARDS, POPULATIONS, STRIPE_EVENTS, TICKETS, BACKTEST_STOPS}:
        await store.group.put(each, *_sample(each))
    for each in (STRIPE_EVENTS, TICKETS, BACKTEST_STOPS):
        await store.group.remember(each, "name", for_s=60)
        assert 0 < await other.ttl(f"{group}:{each.key}:name") <= 60
    await store.group.put(POPULATIONS.under("rfm"), 3, b"")
    rows = {f"{group}:{{3}}:{each.key}": each for each in SHARD} | {f"{group}:{each.key}": each for each in GROUP}
    rows |= {f"{group}:{{3}}:{DELIVERY_ROOM}{each.key}": each for each in DELIVERY}
    rows[f"{group}:{DELIVERY_ROOM}{SHARDS.key}"] = SHARDS
    found = set()
    async for key in other.scan_iter(f"{group}:*"):
        row = next(name for name in rows if f"{key}:".startswith(f"{name}:"))
        assert await other.type(key) == TYPES[rows[row].form]
        found.add(row)
    assert found == set(rows)


@pytest.mark.parametrize("collection", [each for each in LOADED if each is not OUTBOX], ids=lambda each: each.key)
async def test_whoever_claims_a_shard_finds_what_was_put_and_not_what_was_dropped(
    kept: Store, collection: Collection[Any, Any]
) -> None:
    name, value = _sample(collection)
    await claimed(kept.shards, 0, epoch=1)
    await kept.shards.save(0, 1, Checkpoint(1, b"", {}, [Write(collection, [(name, value)])]))
    assert await kept.shards.get(0, collection, name) == value
    stored = await claimed(kept.shards, 0, epoch=2)
    assert stored is not None
    assert stored[collection] == {name: value}
    await kept.shards.save(0, 2, Checkpoint(2, b"", {}, [Write(collection, drop=[name])]))
    stored = await claimed(kept.shards, 0, epoch=3)
    assert stored is not None
    assert stored[collection] == {}
    assert await kept.shards.get(0, collection, name) is None


async def test_of_an_erased_subject_nothing_stays_that_is_kept_by_subject_and_what_is_new_does(kept: Store) -> None:
    await claimed(kept.shards, 0, epoch=1)
    by_subject = [each for each in OF_SUBJECTS if each.form is not Form.LISTS]
    old = [Write(each, [("ann", b"old"), ("bob", b"old"), ("cid", b"old")]) for each in by_subject]
    new = [Write(each, [("bob", b"new")]) for each in by_subject]
    await kept.shards.save(0, 1, Checkpoint(1, b"", {}, old))
    await kept.shards.save(0, 1, Checkpoint(2, b"", {}, new, erased=["ann", "bob"]))
    for each in by_subject:
        found = [await kept.shards.get(0, each, user) for user in ("ann", "bob", "cid")]
        assert found == [None, b"new", b"old"]


def _sample(collection: Collection[Any, Any]) -> tuple[Any, Any]:
    if collection.form is Form.FLOWS:
        return "ü", ("d1", 1, 0)
    if collection is FEEDS:
        return "ü", ("m1", b"\0\xff")
    return SAMPLES[collection.name], SAMPLES[collection.value]
