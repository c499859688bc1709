"""Rules that read what was not kept before, applied to a running group of two shards: from then on all is as if they
had always been there, whatever crashes."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.core.changes import Change
from streams.core.rules.rulebook import Rulebook
from streams.kafka.partitioning import homes
from streams.lifecycle.awaiting import Made, Progress
from streams.lifecycle.moves import Move
from streams.runtime import shard_loop
from streams.runtime.past import maker
from streams.sources import profile_commands
from streams.state.format import MEMBERSHIPS, past_room
from streams.state.memory import MemoryStore
from streams.state.store import Store
from streams.testing import to_bytes, track
from tests.core.identities.people import STEPS, Becomes, Customer, SignIn, Step, Visit
from tests.rulebooks import rulebook
from tests.runtime.company import CRASHES, Crashes, live
from tests.runtime.happenings import ERASURES, OF_USERS, Backdated, Erase, Late, Published, records
from tests.runtime.lives import Crash, Owner
from tests.runtime.pasts import AFTER, BEFORE, BETWEEN, Group, stands, take_over, told
from tests.runtime.world import NOON, PARTITIONS, World, lose

pytestmark = pytest.mark.usefixtures("at_once")


def later(company: Group, before: Collection[str]) -> list[tuple[Any, ...]]:
    """What was told but for what has these ids: all of it but ordinals, which are those of what was told before."""
    found = told(company, before).values()
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
    before = told(company)
    await take_over(company, in_memory)
    of_those_before = [change for change in told(company, before).values() if change.segment in BEFORE.names]
    assert {name: (enter, leave) for name, (_, enter, leave) in moves(company.world).items()} == moved(of_those_before)
    told_always, told_since = told(always), told(company)
    for group in (always, company):
        await live(group, published[at:])
    assert await stands(company) == await stands(always)
    assert later(company, told_since) == later(always, told_always)
    for shard in range(PARTITIONS):
        assert await kept.shards.beside(past_room(2)).progress(shard) is None, "what is not needed any more is kept"


@settings(max_examples=1 + settings().max_examples // 3)
@example([*[SignIn("ann", None)] * 2, SignIn("dan", None), Becomes("ann", "dan")], 4, {}, False)  # what ann did counts
@example([Visit("a-1"), SignIn("ann", None), Erase("ann"), Customer("ann")], 2, {}, True)  # she is back
@example([Visit("a-1"), SignIn("ann", None), Visit("a-1"), SignIn("ann", "a-1")], 4, {}, True)  # passed on before
@example([SignIn("ann", None), Visit("a-1"), SignIn("ann", "a-1")], 2, {}, True)  # kept before, passed on after
@example(
    [SignIn("ann", None), SignIn("dan", None), Becomes("ann", "dan"), SignIn("ann", None)], 4, {}, True
)  # by old ids
@example([SignIn("dan", None), Customer("ann"), Becomes("dan", "ann"), SignIn("ann", None)], 3, {}, True)  # as of then
@given(st.lists(STEPS | ERASURES, max_size=10), st.integers(0, 10), CRASHES, st.booleans())
def test_rules_that_come_later_are_as_if_they_had_always_been_there(
    steps: list[Step | Erase], at: int, crashes: Crashes, in_memory: bool
) -> None:
    asyncio.run(as_if_always(MemoryStore(), steps, at, crashes, in_memory=in_memory))


async def as_if_always_after_many(
    steps: Sequence[Step | Erase], versions: Sequence[tuple[int, Rulebook]], crashes: Crashes, *, in_memory: bool
) -> None:
    """versions: before which record each rulebook takes over; the last after all of them."""
    published = records(steps)
    always, company = Group(MemoryStore(), {}, AFTER), Group(MemoryStore(), crashes, BEFORE)
    company.world.version = 1
    done = 0
    for at, rules in sorted(versions, key=lambda version: version[0]):
        await live(company, published[done:at])
        done = max(done, min(at, len(published)))
        await take_over(company, in_memory, rules)
    await take_over(company, in_memory)
    await live(always, published[:done])
    told_always, told_since = told(always), told(company)
    for group in (always, company):
        await live(group, published[done:])
    assert await stands(company) == await stands(always)
    assert later(company, told_since) == later(always, told_always)


@settings(max_examples=1 + settings().max_examples // 4)
@given(
    st.lists(STEPS | ERASURES, max_size=10),
    st.lists(st.tuples(st.integers(0, 10), st.sampled_from((BEFORE, BETWEEN, AFTER))), min_size=1, max_size=3),
    CRASHES,
    st.booleans(),
)
def test_rules_that_follow_others_or_come_back_are_as_if_they_had_always_been_there(
    steps: list[Step | Erase], versions: list[tuple[int, Rulebook]], crashes: Crashes, in_memory: bool
) -> None:
    asyncio.run(as_if_always_after_many(steps, versions, crashes, in_memory=in_memory))


LIVES: Final = st.lists(st.lists(st.integers(0, PARTITIONS - 1), max_size=3), max_size=10)


async def as_if_always_of_what_comes_meanwhile(
    steps: Sequence[Step | Late | Backdated],
    at: int,
    lives: Sequence[Collection[int]],
    crashes: Crashes,
    *,
    in_memory: bool,
) -> None:
    """at: the first record that comes while the past is made. lives: of which shards one follows each of those. Late
    events may be told at other instants; in the end everybody is where she must be."""
    published = records(steps)
    always, company = Group(MemoryStore(), {}, AFTER), Group(MemoryStore(), crashes, BEFORE)
    company.world.version = 1
    await live(always, published)
    await live(company, published[:at])
    await company.settle_all()
    company.world.awaited, company.world.awaited_version = AFTER, 2
    await company.settle_all()
    for record, shards in zip(published[at:], itertools.chain(lives, itertools.repeat(())), strict=False):
        company.publish(record)
        for shard in shards:
            await company.live_once(shard)
    await take_over(company, in_memory)
    assert await stands(company) == await stands(always)


@settings(max_examples=1 + settings().max_examples // 3)
@given(st.lists(OF_USERS, max_size=10), st.integers(0, 10), LIVES, CRASHES, st.booleans())
def test_what_comes_while_the_past_is_made_counts_once_in_it(
    steps: list[Step | Late | Backdated], at: int, lives: list[list[int]], crashes: Crashes, in_memory: bool
) -> None:
    asyncio.run(as_if_always_of_what_comes_meanwhile(steps, at, lives, crashes, in_memory=in_memory))


async def in_turns(company: Group, *turns: Published | int) -> None:
    """What is published, and the shards that live on what there is by then."""
    for each in turns:
        if isinstance(each, Published):
            company.publish(each)
        else:
            await company.live_once(each)


async def test_a_past_knows_who_became_another_where_that_is_not_read_yet_in_the_shard_itself(kept: Store) -> None:
    """The worker crashes when the merge is written down: what it notes of that stands behind what it has read."""
    await lose(kept)
    company = Group(kept, {}, BEFORE)
    company.world.version = 1
    dan, ann, merge, signed_in = records(
        (SignIn("dan", None), SignIn("ann", None), Becomes("dan", "ann"), SignIn("dan", None))
    )
    dans, anns = (homes(user, PARTITIONS, "murmur2")[0] for user in ("dan", "ann"))
    await in_turns(company, dan, ann, dans, anns, merge, signed_in, dans, anns)
    with pytest.raises(Crash):
        await Owner(company.world, BEFORE, "save", "after, a crash", number=dans).live()
    await take_over(company, in_memory=True)
    assert (await stands(company))["published"]["ann"] >= {"in-3", "seen-3"}


async def test_who_became_somebody_before_is_not_counted_once_more_where_that_one_becomes_another(kept: Store) -> None:
    """By rules that only the shard of the one has taken over yet."""
    await lose(kept)
    company = Group(kept, {}, BEFORE)
    world = company.world
    world.version = 1
    first = records((SignIn("ann", None), SignIn("dan", None), SignIn("cy", None), Becomes("ann", "dan")))
    [merge] = records((SignIn("dan", None), SignIn("cy", None), Becomes("dan", "cy")))[2:]
    dans, cys = (homes(user, PARTITIONS, "murmur2")[0] for user in ("dan", "cy"))
    await live(company, first)
    world.awaited, world.awaited_version = AFTER, 2
    await company.settle_all()
    world.awaited, world.version, company.rules = None, 2, AFTER
    await company.live_once(dans)  # it has taken over
    company.publish(merge)
    for _ in range(3):
        world.awaited, world.version, company.rules = None, 2, AFTER
        await company.live_once(dans)
        world.awaited, world.version, company.rules = AFTER, 1, BEFORE
        await company.live_once(cys)
    world.version = 2
    company.rules, world.awaited = AFTER, None
    await company.settle_all()
    found = (await stands(company))["published"]
    assert [segment for segment in sorted(found["cy"]) if segment.startswith("in-")] == ["in-1", "in-2", "in-3"]
    assert not await company.kept.shards.get(cys, MEMBERSHIPS, "dan")


def moves(world: World) -> dict[str, Move]:
    """Whom all shards say that they would move."""
    return Progress(PARTITIONS, {shard: Made(0, 0, moves={**each}) for shard, each in world.moves.items()}).moves


def moved(changes: Sequence[Change]) -> dict[str, tuple[int, int]]:
    """By segment, how many entered and left."""
    found = {change.segment: Counter[bool]() for change in changes}
    for change in changes:
        found[change.segment][change.entered] += 1
    return {segment: (counts[True], counts[False]) for segment, counts in found.items()}


def test_whom_they_would_move_is_counted_while_others_come_and_before_anybody_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def counted() -> dict[str, Move]:
        world, told = World(MemoryStore().shards, has_limit=True), "segment-changes"
        for user, name in (("ann", "Came"), ("ann", "Came"), ("max", "Signed In")):
            world.event(user, name, homes(user, PARTITIONS, "murmur2")[0])
        rules = rulebook(active="count(any) >= 2", idle="count(any) >= 9")
        for number in range(PARTITIONS):
            await Owner(world, rules, number=number).live()
        before = len(world.of(told))
        world.awaited = rulebook(active='count("Signed In") >= 1', idle="count(any) >= 9", new='count("Came") >= 1')
        world.awaited_version = 2
        for number in range(PARTITIONS):
            owner = asyncio.create_task(Owner(world, rules, number=number).live())
            others = (f"u-{n}" for n in itertools.count() if homes(f"u-{n}", PARTITIONS, "murmur2")[0] == number)
            while number not in world.moves:
                world.event(next(others), "Came", number)
                await asyncio.sleep(0)
            await owner
        assert len(world.of(told)) == before
        return moves(world)

    monkeypatch.setattr(shard_loop, "WAVE_CHECKPOINT_EVERY_S", 0.0)
    assert asyncio.run(counted()) == {"active": Move(1, 1, 1)}


STEPS_OF_MAKING: Final = ("past claim", "reading_on", "past save")


@pytest.mark.parametrize("step", STEPS_OF_MAKING)
def test_what_fails_by_a_fault_of_ours_says_so_and_is_tried_again(
    step: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def made() -> World:
        world = World(MemoryStore().shards)
        world.event("max", "Signed In")
        await Owner(world, BEFORE).live()
        world.awaited, world.awaited_version = AFTER, 2
        await Owner(world, BEFORE, step, "after, a fault of ours, once").live()
        return world

    monkeypatch.setattr(maker, "FAILED_AGAIN_AFTER_S", 0.0)
    world = asyncio.run(made())
    assert world.ready == {1}
    assert {error.partition(" <")[0] for error in world.errors} == {"LookupError"}
    assert "shard 1, past under version 2 - is tried again, after: " in caplog.text


NAMES: Final = ("ann", "dan", "eve", "joe", "max", "zoe")


async def test_a_shard_waits_for_what_was_counted_of_who_became_its_own_however_late_that_is_made(kept: Store) -> None:
    """The shard of who is gone begins to make its past when the one of who stays is let go, and waits for its own."""
    await lose(kept)
    gone, stays = (next(each for each in NAMES if homes(each, PARTITIONS, "murmur2")[0] == at) for at in (0, 1))
    company = Group(kept, {}, BEFORE)
    world = company.world
    world.version = 1
    for n, user in enumerate((gone, gone, stays)):
        company.publish(Published("product-events", user, to_bytes(track(user, "Signed In", NOON, f"m-{n}")), NOON))
    merge = profile_commands.merge(gone, stays, NOON + 1, "merge")
    company.publish(Published("profile-commands", gone, profile_commands.encode(merge), NOON + 1))
    await company.settle()
    world.awaited, world.awaited_version = AFTER, 2
    await company.live_once(1)
    world.awaited, world.version = None, 2
    before = told(company)
    taking_over = asyncio.create_task(Owner(world, AFTER, number=1).live())
    for _ in range(1_000):
        await asyncio.sleep(0)
    assert not taking_over.done()
    assert not told(company, before)
    world.awaited, world.version = AFTER, 1
    making = Owner(world, BEFORE, number=0)
    await asyncio.gather(making.live(), taking_over)
    since = told(company, before).values()
    signed_in = {(one.subject, one.segment) for one in since if one.segment.startswith("in-")}
    assert signed_in == {(stays, f"in-{n}") for n in (1, 2, 3)}


def by_their_homes(*steps: Step) -> list[Published | int]:
    """Their records, and after each the shard that reads it."""
    found: list[Published | int] = []
    for record in records(steps):
        found += [record, homes(record.key, PARTITIONS, "murmur2")[0]]
    return found


async def as_if_always_once(company: Group, always: Group, published: Sequence[Published]) -> None:
    await live(always, published)
    await take_over(company, in_memory=True)
    assert await stands(company) == await stands(always)


NO_MERGE: Final = (SignIn("dan", None), SignIn("ann", None))
MERGE_AND_MORE: Final = (*NO_MERGE, Becomes("dan", "ann"), SignIn("dan", None))


async def test_what_is_read_beside_the_answer_to_a_merge_has_all_that_later_rules_read(kept: Store) -> None:
    await lose(kept)
    company, always = Group(kept, {}, BEFORE), Group(MemoryStore(), {}, AFTER)
    company.world.version = 1
    dan, dans, ann, anns, merge, _, signed_in, _ = by_their_homes(*MERGE_AND_MORE)
    assert dans != anns
    await in_turns(company, dan, dans, ann, anns, merge, dans, anns, signed_in, dans, anns)
    await as_if_always_once(company, always, records(MERGE_AND_MORE))


async def test_what_is_read_before_it_is_known_that_its_user_is_another_is_read_again(kept: Store) -> None:
    """A lost state is made anew, and what came meanwhile is read before the command that says so."""
    await lose(kept)
    company, always = Group(kept, {}, BEFORE), Group(MemoryStore(), {}, AFTER)
    company.world.version = 1
    *published, signed_in = records(MERGE_AND_MORE)
    await live(company, published)
    await lose(kept)
    company.publish(signed_in)
    await company.settle_all()
    await as_if_always_once(company, always, [*published, signed_in])
