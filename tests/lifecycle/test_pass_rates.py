"""How many fulfil each condition of a rule, and whom it alone keeps out."""

from collections.abc import Sequence

import pytest

from streams.core.instants import DAY_MS, parse_time
from streams.lifecycle.checking import check_files
from streams.lifecycle.pass_rates import PassRate, PassRates, pass_rates
from streams.settings import Settings
from streams.state.store import Store
from tests.lifecycle.state import left_by_worker, signed_in

AT = parse_time("2026-11-03T09:14:00Z") or 0
VISITS: dict[str, Sequence[int]] = {"ann": [10], "bob": [9, 8], "cid": [1], "dan": [9, 0]}  # days ago, of each user
EVENTS = sorted((signed_in(user, AT - day * DAY_MS) for user in VISITS for day in VISITS[user]), key=lambda e: e.ts)
RULES = {
    "gone.yaml": "segment: gone\nenter: idle_days >= 7 and not count(any, days=30) < 2\nexit: idle_days < 1\n",
    "either.yaml": "segment: either\nenter: idle_days >= 9 or (tenure_days >= 5 and in_segment('gone'))\n",
    "life.yaml": "tier: life\nlevels:\n  new: tenure_days < 5\n  old: otherwise\n",
}


async def rates_of(store: Store, rule: str, most: int = 100) -> PassRates:
    rulebook = check_files(RULES).rulebook
    await left_by_worker(store, rulebook, EVENTS)
    return await pass_rates(store.shards, Settings(), rulebook, rule, most)


async def test_each_condition_has_who_fulfils_it_and_whom_it_alone_keeps_out(kept: Store) -> None:
    found = await rates_of(kept, "gone")
    assert found.rates == (
        PassRate("enter", "idle_days >= 7", 2, 1),  # ann, bob; dan was here today
        PassRate("enter", "not count(any, days=30) < 2", 2, 1),  # bob, dan; ann came once
        PassRate("exit", "idle_days < 1", 1, None),
    )
    assert (found.looked_at, found.profiles) == (4, 4)


async def test_of_two_ways_in_each_may_be_all_that_is_missing(kept: Store) -> None:
    assert [(each.fulfil, each.alone) for each in (await rates_of(kept, "either")).rates] == [(1, 2), (3, 0), (1, 1)]


async def test_a_tier_has_them_level_by_level(kept: Store) -> None:
    assert (await rates_of(kept, "life")).rates == (PassRate("new", "tenure_days < 5", 1, None),)


@pytest.mark.parametrize("most", [1, 2])
async def test_only_some_are_looked_at_where_there_are_many(kept: Store, most: int) -> None:
    found = await rates_of(kept, "gone", most)
    assert found.profiles == 4
    assert most <= found.looked_at <= 4
    assert all(each.fulfil <= found.looked_at for each in found.rates)
