"""A rulebook: its rules in the order of their names, and what a profile can be in by them."""

from dataclasses import replace

import pytest

from streams.core.language.parser import parse_condition, parse_value
from streams.core.rules.nodes import Always
from streams.core.rules.rfm import NAMES
from streams.core.rules.rulebook import Edges, Level, Rule, Rulebook, Scores, Segment, Tier, level_name

ASKED = parse_condition("seats > 1")
LIFECYCLE = Tier("lifecycle", (Level("new", ASKED), Level("active", Always(True))))
EDGES = Edges(*[(1.0, 2.0, 3.0, 4.0)] * 3)


def scores(name: str, fixed: Edges | None = None) -> Scores:
    value = parse_value("seats")
    return Scores(name, value, value, value, fixed, include=("plan",), description="d", labels={"a": "b"}, version="v")


@pytest.mark.parametrize("names", [["b", "a"], ["a", "a"], ["a", "B"]])
def test_rules_have_different_names_in_the_order_of_code_points(names: list[str]) -> None:
    with pytest.raises(ValueError, match="different names, sorted by name"):
        Rulebook(tuple(Segment(name, ASKED) for name in names))


def test_a_segment_is_in_or_out_and_a_tier_has_a_segment_for_each_level_in_their_order() -> None:
    rules: tuple[Rule, ...] = (LIFECYCLE, Segment("vip", ASKED))
    assert Rulebook(rules).segments == ("lifecycle/new", "lifecycle/active", "vip")


def test_the_name_of_a_level_is_what_the_tier_itself_calls_it() -> None:
    assert level_name("lifecycle", "lifecycle/a/b") == "a/b"
    assert level_name("vip", "vip") == "vip"


def test_scores_stand_for_the_tier_of_their_grid_and_bear_all_that_they_were_given() -> None:
    book = Rulebook((LIFECYCLE, rfm := scores("rfm"), Segment("vip", ASKED)))
    lifecycle, grid, vip = book.groupings
    assert (lifecycle, vip) == (book.rules[0], book.rules[2])
    assert grid == rfm.tier
    assert grid.segments == tuple(f"rfm/{name}" for name in NAMES)
    assert isinstance(grid, Tier)
    assert grid.scores == "rfm"
    told = (grid.name, grid.include, grid.description, grid.labels, grid.version)
    assert told == ("rfm", ("plan",), "d", {"a": "b"}, "v")


def test_scores_are_told_from_other_rules_and_by_quintiles_from_those_with_fixed_edges() -> None:
    book = Rulebook((fixed := scores("a", EDGES), LIFECYCLE, moving := scores("rfm")))
    assert dict(book.scores) == {"a": fixed, "rfm": moving}
    assert book.by_quintiles == (moving,)
    assert (fixed.is_by_quintiles, moving.is_by_quintiles) == (False, True)
    assert book.names == ("a", "lifecycle", "rfm")


def test_only_what_people_read_may_differ_between_rulebooks_that_mean_the_same() -> None:
    rule = Segment("a", parse_condition("idle_days > 3"), version="1")
    book = Rulebook((rule,))
    assert book.means_the_same_as(Rulebook((replace(rule, description="quiet", labels={"owner": "ann"}),)))
    assert not book.means_the_same_as(Rulebook((replace(rule, version="2"),)))
    assert not book.means_the_same_as(Rulebook((replace(rule, is_shadow=True),)))
    assert not book.means_the_same_as(Rulebook(()))
