"""Which rules are shown."""

from pathlib import Path

import pytest

from streams import rulefiles
from streams.core.rules.nodes import Always
from streams.core.rules.rulebook import Level, Rulebook, Segment, Tier
from streams.demo.featured import HEROES, featured
from streams.errors import UsageError

SHIPPED = rulefiles.load(Path(__file__).parents[2] / "rules")
ALWAYS = Always(True)


def test_of_the_rules_that_ship_the_heroes_are_shown_and_the_rest_is_counted() -> None:
    shown = featured(SHIPPED, ())
    assert shown.rows == HEROES[:-1]
    assert [*shown.tiers] == ["lifecycle"]
    assert shown.others == len(SHIPPED.rules) - len(HEROES)


def test_nothing_is_shown_twice() -> None:
    segments = featured(SHIPPED, ()).segments
    assert len(set(segments)) == len(segments)
    assert not {"champions", "rfm/champions"} <= {*segments}


def test_all_rules_of_a_few_are_shown() -> None:
    own = Rulebook(tuple(Segment(name, ALWAYS) for name in ("churn-risk", "gone-quiet", "mine")))
    assert featured(own, ()).rows == ("churn-risk", "gone-quiet", "mine")


def test_all_rules_are_shown_where_none_is_a_hero() -> None:
    own = Rulebook(tuple(Segment(f"rule-{number:02}", ALWAYS) for number in range(20)))
    assert featured(own, ()).rows == own.names


def test_what_was_asked_for_is_shown_and_nothing_else() -> None:
    shown = featured(SHIPPED, ("detractor", "rfm/champions", "power-team"))
    assert shown.rows == ("detractor", "rfm/champions")
    assert [*shown.tiers] == ["power-team"]
    assert shown.others == len(SHIPPED.rules) - 3


def test_levels_are_named_as_the_tier_names_them() -> None:
    own = Rulebook((Tier("life", (Level("new", ALWAYS), Level("old", ALWAYS))),))
    assert featured(own, ()).tiers == {"life": {"new": "life/new", "old": "life/old"}}


def test_a_name_that_no_rule_has_is_a_fault_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match=r"No rule makes a segment churnrisk. Did you mean churn-risk\?"):
        featured(SHIPPED, ("churnrisk",))
