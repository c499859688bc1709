"""A few people under a few ids, in two shards that tell each other: as the judge has it, whatever crashes."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.kafka.partitioning import homes
from streams.outputs.timeline import decode_entry
from streams.sources import delivery_commands
from streams.state.format import ALIASES, ROWS, TIMELINE
from streams.state.memory import MemoryStore
from streams.state.store import Store
from tests.core.identities.people import STEPS, USERS, Becomes, SignIn, Step, Visit
from tests.oracle import judge
from tests.oracle.identities import named
from tests.runtime.company import CRASHES, NEVER, Company, Crashes, live
from tests.runtime.happenings import COUNTED, EARLY, EVENTFUL, Early, Erase, LateVisit, items, records
from tests.runtime.lives import HOW
from tests.runtime.world import PARTITIONS, lose
from tests.strategies.histories import END_MS

pytestmark = pytest.mark.usefixtures("at_once")


async def as_the_judge_has_it(kept: Store, steps: Sequence[Step | Early], crashes: Crashes) -> None:
    published, company = records(steps), Company(kept, crashes)
    await live(company, published)
    expected = judge(COUNTED, named(items(published)), END_MS)
    assert company.told() == {user: changes for user, changes in expected.items() if changes}


@settings(max_examples=1 + settings().max_examples // 3)
@given(st.lists(STEPS | EARLY, max_size=10), CRASHES)
@example([SignIn("ann", None), SignIn("dan", None), Early("dan", "ann"), SignIn("dan", None)], NEVER)
def test_linked_and_merged_is_as_if_always_one_whatever_crashes(steps: list[Step | Early], crashes: Crashes) -> None:
    asyncio.run(as_the_judge_has_it(MemoryStore(), steps, crashes))


@pytest.mark.parametrize("how", HOW[:2])
async def test_both_stores_keep_who_is_one_whatever_crashes(kept: Store, how: str) -> None:
    """Every second life ends with a crash, each time at the next step."""
    await lose(kept)
    await as_the_judge_has_it(kept, EVENTFUL, {2 * n: (n % 9, how) for n in range(40)})


@pytest.mark.parametrize("erased", ["cy", "ann"])
async def test_the_changes_of_who_is_gone_stay_until_the_survivor_is_erased_whatever_crashes(
    kept: Store, erased: str
) -> None:
    async def timelines() -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for user in USERS:
            home = homes(user, PARTITIONS, "murmur2")[0]
            entries = map(decode_entry, await kept.shards.entries(home, TIMELINE, user))
            found[user] = [each.occurred_at for each in entries]
        return found

    await lose(kept)
    company = Company(kept, {2 * n: (n % 9, HOW[0]) for n in range(60)})
    published = records((*EVENTFUL, Erase(erased)))
    await live(company, published[:-1])
    told = company.told()
    expected = {user: sorted((each.occurred_at for each in told[user]), reverse=True) for user in USERS}
    assert {user: sorted(of_user, reverse=True) for user, of_user in (await timelines()).items()} == expected
    await live(company, published[-1:])
    assert not any((await timelines()).values())


async def test_an_alias_goes_with_the_last_of_a_chain_though_the_home_of_the_first_crashed_while_it_told_it() -> None:
    """What it had not told yet is told after all that came of what it had."""
    company = Company(MemoryStore(), NEVER)
    three = (SignIn("ann", None), SignIn("cy", None), SignIn("dan", "a-2"))
    *first, one, two, erasure = records([*three, Becomes("dan", "ann"), Becomes("ann", "cy"), Erase("cy")])
    await live(company, first)
    dans, of_the_others = (homes(user, PARTITIONS, "murmur2")[0] for user in ("dan", "ann"))
    company.publish(one)
    for shard in (dans, of_the_others):  # asked, and granted
        await company.live_once(shard)
    company.begin({0: ("publish rerouted-events", HOW[0])})
    assert not await company.live_once(dans)
    company.publish(two)
    for _ in range(5):  # asked, granted, moved, and taken in
        await company.live_once(of_the_others)
    await company.settle()
    assert (await company.stands())["published"] == {"cy": {"seen-1", "seen-2", "seen-3"}}
    await live(company, [erasure])
    assert not (await company.stands())[f"{dans} {ALIASES.key}"]


@pytest.mark.parametrize(
    ("later", "times"), [(Visit("a-1"), 3), (LateVisit("a-1", 2), 2)], ids=["after it", "before it, but late"]
)
async def test_an_alias_that_is_erased_is_whose_it_was_but_nothing_more_of_before_counts(
    later: Step | LateVisit, times: int
) -> None:
    company = Company(MemoryStore(), NEVER)
    await live(company, records([SignIn("ann", "a-1"), Visit("a-1"), Erase("a-1"), later]))
    assert (await company.stands())["published"] == {"ann": {f"seen-{n}" for n in range(1, times + 1)}}


@pytest.mark.parametrize("crash", [NEVER, {0: ("publish rerouted-events", HOW[0])}])
@pytest.mark.parametrize("late", [SignIn("dan", None), SignIn("dan", "a-2"), Visit("a-2")])
async def test_nobody_has_a_profile_again_by_what_is_passed_on_where_her_erasure_has_not_been_heard(
    crash: Crashes, late: Step
) -> None:
    """crash: who was between hears of it before who was the first of the chain."""
    company, three = Company(MemoryStore(), NEVER), (SignIn("dan", "a-2"), SignIn("ann", None), SignIn("cy", None))
    chain = (*three, Becomes("dan", "ann"), Becomes("ann", "cy"))
    *before, erasure, late_one, later = records([*chain, Erase("cy"), late, late])
    await live(company, before)
    for record in (erasure, late_one):
        company.publish(record)
    dans, of_the_others = (homes(user, PARTITIONS, "murmur2")[0] for user in ("dan", "ann"))
    company.begin(crash)
    for shard in (of_the_others, dans) if crash else (dans,):
        await company.live_once(shard)
    await company.settle()
    stands = await company.stands()
    assert not any(stands[f"{shard} {ROWS.key}"] for shard in range(PARTITIONS))
    await live(company, [later])
    assert (await company.stands())["published"] == ({"dan": {"seen-1"}} if isinstance(late, SignIn) else {})


async def test_whoever_delivers_messages_is_told_of_each_merge_where_the_changes_of_who_is_gone_are(
    kept: Store,
) -> None:
    await lose(kept)
    company = Company(kept, {2 * n: (n % 9, HOW[0]) for n in range(40)})
    await live(company, records(EVENTFUL))
    told = set()
    for tp, messages in company.world.stands.items():
        for message in messages if tp.topic == "delivery-commands" else ():
            merged = delivery_commands.decode(message.value or b"")
            assert isinstance(merged, delivery_commands.Merged)
            assert [tp.partition, merged.shard] == [
                homes(one, PARTITIONS, "murmur2")[0] for one in (merged.user, merged.into)
            ]
            told.add((merged.user, merged.into))
    assert told == {("ann", "dan"), ("dan", "cy")}
