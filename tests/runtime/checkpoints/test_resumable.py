"""A shard that comes back to who had it: it goes on as it was, or is loaded where another had it meanwhile."""

import asyncio
from copy import deepcopy

import pytest

from streams.core.engine.shard import Shard
from streams.errors import Unreachable
from streams.runtime import shard_loop
from streams.runtime.shard_work import ShardWork
from streams.runtime.transport.fetching import Membership
from streams.state.fencing import Held
from streams.state.format import FORMAT, ROWS, TIMELINE
from tests.runtime.one_shard import INPUT, OTHERS, OneShard, until


async def test_a_shard_that_comes_back_goes_on_as_it_was_and_reads_again_what_was_not_saved() -> None:
    shard = OneShard(["Opened", "Closed", "Opened"])
    async with shard.owned():
        await shard.fetch(1)
        loaded = shard.loaded
        shard.apply_no_more()
        shard.receive(2)
    epoch = shard.left.epoch
    async with shard.owned(shard.left):
        assert shard.loaded is loaded
        assert shard.next_offset == 1
        assert shard._owner.left is None, "it is one from now on, and will not be what it was"
        assert (await shard.store.owner(0) or 0) > epoch, "what is on its way by the old claim would be taken"
        await shard.fetch(2)
        await shard.fetch(3)
    assert [is_in for _, is_in in shard.stands] == [True, False, True]
    assert shard.stands == sorted(shard.stands)
    stored, kept = shard.store._shards[0], shard.left
    assert dict(stored.contents[ROWS]) == dict(rows_of(kept.shard))
    assert (stored.held.epoch, stored.held.number, stored.positions) == (kept.epoch, kept.number, kept.positions)


def rows_of(shard: Shard) -> list[tuple[str, bytes]]:
    """All its profiles, as a checkpoint would write them."""
    shard.table.memory.dirty[: len(shard.table)] = 1
    return shard.take_dirty().rows


async def test_a_shard_that_another_had_meanwhile_is_loaded() -> None:
    shard = OneShard(["Opened", "Closed", "Opened"])
    async with shard.owned():
        await shard.fetch(1)
    left = shard.left
    async with shard.owned():
        await shard.fetch(2)
    async with shard.owned(left):
        assert shard.loaded is not left.shard
        assert shard.next_offset == 2
        await shard.fetch(3)
    assert [is_in for _, is_in in shard.stands] == [True, False, True]


async def test_a_shard_of_which_redis_lost_the_last_checkpoint_is_loaded() -> None:
    """The claim is there still: it is older."""
    shard = OneShard(["Opened", "Closed"])
    async with shard.owned():
        await shard.fetch(1)
        kept = deepcopy(shard.store)
        await shard.fetch(2)
    left = shard.left
    shard.store.__dict__.update(kept.__dict__)
    shard.now_ms += 1_000
    assert shard.store._shards[0].held.epoch == left.epoch
    async with shard.owned(left):
        assert shard.loaded is not left.shard
        assert shard.next_offset == 1
        await shard.fetch(2)
    assert shard.stands == sorted(shard.stands)


async def test_a_shard_under_other_rules_is_loaded() -> None:
    shard = OneShard(["Opened", "Opened"])
    async with shard.owned():
        await shard.bring(1)
    shard._worker = shard.under(OTHERS)
    async with shard.owned(shard.left):
        await shard.bring(2)
    assert shard.changes[-1].segment == "plenty"


async def test_of_a_shard_whose_last_checkpoint_was_not_taken_nothing_is_left() -> None:
    shard = OneShard(["Opened"])
    async with shard.owned():
        await shard.bring(1)
        shard.store._shards[0].held = Held(FORMAT, 1 << 60, 1)  # another has claimed it
        assert shard._owner.loaded is not None
        shard._owner.loaded.shard.time_ms += 1
    assert shard._owner.left is None


async def test_of_a_shard_whose_last_checkpoint_is_not_public_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next owner is to publish what Redis alone has."""
    shard = OneShard(["Opened", "Closed"])

    def refuse() -> None:
        raise Unreachable("Kafka does not answer")

    async with shard.owned():
        await shard.fetch(1)
        monkeypatch.setattr(shard_loop, "WRITTEN_WITHIN_S", 0.05)
        shard.while_publishing = refuse
        shard.receive(2)
        await until(lambda: shard.store._shards[0].positions[INPUT.topic] == 2)
    shard.while_publishing = lambda: None
    async with shard.owned(shard._owner.left):
        await until(lambda: len(shard.stands) == 2)
    assert [is_in for _, is_in in shard.stands] == [True, False]


async def test_of_a_shard_with_profiles_that_other_rules_wrote_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are in no checkpoint as they are in memory."""
    shard = OneShard(["Opened", "Opened"])
    async with shard.owned():
        await shard.bring(2)
    shard._worker = shard.under(OTHERS)
    monkeypatch.setattr(ShardWork, "_migrate", lambda _: False)  # its turn does not come
    async with shard.owned():
        assert shard.loaded.is_stale
    assert shard._owner.left is None
    monkeypatch.undo()
    async with shard.owned(shard._owner.left):
        await until(lambda: len(shard.stands) == 2)
    assert shard.changes[-1].segment == "plenty"


async def test_a_shard_that_kafka_has_given_to_another_is_not_claimed_back() -> None:
    shard = OneShard(["Opened"])
    async with shard.owned():
        await shard.fetch(1)
    left, zombie = shard.left, shard.owner(shard.left)
    shard.membership = Membership(shard.membership.generation + 1, "another")
    async with asyncio.timeout(60):
        await zombie.run()
    assert shard.store._shards[0].held.epoch == left.epoch


async def test_a_shard_that_somebody_claims_while_we_claim_it_back_is_loaded() -> None:
    """A zombie, which asked Kafka before the shard was given to us."""
    shard = OneShard(["Opened", "Closed"])
    async with shard.owned():
        await shard.fetch(1)
    left = shard.left

    def claim_it() -> None:
        shard.while_asking = lambda: None
        shard.store._shards[0].held = shard.store._shards[0].held._replace(epoch=left.epoch + 1)

    shard.while_asking = claim_it
    async with shard.owned(left):
        assert shard.loaded is not left.shard
        await shard.fetch(2)
    assert [is_in for _, is_in in shard.stands] == [True, False]


async def test_of_a_shard_that_comes_back_as_much_is_kept_as_the_settings_say() -> None:
    shard = OneShard(["Opened", "Closed", "Opened"], timeline=1)
    async with shard.owned():
        await shard.fetch(1)
    async with shard.owned(shard.left):
        await shard.fetch(2)
        await shard.fetch(3)
    assert len(await shard.store.entries(0, TIMELINE, "ann")) == 1
