"""A Redis that is emptied while rules await their past, or take it over: in the end all is as if they had always been
there, at whatever step that happens, and whether or not anybody noticed."""

import asyncio
from collections.abc import Sequence
from typing import Final

import pytest

from streams.lifecycle.awaiting import Made
from streams.state.format import past_room
from streams.state.memory import MemoryStore
from streams.state.store import Store
from tests.core.identities.people import SignIn, Step, Visit
from tests.runtime.company import live
from tests.runtime.happenings import Published, records
from tests.runtime.lives import Owner
from tests.runtime.pasts import AFTER, BEFORE, Group, stands, told
from tests.runtime.world import PARTITIONS, lose

pytestmark = pytest.mark.usefixtures("at_once")

HISTORY: Final[Sequence[Step]] = (
    *(SignIn("ann", None), SignIn("dan", None), Visit("a-1"), SignIn("ann", "a-1"), SignIn("ann", None)),
    *(SignIn("cy", None), SignIn("dan", None), SignIn("ann", "a-1"), SignIn("cy", None), Visit("a-1")),
)
UNTIL: Final = 6  # of its records: what was there before the rules came


async def begun(kept: Store) -> tuple[Group, Group, list[Published]]:
    """A group under the rules of before, one that always had those that come, and what both are to be told then."""
    await lose(kept)
    published = records(HISTORY)
    always, company = Group(MemoryStore(), {}, AFTER), Group(kept, {}, BEFORE)
    company.world.version = 1
    for group in (always, company):
        await live(group, published[:UNTIL])
    await company.settle_all()
    return company, always, published[UNTIL:]


async def are_as_if_always(company: Group, always: Group, rest: Sequence[Published]) -> None:
    for group in (always, company):
        await live(group, rest)
    assert await stands(company) == await stands(always)
    assert len(told(company)) == len({each.id for each in told(company).values()})


async def has_rooms(company: Group, version: int) -> bool:
    room = company.kept.shards.beside(past_room(version))
    return all([await room.progress(shard) is not None for shard in range(PARTITIONS)])


@pytest.mark.parametrize("in_memory", [True, False])
async def test_a_shard_that_is_to_take_over_a_past_that_is_not_there_makes_it(kept: Store, in_memory: bool) -> None:
    """Redis was emptied after all were ready, and shards were made anew under the rules of before."""
    company, always, rest = await begun(kept)
    world = company.world
    world.version, world.has_past = 2, True
    company.rules, company.after = AFTER, BEFORE if in_memory else None
    await company.settle_all()
    world.has_past, company.after = False, None  # all have it
    await company.settle_all()
    await are_as_if_always(company, always, rest)
    assert not await has_rooms(company, 2)


async def test_rules_that_come_without_a_past_begin_empty(kept: Store) -> None:
    company, always, rest = await begun(kept)
    company.world.version, company.rules = 2, AFTER
    await company.settle_all()
    with pytest.raises(AssertionError):
        await are_as_if_always(company, always, rest)


async def until_ready(owner: Owner, after: int = 0) -> list[Made]:
    """All that is said of the past of its shard, until that is ready, by a claim after that one."""
    said = list[Made]()
    async with asyncio.timeout(60):
        while not said or said[-1].epoch <= after or not said[-1].is_ready or said[-1].moves is None:
            await asyncio.sleep(0)
            owner._fetch()
            made = owner._owner.made
            if made is not None and (not said or said[-1] != made):
                said.append(made)
    return said


async def test_a_past_that_redis_has_lost_is_ready_no_more_though_nothing_comes_by_which_it_would_be_noticed(
    kept: Store,
) -> None:
    company, *_ = await begun(kept)
    world = company.world
    world.awaited, world.awaited_version, world.has_limit = AFTER, 2, True
    owner = Owner(world, BEFORE)
    running = asyncio.create_task(owner._owner.run())
    *_, before = await until_ready(owner)
    room = kept.shards.beside(past_room(2))
    assert await room.owner(1) == before.epoch
    await lose(kept)
    world.now_ms += 1_000
    async with asyncio.timeout(60):
        while owner._owner.made is not None and owner._owner.made.epoch == before.epoch:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0)
    first, *_, after = await until_ready(owner, before.epoch)
    assert not first.is_ready
    assert first.moves is None
    assert (await room.owner(1), await room.progress(1) is not None) == (after.epoch, True)
    owner._owner.leave()
    await running


async def test_a_past_that_was_taken_over_is_made_anew_where_the_rules_of_before_are_back(kept: Store) -> None:
    """Redis was emptied, and who had not seen yet that others were live was the first to put back what it knew."""
    company, *_ = await begun(kept)
    world = company.world
    world.awaited, world.awaited_version, world.has_limit = AFTER, 2, True
    owner = Owner(world, BEFORE)
    shard, others = owner._owner, owner._awaits
    assert others is not None
    running = asyncio.create_task(shard.run())
    *_, before = await until_ready(owner)
    await shard.take_over(others)
    await lose(kept)
    world.now_ms += 1_000
    await shard.take_over(owner._worker)
    *_, after = await until_ready(owner, before.epoch)
    assert await kept.shards.beside(past_room(2)).owner(1) == after.epoch
    shard.leave()
    await running


async def taken_over(company: Group, in_memory: bool) -> None:
    """As workers do it, however often Redis is emptied: what was ready is so while Redis has it."""
    world = company.world
    world.awaited, world.awaited_version, world.has_past = AFTER, 2, True
    while True:
        await company.settle_all()
        if await has_rooms(company, 2):
            break
    world.version = 2
    company.rules, company.after = AFTER, BEFORE if in_memory else None
    if not in_memory:
        world.awaited = None
    await company.settle_all()
    world.awaited, company.after, world.is_live = None, None, False
    await company.settle_all()


class Emptied:
    """Redis is emptied before the step of this number, of all owners'; then comes what somebody has to write of."""

    def __init__(self, company: Group, at: int, then: Sequence[Published]):
        self.steps, self._company, self._at, self._then = 0, company, at, then

    async def __call__(self) -> None:
        self.steps += 1
        if self.steps - 1 == self._at:
            await lose(self._company.kept)
            self._company.world.ready.clear()
            self._company.world.taken.clear()
            self._company.world.is_live = self._company.world.version == 2
            for record in self._then:
                self._company.publish(record)


async def emptied_at(kept: Store, at: int, in_memory: bool) -> int:
    """Gives how many steps there were: some 160 where nothing had to be made anew."""
    company, always, rest = await begun(kept)
    emptied = company.world.each_step = Emptied(company, at, rest)
    async with asyncio.timeout(60):
        await taken_over(company, in_memory)
    company.world.each_step = None
    await live(company, () if emptied.steps > at else rest)
    await live(always, rest)
    await are_as_if_always(company, always, ())
    return emptied.steps


@pytest.mark.parametrize(("at", "in_memory"), [(at, bool(at % 2)) for at in range(0, 200, 13)])
async def test_at_whatever_step_redis_is_emptied_all_is_as_if_the_rules_had_always_been_there(
    at: int, in_memory: bool
) -> None:
    await emptied_at(MemoryStore(), at, in_memory)


@pytest.mark.parametrize("at", [70, 121])
async def test_so_it_is_in_both_stores(kept: Store, at: int) -> None:
    await emptied_at(kept, at, in_memory=True)
