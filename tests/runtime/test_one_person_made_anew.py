"""A few people under a few ids, in two shards that tell each other: as it was, once all that was stored is lost."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.kafka.partitioning import homes
from streams.state.format import ALIASES, OWNED, ROWS
from streams.state.memory import MemoryStore
from streams.state.store import Store
from tests.core.identities.people import STEPS, USERS, Becomes, Bill, Customer, SignIn, Step, Visit
from tests.oracle import Expected
from tests.runtime.company import CRASHES, NEVER, Company, Crashes, live
from tests.runtime.happenings import (
    EARLY,
    ERASURES,
    EVENTFUL,
    OF_USERS,
    WITH_A_DEVICE,
    Backdated,
    Early,
    Erase,
    Late,
    LateVisit,
    records,
)
from tests.runtime.lives import HOW
from tests.runtime.world import PARTITIONS, lose

pytestmark = pytest.mark.usefixtures("at_once")


async def as_it_was(kept: Store, steps: Sequence[Step | Erase | Early], crashes: Crashes = NEVER) -> None:
    """crashes: while it is made anew."""
    company = Company(kept, NEVER)
    await live(company, records(steps))
    before, told, repeats = await company.stands(), company.told(), company.repeats()
    await lose(kept)
    company.begin(crashes)
    await company.settle()
    assert await company.stands() == before
    assert company.told() == told
    assert crashes or company.repeats() == repeats


def stands_by(told: Sequence[Expected]) -> set[str]:
    """Where a user stands who has been told all of this."""
    found: set[str] = set()
    for change in told:
        (found.add if change.type == "segment.entered" else found.discard)(change.segment)
    return found


async def as_if_nothing_was_lost(
    kept: Store, steps: Sequence[Step | Late | LateVisit | Early | Backdated], at: int, crashes: Crashes = NEVER
) -> None:
    """at: the first record that comes while all is lost. Late events may be told at other instants; in the end
    everybody is where she must be."""
    published, whole, company = records(steps), Company(MemoryStore(), NEVER), Company(kept, NEVER)
    await live(whole, published)
    await live(company, published[:at])
    await lose(kept)
    company.begin(crashes)
    for record in published[at:]:
        company.publish(record)
    await company.settle()
    assert but_of_who_is_gone(await company.stands()) == but_of_who_is_gone(await whole.stands())


def but_of_who_is_gone(stands: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is still known of whom a user who is gone had taken in, lest it comes to her twice: where all is
    lost meanwhile, who stays may be gone before anybody becomes her, and takes nobody in."""
    found = dict(stands)
    for shard in range(PARTITIONS):
        found[f"{shard} {OWNED.key}"] &= found[f"{shard} {ROWS.key}"]
    return found


@settings(max_examples=1 + settings().max_examples // 3)
@given(st.lists(STEPS | EARLY | ERASURES, max_size=10), st.just(NEVER) | CRASHES)
@example([SignIn("ann", None), SignIn("dan", None), Early("dan", "ann"), SignIn("dan", None)], NEVER)
@example([Customer("dan"), Customer("ann"), Erase("ann"), Bill(30.0)], NEVER)  # who had it before has it no more
@example([Customer("dan"), SignIn("ann", None), Becomes("dan", "ann"), Customer("cy"), Erase("dan")], NEVER)
@example([SignIn("dan", None), Erase("cy"), Erase("cy"), SignIn("cy", None), Becomes("cy", "dan")], NEVER)
@example([SignIn("ann", None), Erase("ann"), SignIn("ann", None)], {0: (10, "after, a crash")})  # she is back
@example([SignIn("dan", None), Erase("ann"), SignIn("ann", None), Early("ann", "dan")], NEVER)  # and another then
def test_a_state_that_is_made_anew_is_as_it_was_and_tells_nothing_again(
    steps: list[Step | Erase | Early], crashes: Crashes
) -> None:
    asyncio.run(as_it_was(MemoryStore(), steps, crashes))


GONE: Final[Sequence[Step]] = (SignIn("dan", None), SignIn("ann", None), Becomes("dan", "ann"))


@settings(max_examples=1 + settings().max_examples // 3)
@given(st.lists(OF_USERS, max_size=10), st.integers(0, 10), st.just(NEVER) | CRASHES)
@example([*GONE, Late("dan", 5)], 3, NEVER)  # it comes before the merge by its time, and has not moved with her
@example([*GONE, Late("dan", 5), Late("dan", 5)], 4, NEVER)
@example([*GONE[:2], Late("dan", 0), Backdated("dan", "ann", 2)], 4, NEVER)  # it comes after it, and has moved
@example([*GONE, SignIn("cy", None), Becomes("ann", "cy"), Late("dan", 9), Late("ann", 9)], 5, NEVER)
@example([*GONE, SignIn("cy", None), Backdated("ann", "cy", 2)], 0, NEVER)  # who stays is gone first
@example([*GONE, SignIn("cy", None), Becomes("ann", "cy"), Late("dan", 0)], 6, NEVER)  # she is the first of a chain
@example([SignIn("ann", None), Late("dan", 0), Backdated("ann", "dan", 3)], 0, NEVER)  # it is of before both
def test_what_bears_a_user_who_is_gone_counts_once_wherever_all_is_lost(
    steps: list[Step | Late | Early | Backdated], at: int, crashes: Crashes
) -> None:
    asyncio.run(as_if_nothing_was_lost(MemoryStore(), steps, at, crashes))


@settings(max_examples=1 + settings().max_examples // 3)
@given(st.lists(WITH_A_DEVICE, max_size=10), st.integers(0, 10), st.just(NEVER) | CRASHES)
def test_what_came_under_a_device_of_who_is_gone_counts_once_wherever_all_is_lost(
    steps: list[Step | Late | LateVisit | Backdated], at: int, crashes: Crashes
) -> None:
    asyncio.run(as_if_nothing_was_lost(MemoryStore(), steps, at, crashes))


@pytest.mark.parametrize("by", range(6))
@pytest.mark.parametrize("at", range(5))
async def test_a_merge_that_waits_is_asked_about_after_all_that_was_known_when_it_was_written(at: int, by: int) -> None:
    """However long before that it is stamped: also where the home of who stays makes anew what it lost later than that
    of who is to be gone. at: the first record that comes while all is lost."""
    steps = (SignIn("ann", None), SignIn("dan", None), SignIn("cy", None), Backdated("dan", "cy", by))
    await as_if_nothing_was_lost(MemoryStore(), steps, at, {0: (0, HOW[0])})


@pytest.mark.parametrize(("first", "second", "last"), [*permutations(USERS)])
@pytest.mark.parametrize("by", [0, 4])
async def test_what_bears_the_first_of_a_chain_and_has_no_id_counts_once_where_all_is_lost_after_that(
    first: str, second: str, last: str, by: int
) -> None:
    """The second was the last already when it came, but it is read before that is heard anew. by: so that it is of
    after the chain, or of before."""
    kept = MemoryStore()
    company, three = Company(kept, NEVER), [SignIn(user, None) for user in (first, second, last)]
    await live(company, records([*three, Becomes(first, second), Becomes(second, last), Late(first, by)]))
    for _ in range(2):
        assert (await company.stands())["published"] == {last: {"seen-1", "seen-2", "seen-3", "seen-4"}}
        await lose(kept)
        company.begin(NEVER)
        await company.settle()


@pytest.mark.parametrize(("first", "second", "last"), [("ann", "dan", "cy"), ("cy", "dan", "ann")])
async def test_an_erasure_reaches_the_last_of_a_chain_though_what_is_kept_where_the_second_was_is_lost_then(
    first: str, second: str, last: str
) -> None:
    """What is told of it comes before it is heard anew that she is the last."""
    kept = MemoryStore()
    company, three = Company(kept, NEVER), [SignIn(user, None) for user in (first, second, last)]
    *before, erasure = records([*three, Becomes(first, second), Becomes(second, last), Erase(first)])
    await live(company, before)
    del kept.shards._shards[homes(second, PARTITIONS, "murmur2")[0]]
    await live(company, [erasure])
    await nothing_is_left(company)


async def nothing_is_left(company: Company) -> None:
    """Of anybody, nor once all was lost."""
    for _ in range(2):
        stands = await company.stands()
        assert not any(stands[f"{shard} {ROWS.key}"] for shard in range(PARTITIONS))
        assert not any(stands[f"{shard} {ALIASES.key}"] for shard in range(PARTITIONS))
        assert stands["published"] == {}
        await lose(company.kept)
        company.begin(NEVER)
        await company.settle()


@pytest.mark.parametrize("gone", ["ann", "dan"])
@pytest.mark.parametrize("is_all_lost", [True, False])
async def test_an_erasure_of_who_became_another_reaches_the_last_though_her_home_makes_anew_what_it_lost(
    gone: str, is_all_lost: bool
) -> None:
    """There it is read before she is another once more."""
    kept = MemoryStore()
    company, three = Company(kept, NEVER), [SignIn(user, None) for user in ("ann", "dan", "cy")]
    *before, erasure = records([*three, Becomes("ann", "dan"), Becomes("dan", "cy"), Erase(gone)])
    await live(company, before)
    if is_all_lost:
        await lose(kept)
    else:
        del kept.shards._shards[homes(gone, PARTITIONS, "murmur2")[0]]
    await live(company, [erasure])
    await nothing_is_left(company)


@pytest.mark.parametrize("late", ["ann", "dan"])
async def test_nobody_has_a_profile_again_by_what_is_passed_on_while_her_erasure_is_and_all_is_made_anew(
    late: str,
) -> None:
    """Whose home passes it on has not heard yet that she is nobody's alias any more."""
    company, three = Company(MemoryStore(), NEVER), [SignIn(user, None) for user in ("ann", "dan", "cy")]
    chain = (Becomes("ann", "dan"), Becomes("dan", "cy"))
    *before, erasure, late_one = records([*three, *chain, Erase("ann"), SignIn(late, None)])
    await live(company, before)
    await lose(company.kept)
    for record in (erasure, late_one):
        company.publish(record)
    await company.settle()
    assert (await company.stands())["published"].keys() <= {late}


@pytest.mark.parametrize("erased", ["dan", "ann"])
async def test_an_erasure_takes_the_aliases_of_after_its_time_too_where_it_takes_a_profile_of_after_it(
    erased: str,
) -> None:
    company, both = Company(MemoryStore(), NEVER), (SignIn("ann", None), SignIn("dan", None))
    await live(company, records([*both, Becomes("dan", "ann"), SignIn("ann", "a-1"), SignIn("dan", "a-2")]))
    await live(company, records([*both, Erase(erased)])[-1:])
    await nothing_is_left(company)


async def test_who_was_erased_with_another_and_came_back_is_erased_alone_where_all_is_lost_before_that() -> None:
    kept = MemoryStore()
    company = Company(kept, NEVER)
    both = [SignIn("ann", None), SignIn("dan", None)]
    *before, erasure = records([*both, Becomes("ann", "dan"), Erase("dan"), *both, Erase("ann")])
    await live(company, before)
    await lose(kept)
    await live(company, [erasure])
    stands = await company.stands()
    assert [user for shard in range(PARTITIONS) for user in stands[f"{shard} {ROWS.key}"]] == ["dan"]


@pytest.mark.parametrize(("gone", "stays"), [*permutations(USERS, 2)])
async def test_what_came_under_a_device_and_has_no_id_counts_once_where_all_is_lost_after_its_user_became_another(
    gone: str, stays: str
) -> None:
    """By its time it came before the merge, and so it is read before that is heard anew."""
    kept = MemoryStore()
    company = Company(kept, NEVER)
    steps = (SignIn(stays, None), SignIn(gone, "a-1"), Becomes(gone, stays), LateVisit("a-1", 1))
    await live(company, records(steps))
    for _ in range(2):
        assert (await company.stands())["published"] == {stays: {"seen-1", "seen-2", "seen-3"}}
        await lose(kept)
        company.begin(NEVER)
        await company.settle()


@pytest.mark.parametrize("again", [NEVER, {n: (9 + n, HOW[n % 2]) for n in range(12)}])
async def test_whoever_entered_while_she_was_about_to_become_another_is_told_out_of_it_where_all_is_lost_then(
    kept: Store, again: Crashes
) -> None:
    """The answer comes before that by its time, so made anew she is gone before she enters."""
    await lose(kept)
    company = Company(kept, NEVER)
    *first, merge, entering = records((*GONE, SignIn("dan", None)))
    await live(company, first)
    gone, stays = (homes(user, PARTITIONS, "murmur2")[0] for user in ("dan", "ann"))
    for record in (merge, entering):
        company.publish(record)
        await company.live_once(gone)
    assert stands_by(company.told()["dan"]) == {"seen-1", "seen-2"}
    await lose(kept)
    company.begin(again)
    while not await company.live_once(stays):
        pass
    await company.settle()
    told = company.told()
    assert stands_by(told["ann"]) == {"seen-1", "seen-2", "seen-3"}
    of_dan = [(change.segment, change.type, change.ordinal, change.cause) for change in told["dan"]]
    each = (("segment.entered", 1, "event"), ("segment.exited", 2, "merge"))
    assert sorted(of_dan) == [(segment, *said) for segment in ("seen-1", "seen-2") for said in each]


# While it is made anew: by and by, or once, around each step from the first checkpoint on.
WHILE_MADE_ANEW: Final[Sequence[Crashes]] = (
    *(NEVER, {n: (9 + n, HOW[n % 2]) for n in range(12)}),
    *({0: (step, HOW[0])} for step in range(8, 15)),
)


@pytest.mark.parametrize("stamped", range(3))
@pytest.mark.parametrize("again", WHILE_MADE_ANEW)
async def test_who_is_erased_leaves_what_she_was_told_to_be_in_where_all_is_lost_before_that_is_read(
    kept: Store, stamped: int, again: Crashes
) -> None:
    """stamped: at which of her three events. By those that come later she is back."""
    await lose(kept)
    company, three = Company(kept, NEVER), [SignIn("dan", None)] * 3
    await live(company, records(three))
    company.publish(records([*three[:stamped], Erase("dan")])[-1])
    await lose(kept)
    company.begin(again)
    await company.settle()
    told, stands = company.told()["dan"], await company.stands()
    assert stands_by(told) == stands["published"].get("dan", set())
    of_erasure = [(each.segment, each.ordinal) for each in told if each.type == "segment.exited"]
    assert of_erasure == [(f"seen-{n}", 2) for n in range(3 - stamped, 4)]
    assert {each.cause for each in told} == {"event", "erase"}


@pytest.mark.parametrize("erased", ["ann", "cy"])
async def test_in_both_stores_a_state_with_an_erasure_in_it_is_made_anew_as_it_was(kept: Store, erased: str) -> None:
    """Once with the survivor erased, once with one of those who became her."""
    await lose(kept)
    await as_it_was(kept, (*EVENTFUL, Erase(erased), Visit("a-1"), SignIn("ann", "a-2"), Visit("a-2")))
