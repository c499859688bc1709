"""Rules that read what was not kept before, applied to a running group of two shards: from then on all is as if they
had always been there, whatever crashes."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.kafka.partitioning import homes
from streams.outputs.change import decode_change
from streams.runtime import past, past_reader, resting, retry
from streams.state.format import past_room
from streams.state.memory import MemoryStore
from streams.state.store import Store
from tests.core.identities.people import STEPS, Becomes, Customer, SignIn, Step, Visit
from tests.rulebooks import rulebook
from tests.runtime.lives import PARTITIONS, Owner, World
from tests.runtime.test_one_person import CRASHES, ERASURES, Company, Crashes, Erase, live, records

BEFORE: Final = rulebook(**{f"seen-{n}": f"count(any) >= {n}" for n in range(1, 4)})
AFTER: Final = rulebook(
    **{f"seen-{n}": f"count(any) >= {n}" for n in range(1, 4)},
    **{f"in-{n}": f'count("Signed In") >= {n}' for n in range(1, 4)},
    looked='count("Page Viewed") > count("Signed In")',
    **{
        f"read-{n}": f'sum("Page Viewed", "n", days=90) + sum("Signed In", "n", days=90) >= {n}'
        for n in range(1, 16, 2)
    },
)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.0)
    for name in ("FOLLOW_EVERY_S", "HURRIED_S", "LOOK_EVERY_S", "AGAIN_AFTER_S"):
        monkeypatch.setattr(past, name, 0.0)
    monkeypatch.setattr(resting, "LONGEST_S", 0.0)
    monkeypatch.setattr(past_reader, "WAIT_S", 0.0)


class Group(Company):
    """The same under some rules, and then under others."""

    async def settle_all(self) -> None:
        """The same, with a life of each at least, until one ends without a crash."""
        for shard in range(PARTITIONS):
            while not await self.live_once(shard):
                pass
        await self.settle()


async def take_over(company: Group, in_memory: bool) -> None:
    """Have the past made of the rules that are to come, then let them be live, as workers do; in_memory: each under the
    eyes of an owner who has made the past, else of one who begins with it."""
    world = company.world
    world.awaited, world.awaited_version = AFTER, world.version + 1
    await company.settle_all()
    assert world.ready == set(range(PARTITIONS))
    world.version += 1
    company.rules, company.after = AFTER, BEFORE if in_memory else None
    if not in_memory:
        world.awaited = None
    await company.settle_all()
    world.awaited = company.after = None
    await company.settle_all()  # what is made is forgotten once all have taken it


async def stands(company: Group) -> dict[str, Any]:
    """Where everybody is, and what is stored of whom."""
    found = await company.stands()
    return {name: where for name, where in found.items() if not name.endswith(("aliases", "owned", "unlinked"))}


def later(company: Group, told: int) -> list[tuple[Any, ...]]:
    """What was told after so many changes: all but ordinals, which are those of what was told before, and repeats."""
    changes = [decode_change(message.value or b"") for message in company.world.of("segment-changes")]
    before = {change.id for change in changes[:told]}
    found = {change.id: change for change in changes[told:] if change.id not in before}.values()
    said = [(one.subject, one.rule, one.type, one.segment, one.occurred_at, one.cause, one.event_id) for one in found]
    return sorted(said, key=str)


async def as_if_always(
    kept: Store, steps: Sequence[Step | Erase], at: int, crashes: Crashes, *, in_memory: bool = True
) -> None:
    published = records(steps)
    always, company = Group(MemoryStore(), {}, AFTER), Group(kept, crashes, BEFORE)
    company.world.version = 1
    for group in (always, company):
        await live(group, published[:at])
    await company.settle_all()
    await take_over(company, in_memory)
    told = [len(group.world.of("segment-changes")) for group in (always, company)]
    for group in (always, company):
        await live(group, published[at:])
    assert await stands(company) == await stands(always)
    assert later(company, told[1]) == later(always, told[0])
    for shard in range(PARTITIONS):
        assert await kept.shards.beside(past_room(2)).progress(shard) is None, "what is not needed any more is kept"


@settings(max_examples=1 + settings().max_examples // 3)
@example([*[SignIn("ann", None)] * 2, SignIn("bob", None), Becomes("ann", "bob")], 4, {}, False)  # what ann did counts
@example([Visit("a-1"), SignIn("ann", None), Erase("ann"), Customer("ann")], 2, {}, True)  # she is back
@example([Visit("a-1"), SignIn("ann", None), Visit("a-1"), SignIn("ann", "a-1")], 4, {}, True)  # passed on before
@example([SignIn("ann", None), Visit("a-1"), SignIn("ann", "a-1")], 2, {}, True)  # kept before, passed on after
@example(
    [SignIn("ann", None), SignIn("bob", None), Becomes("ann", "bob"), SignIn("ann", None)], 4, {}, True
)  # by old ids
@given(st.lists(STEPS | ERASURES, max_size=10), st.integers(0, 10), CRASHES, st.booleans())
def test_rules_that_come_later_are_as_if_they_had_always_been_there(
    steps: list[Step | Erase], at: int, crashes: Crashes, in_memory: bool
) -> None:
    asyncio.run(as_if_always(MemoryStore(), steps, at, crashes, in_memory=in_memory))


def test_whom_they_would_move_is_counted_before_anybody_is_told() -> None:
    async def counted() -> dict[str, list[int]]:
        world, told = World(MemoryStore().shards, has_limit=True), "segment-changes"
        for user, name in (("ann", "Came"), ("ann", "Came"), ("max", "Signed In")):
            world.event(user, name, homes(user, PARTITIONS, "murmur2")[0])
        rules = rulebook(active="count(any) >= 2", idle="count(any) >= 9")
        found: dict[str, list[int]] = {}
        for number in range(PARTITIONS):
            await Owner(world, rules, number=number).live()
        before = len(world.of(told))
        world.awaited = rulebook(active='count("Signed In") >= 1', idle="count(any) >= 9", new='count("Came") >= 1')
        world.awaited_version = 2
        for number in range(PARTITIONS):
            owner = Owner(world, rules, number=number)
            await owner.live()
            for segment, counts in (owner.moves or {}).items():
                found[segment] = [a + b for a, b in zip(found.get(segment, [0, 0, 0]), counts, strict=True)]
        assert len(world.of(told)) == before
        return found

    assert asyncio.run(counted()) == {"active": [1, 1, 1]}
