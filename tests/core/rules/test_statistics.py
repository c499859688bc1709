"""The table of statistics: it is whole, what it says is so, and whatever is in it is tested by made-up rules."""

from typing import get_args

import pytest

from streams.core.kernel.layout import COUNTS
from streams.core.language.vocabulary import FUNCTIONS
from streams.core.rules.nodes import Compare, Constant, EventSet, Read, Statistic, Window
from streams.core.rules.rulebook import Rulebook, Segment
from streams.core.rules.statistics import BUCKETS, STATISTICS
from streams.testing import changes, track
from tests.strategies import values as made_up

AMOUNT = 4242.0
OF_PROPERTIES = [name for name, each in STATISTICS.items() if each.of_property]


def test_every_statistic_has_its_row_and_every_sort_of_bucket() -> None:
    assert STATISTICS.keys() == set(get_args(Statistic))
    assert {each.holds for each in STATISTICS.values()} == BUCKETS.keys()


def test_buckets_are_shared_by_what_puts_the_same_into_them() -> None:
    for each in STATISTICS.values():
        owner = STATISTICS[each.buckets_of]
        assert (owner.holds, owner.told_by, owner.buckets_of) == (each.holds, each.told_by, each.buckets_of)


def test_buckets_are_counted_only_where_they_hold_counts() -> None:
    assert all(each.holds == COUNTS for each in STATISTICS.values() if each.counts_buckets)


@pytest.mark.parametrize("name", OF_PROPERTIES)
def test_a_statistic_that_can_give_a_value_away_says_so(name: Statistic) -> None:
    asked = Read(Window(name, EventSet(("E",)), "day", 7, prop="amount"))
    rulebook = Rulebook((Segment("s", Compare(">", asked, Constant(0.5), "asked")),))
    [change] = changes(rulebook, [track("ann", "E", "2026-03-01", amount=AMOUNT)])
    gives_it_away = change.because[0].value == AMOUNT
    assert STATISTICS[name].tells_values is gives_it_away


def test_every_statistic_that_a_rule_can_name_is_made_up_for_the_judge() -> None:
    assert {name for name in STATISTICS if name in FUNCTIONS} <= set(made_up.FUNCTIONS)
