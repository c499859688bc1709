"""Whoever follows changes alone ends where a user stands, also where a lost state is made anew in another order of
events than that in which they came."""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.core.changes import Change
from streams.core.instants import DAY_MS
from streams.core.language.parser import parse_condition
from streams.core.rules.rulebook import Level, Rulebook, Tier
from streams.outputs.change import decode_change
from streams.runtime import shard_work
from streams.runtime.checkpoints import told
from streams.sources import profile_commands
from streams.state.memory import MemoryStore
from streams.state.store import Store
from streams.testing import billing, to_bytes, track
from tests.core.identities.people import APART_MS
from tests.rulebooks import rulebook
from tests.runtime.company import CRASHES, NEVER, Company, Crashes, live
from tests.runtime.happenings import Published
from tests.runtime.lives import HOW
from tests.runtime.world import lose
from tests.strategies.histories import START_MS

pytestmark = pytest.mark.usefixtures("at_once")

PAYS: Final = 'count("Invoice Paid") > count("Signed In")'
SEGMENT: Final = rulebook(payer=PAYS)
TIER: Final = Rulebook(
    (
        Tier(
            "payer", (Level("often", parse_condition(PAYS)), Level("twice", parse_condition('count("Signed In") >= 2')))
        ),
    )
)


class Pays(NamedTuple):
    user: str
    by: int  # so many steps before


class PaysByApp(NamedTuple):
    """The same, told on the topic of what users do."""

    user: str
    by: int


class SignsIn(NamedTuple):
    user: str
    by: int


class Merges(NamedTuple):
    by: int


Step = Pays | PaysByApp | SignsIn | Merges


def records(steps: Sequence[Step]) -> list[Published]:
    """Dan becomes Ann once, as soon as both are known."""
    found: list[Published] = []
    for number, step in enumerate(steps):
        now_ms = START_MS + number * APART_MS
        ts = now_ms - step.by * APART_MS
        match step:
            case Pays(user):
                value = to_bytes(billing(user, "Invoice Paid", ts, f"m-{number}"))
                found.append(Published("billing-updates", user, value, now_ms))
            case SignsIn(user) | PaysByApp(user):
                name = "Signed In" if isinstance(step, SignsIn) else "Invoice Paid"
                value = to_bytes(track(user, name, ts, f"m-{number}"))
                found.append(Published("product-events", user, value, now_ms))
            case Merges() if {"ann", "dan"} == {record.key for record in found} and not any(
                record.topic == "profile-commands" for record in found
            ):
                command = profile_commands.encode(profile_commands.merge("dan", "ann", ts, "merge dan"))
                found.append(Published("profile-commands", "dan", command, now_ms))
    return found


def changes_of(company: Company) -> list[Change]:
    """Each once, as whoever remembers ids has them."""
    found: dict[str, Change] = {}
    for message in company.world.of("segment-changes"):
        change = decode_change(message.value or b"")
        found.setdefault(change.id, change)
    return list(found.values())


def ends(company: Company) -> dict[str, set[str]]:
    """Where each user is who is in any segment, by the last change of her."""
    last = {change.subject: change for change in changes_of(company)}
    return {user: {change.segment} for user, change in last.items() if change.entered}


async def told_as_they_stand(
    kept: Store,
    rules: Rulebook,
    steps: Sequence[Step],
    at: int,
    crashes: Crashes = NEVER,
    later: Sequence[Step] = (),
) -> Company:
    """at: the first record that comes while all is lost. crashes: while it is made anew. later: what comes then."""
    await lose(kept)
    company, published = Company(kept, NEVER, rules), records([*steps, *later])
    so_far = len(records(steps))
    published, more = published[:so_far], published[so_far:]
    await live(company, published[:at])
    await lose(kept)
    company.begin(crashes)
    for record in published[at:]:
        company.publish(record)
    await company.settle()
    company.told()  # nothing is told twice under one id, and says something else
    assert ends(company) == (await company.stands())["published"]
    await live(company, more)
    company.told()
    assert ends(company) == (await company.stands())["published"]
    return company


# She has left by what came second; of the third, which comes late, she would never have left.
STAYS: Final[Sequence[Step]] = (Pays("ann", 0), SignsIn("ann", 0), Pays("ann", 2))
WHILE_MADE_ANEW: Final[Sequence[Crashes]] = (NEVER, *({0: (step, how)} for step in range(6, 14) for how in HOW[:2]))


@pytest.mark.parametrize("crashes", WHILE_MADE_ANEW)
async def test_who_never_left_by_the_history_that_is_made_anew_but_was_told_to_have_is_told_to_be_in(
    kept: Store, crashes: Crashes
) -> None:
    company = await told_as_they_stand(kept, SEGMENT, STAYS, 2, crashes)
    found = [(each.entered, each.ordinal, each.cause) for each in changes_of(company)]
    assert found == [(True, 1, "event"), (False, 2, "event"), (True, 3, "backfill")]
    company.publish(records([*STAYS, SignsIn("ann", 3)])[-1])  # it comes late, and what it makes comes after that
    await company.settle()
    *_, led, left = changes_of(company)
    assert (left.entered, left.ordinal) == (False, 4)
    assert (left.occurred_at, left.ordinal) > (led.occurred_at, led.ordinal)
    await lose(kept)
    company.begin(NEVER)
    await company.settle()
    assert changes_of(company)[-1] == left


async def test_of_many_each_is_told_once_where_she_stands_although_the_worker_dies_when_some_have_been(
    kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told, "AT_ONCE", 1)
    monkeypatch.setattr(shard_work, "WAVE_SHARE", 1e-9)  # each is a checkpoint of her own
    users = ["ann", "dan", "eve"]
    steps = [step._replace(user=user) for step in (Pays("", 0), SignsIn("", 0)) for user in users]
    late = [Pays(user, 6) for user in users]
    for step in range(12, 22):
        company = await told_as_they_stand(kept, SEGMENT, [*steps, *late], len(steps), {0: (step, HOW[step % 2])})
        found = [(each.subject, each.ordinal) for each in changes_of(company) if each.cause == "backfill"]
        assert sorted(found) == [(user, 3) for user in users]


async def test_who_never_entered_by_the_history_that_is_made_anew_but_was_told_to_have_is_told_to_have_left(
    kept: Store,
) -> None:
    company = await told_as_they_stand(kept, SEGMENT, [Pays("ann", 0), SignsIn("ann", 1)], 1)
    found = [(each.entered, each.ordinal, each.cause) for each in changes_of(company)]
    assert found == [(True, 1, "event"), (False, 2, "backfill")]


async def test_of_a_tier_it_is_told_from_which_level_to_which(kept: Store) -> None:
    steps: list[Step] = [Pays("ann", 0), SignsIn("ann", 0), SignsIn("ann", 0), Pays("ann", 3), Pays("ann", 4)]
    company = await told_as_they_stand(kept, TIER, steps, 3)
    last = changes_of(company)[-1]
    assert (last.previous, last.segment, last.cause) == ("payer/twice", "payer/often", "backfill")


async def test_who_was_told_to_be_idle_stays_so_where_the_clock_is_behind_as_her_state_is_made_anew(
    kept: Store,
) -> None:
    await lose(kept)
    company = Company(kept, NEVER, rulebook(idle="idle_days >= 1"))
    await live(company, records([SignsIn("ann", 0), SignsIn("dan", 0)]))
    company.world.now_ms += 2 * DAY_MS
    await company.live_once(0)
    await company.live_once(1)
    before = changes_of(company)
    assert {change.cause for change in before[-2:]} == {"timer"}
    await lose(kept)
    company.world.now_ms = START_MS + DAY_MS // 2
    await company.settle()
    assert changes_of(company) == before
    assert ends(company) == (await company.stands())["published"]


# Nothing comes while all is lost.
MERGED: Final[list[Step]] = [
    *(PaysByApp("ann", 0), PaysByApp("dan", 0), SignsIn("dan", 0), Merges(0)),
    *(SignsIn("ann", 2), PaysByApp("ann", 0)),
]
PEOPLE: Final = st.sampled_from(("ann", "dan"))
AGO: Final = st.just(0) | st.integers(0, 8)
STEPS: Final[st.SearchStrategy[Step]] = st.one_of(
    *(st.builds(each, PEOPLE, AGO) for each in (Pays, PaysByApp, SignsIn)), st.builds(Merges, AGO)
)


@settings(max_examples=1 + settings().max_examples // 3)
@given(
    st.lists(STEPS, max_size=9),
    st.integers(0, 9),
    st.sampled_from((SEGMENT, TIER)),
    st.just(NEVER) | CRASHES,
    st.lists(STEPS, max_size=4),
)
@example([*STAYS], 2, SEGMENT, NEVER, [])
@example(MERGED, 6, SEGMENT, NEVER, [])
@example([Pays("ann", 0), Pays("dan", 0), PaysByApp("dan", 2), Merges(0)], 4, SEGMENT, NEVER, [])  # who is gone
# She stands where she was told to be, by fewer changes.
@example([Pays("ann", 0), SignsIn("ann", 3), Pays("ann", 3)], 3, SEGMENT, NEVER, [SignsIn("ann", 6)])
def test_the_last_change_of_each_leads_to_where_she_stands_also_by_what_comes_late_after_it(
    steps: list[Step], at: int, rules: Rulebook, crashes: Crashes, later: list[Step]
) -> None:
    asyncio.run(told_as_they_stand(MemoryStore(), rules, steps, at, crashes, later))
