"""Scores in expressions, and the values that scores are made of."""

import pytest

from streams.core.instants import DAY_MS
from streams.core.language.faults import ExpressionFaults
from streams.core.language.parser import parse, parse_condition, parse_value
from streams.core.rules.nodes import (
    Arithmetic,
    Compare,
    Constant,
    Elapsed,
    EventSet,
    IdleSince,
    InSegment,
    Read,
    Score,
    Trait,
    Truth,
    Value,
    Window,
    Within,
)


def faults_of_value(source: str) -> list[str]:
    with pytest.raises(ExpressionFaults) as error:
        parse_value(source, scores=["rfm"])
    return [fault.message for fault in error.value.faults]


def test_the_scores_of_a_rule_are_numbers_and_texts() -> None:
    assert parse_condition("rfm.r >= 4", ["rfm"]) == Compare(">=", Score("rfm", "r"), Constant(4.0), "rfm.r >= 4")
    text = 'rfm.name in ["champions"]'
    assert parse_condition(text, ["rfm"]) == Within(Score("rfm", "name"), ("champions",), False, text)
    text = 'value2 . score != "543"'
    assert parse_condition(text, ["rfm", "value2"]) == Compare("!=", Score("value2", "score"), Constant("543"), text)


def test_a_name_is_a_trait_where_no_scores_bear_it() -> None:
    assert parse_condition("lead.name == plan", ["rfm"]) == Compare(
        "==", Read(Trait("lead.name")), Read(Trait("plan")), "lead.name == plan"
    )
    assert parse_condition('trait("rfm.r")', ["rfm"]) == Truth(Read(Trait("rfm.r")), 'trait("rfm.r")')


def test_scores_that_are_not_there_are_missed_rather_than_taken_for_a_trait() -> None:
    with pytest.raises(ExpressionFaults, match=r"no scores `rfm`; a file rfm.yaml would define them"):
        parse("rfm.r >= 4", segments=[], scores=["value"])


def test_scores_move_no_deadline_so_times_may_be_multiplied_by_them() -> None:
    idle = Elapsed(IdleSince(), float(DAY_MS))
    assert parse_condition("idle_days / rfm.m > 3", ["rfm"]) == Compare(
        ">", Arithmetic("/", idle, Score("rfm", "m")), Constant(3.0), "idle_days / rfm.m > 3"
    )


def test_a_segment_may_be_called_as_nothing_else_is() -> None:
    expression = parse('in_segment("rfm2")', segments=["rfm2"], tiers=["lifecycle"], scores=["rfm"])
    assert expression.condition == InSegment("rfm2", 'in_segment("rfm2")')


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("idle_days", Elapsed(IdleSince(), float(DAY_MS))),
        ("active_days(days=90)", Read(Window("active_days", EventSet(None), "day", 90))),
        ("mrr * 12", Arithmetic("*", Read(Trait("mrr")), Constant(12.0))),
    ],
)
def test_scores_are_made_of_numbers(source: str, value: Value) -> None:
    assert parse_value(source) == value


@pytest.mark.parametrize(
    ("source", "messages"),
    [
        ('"pro"', ["scores are made of numbers, this is a text"]),
        ("true", ["scores are made of numbers, this is true or false"]),
        ("idle_days > 7", ["a condition stands where a value belongs"]),
        ('has(tags, "vip")', ["a condition stands where a value belongs"]),
        ("rfm.r + rfm.f", ["scores are not made of scores"] * 2),
        ("mrr / tenure_days", ["this does not change evenly with time, so nobody could tell ahead when it flips"]),
        ("cuont(any) × 2", ["there is no function `cuont`", "`×` means nothing here"]),
        ("mrr − 3", ["`−` means nothing here"]),
        (
            "properties.amount",
            ["`properties.amount` is of an event and not of the profile; it stands inside event(.., where=..)"],
        ),
    ],
)
def test_nothing_else_makes_scores(source: str, messages: list[str]) -> None:
    assert faults_of_value(source) == messages
