"""The conditions because of which somebody is where they are."""

import pytest

from streams.core.explain.decisive import decisive
from streams.core.language.parser import parse_condition
from streams.core.rules.nodes import Always
from streams.core.rules.rulebook import Level, Segment, Tier

QUIET = Segment("quiet", parse_condition("paying and idle_days >= 7"), parse_condition("idle_days < 1 or mrr > 99"))
LIFE = Tier("life", (Level("new", parse_condition("tenure_days < 3")), Level("here", Always(True))))


@pytest.mark.parametrize(
    ("segment", "true", "why"),
    [
        (None, ["paying"], ["idle_days >= 7"]),
        (None, [], ["paying", "idle_days >= 7"]),
        # It enters only where `exit` does not hold.
        (None, ["paying", "idle_days >= 7", "mrr > 99"], ["mrr > 99"]),
        ("quiet", ["paying", "idle_days >= 7"], ["paying", "idle_days >= 7"]),
        # `enter` has ended, and `exit` has not come yet.
        ("quiet", ["idle_days >= 7"], ["idle_days < 1", "mrr > 99"]),
    ],
)
def test_a_segment_is_what_the_part_that_decides_makes_it(segment: str | None, true: list[str], why: list[str]) -> None:
    conditions = ["paying", "idle_days >= 7", "idle_days < 1", "mrr > 99"]
    assert decisive(QUIET, segment, {each: each in true for each in conditions}) == tuple(why)


def test_a_level_is_what_its_own_condition_makes_it_and_the_last_one_needs_none() -> None:
    assert decisive(LIFE, "life/new", {"tenure_days < 3": True}) == ("tenure_days < 3",)
    assert decisive(LIFE, "life/here", {"tenure_days < 3": False}) == ()
    assert decisive(LIFE, None, {"tenure_days < 3": True}) == ()


@pytest.mark.parametrize(
    ("true", "why"),
    [(["a == 1"], ["a == 1"]), ([], ["a == 1", "b == 1"]), (["a == 1", "b == 1"], ["a == 1", "b == 1"])],
)
def test_of_alternatives_those_decide_that_hold_or_all_where_none_does(true: list[str], why: list[str]) -> None:
    rule = Segment("any", parse_condition("a == 1 or b == 1"))
    holds = {each: each in true for each in ("a == 1", "b == 1")}
    assert decisive(rule, "any" if true else None, holds) == tuple(why)


def test_what_is_negated_decides_by_not_holding() -> None:
    rule = Segment("none", parse_condition("not (a == 1 or b == 1)"))
    assert decisive(rule, None, {"a == 1": True, "b == 1": False}) == ("a == 1",)
