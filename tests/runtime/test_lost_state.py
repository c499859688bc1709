"""What Redis has lost of a shard is made anew; what is said of memberships then is newer than what was said."""

from copy import deepcopy
from typing import Final

import pytest

from streams.outputs.change import decode_change
from streams.state.store import Store
from tests.rulebooks import rulebook
from tests.runtime.lives import Owner
from tests.runtime.one_shard import NOON, OneShard
from tests.runtime.world import World, lose

BEFORE: Final = rulebook(open='count("Opened") >= 1')
AFTER: Final = rulebook(open='count("Opened") >= 1', busy='count("Printed") > count("Closed")')


async def test_versions_grow_although_redis_lost_the_last_checkpoints() -> None:
    """A backlog is cut into fewer checkpoints than it was at first, so that their numbers alone would fall behind."""
    shard = OneShard(["Opened", "Closed", "Opened", "Closed", "Opened"])
    async with shard.owned():
        await shard.fetch(1)
    kept = deepcopy(shard.store)
    async with shard.owned():
        for stop in (2, 3, 4):
            await shard.fetch(stop)
    assert [is_in for _, is_in in shard.stands] == [True, False, True, False]
    shard.store.__dict__.update(kept.__dict__)
    shard.now_ms += 1_000
    async with shard.owned():
        await shard.fetch(5)
    assert shard.stands == sorted(shard.stands)
    assert shard.stands[-1][1]
    assert len({version for version, _ in shard.stands}) == 5


async def test_versions_grow_although_redis_lost_the_last_checkpoints_of_an_owner_and_the_clock_went_back() -> None:
    shard = OneShard(["Opened", "Closed", "Opened", "Closed", "Opened"])
    async with shard.owned():
        await shard.fetch(1)
        kept = deepcopy(shard.store)
        for stop in (2, 3, 4):
            await shard.fetch(stop)
    shard.store.__dict__.update(kept.__dict__)
    shard.now_ms -= 60_000
    async with shard.owned():
        await shard.fetch(5)
    assert [is_in for _, is_in in shard.stands] == [True, False, True, False, True]
    assert shard.stands == sorted(shard.stands)
    assert len({version for version, _ in shard.stands}) == 5


async def test_versions_grow_although_redis_lost_what_another_did_meanwhile() -> None:
    """So that what we have is what Redis has again, and what was published since is of neither."""
    shard = OneShard(["Opened", "Closed"])
    async with shard.owned():
        await shard.fetch(1)
    left, kept = shard.left, deepcopy(shard.store)
    shard.now_ms += 1_000
    async with shard.owned():
        await shard.fetch(2)
    shard.store.__dict__.update(kept.__dict__)
    shard.now_ms += 1_000
    async with shard.owned(left):
        assert shard.loaded is left.shard
        await shard.fetch(2)
    assert [is_in for _, is_in in shard.stands] == [True, False, False]
    assert shard.stands == sorted(shard.stands)


async def test_versions_grow_although_what_is_published_again_is_older_than_what_was_said() -> None:
    """Redis comes back as it was when the first change was saved, and had not been published."""
    shard = OneShard(["Opened", "Closed", "Opened"])
    async with shard.owned():
        shard.while_publishing = lambda: shard.kept.append(deepcopy(shard.store))
        for stop in (1, 2):
            await shard.fetch(stop)
    shard.store.__dict__.update(shard.kept[0].__dict__)
    shard.now_ms += 1_000
    async with shard.owned():
        assert [is_in for _, is_in in shard.stands] == [True, False, True]
        await shard.fetch(3)
    assert shard.stands == sorted(shard.stands)
    assert len({version for version, _ in shard.stands}) == len(shard.stands)


async def test_a_state_that_was_lost_is_made_anew_and_says_only_what_had_not_been_said() -> None:
    shard = OneShard(["Opened", "Closed", "Opened", "Closed"])
    async with shard.owned():
        for stop in (1, 2, 3):
            await shard.fetch(stop)
    del shard.published["segment-changes"][1], shard.published["segment-memberships"][1:]
    shard.lose()
    async with shard.owned():
        await shard.bring(3)
        assert [change.occurred_at for change in shard.changes] == [NOON, NOON + 2, NOON + 1]
        assert [is_in for _, is_in in shard.stands[3:]] == [True]
        await shard.time_comes()
        await shard.fetch(4)
    # The last that was told says that she left.
    assert [(change.entered, change.ordinal, change.cause) for change in shard.changes][3:] == [
        (True, 3, "backfill"),
        (False, 4, "event"),
    ]
    assert [is_in for _, is_in in shard.stands[3:]] == [True, True, False]
    assert shard.stands == sorted(shard.stands)


async def test_where_a_user_stands_is_said_although_the_change_had_been_said() -> None:
    """Redis was lost when the change was published, and where its user stands was not."""
    shard = OneShard(["Opened", "Closed"])
    async with shard.owned():
        for stop in (1, 2):
            await shard.fetch(stop)
    said = shard.stands.pop()
    del shard.published["segment-memberships"][1:]
    shard.lose()
    async with shard.owned():
        await shard.bring(1)
        await shard.fetch(2)
    assert [is_in for _, is_in in shard.stands] == [True, False]
    assert shard.stands[-1] > said
    assert len(shard.changes) == 2


async def test_a_state_that_is_made_anew_goes_on_with_it_after_a_crash_until_it_has_caught_up() -> None:
    shard = OneShard(["Opened", "Closed", "Opened", "Closed"])
    async with shard.owned():
        for stop in (1, 2, 3, 4):
            await shard.fetch(stop)
    said = [*shard.stands]
    shard.lose()
    for stop in (1, 2, 4):
        async with shard.owned():
            await shard.bring(stop)
        assert shard.rebuilds
        assert shard._owner.left is None, "what need not be said again is no part of what is left"
    async with shard.owned():
        await shard.time_comes()
    assert not shard.rebuilds
    assert shard.stands == said
    assert len(shard.changes) == 4


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("names", [["Closed"], [], ["Closed", "Printed", "Printed"]])
async def test_what_a_change_of_rules_told_is_not_told_again_as_of_when_it_would_have_been(
    kept: Store, names: list[str]
) -> None:
    """What she did since is told already: in between she would enter once more, and not leave again."""
    await lose(kept)
    world = World(kept.shards)
    world.event("dan", "Printed")
    await Owner(world, BEFORE).live()
    world.awaited, world.awaited_version, world.version = AFTER, 2, 2
    await Owner(world, AFTER, after=BEFORE).live()
    world.awaited = None
    for name in names:
        world.event("dan", name)
        await Owner(world, AFTER).live()
    told = [decode_change(message.value or b"") for message in world.of("segment-changes")]
    assert [(each.ordinal, each.cause) for each in told][:2] == [(1, "rule_change"), (2, "event")][: len(told)]
    await lose(kept)
    await Owner(world, AFTER).live()
    assert [decode_change(message.value or b"") for message in world.of("segment-changes")] == told
