"""What a rule is made of: equal features are one, whoever names them, and what cannot be seen to differ does not."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import get_args

import pytest

from streams.core.rules import nodes
from streams.core.rules.equality import spell
from streams.core.rules.nodes import (
    MIRRORED,
    Compare,
    Comparison,
    Condition,
    Constant,
    EventSet,
    Feature,
    Holds,
    Latest,
    Leaf,
    Lifetime,
    Trait,
    Window,
)

EVENTS = EventSet(("A", "B"))


def test_equal_features_are_one_however_many_rules_name_them() -> None:
    window = Window("sum", EVENTS, "day", 7, prop="amount")
    again = Window("sum", EventSet(("A", "B")), "day", 7, 0, "amount")
    assert {window: 1}[again] == 1


@pytest.mark.parametrize(
    "other",
    [
        Window("count", EVENTS, "day", 7, prop="amount"),
        Window("sum", EventSet(None), "day", 7, prop="amount"),
        Window("sum", EVENTS, "hour", 7, prop="amount"),
        Window("sum", EVENTS, "day", 8, prop="amount"),
        Window("sum", EVENTS, "day", 7, 1, "amount"),
        Window("sum", EVENTS, "day", 7, prop="other"),
        Lifetime(EVENTS),
    ],
)
def test_features_that_differ_in_anything_are_two(other: Feature) -> None:
    assert other != Window("sum", EVENTS, "day", 7, prop="amount")


def test_what_is_equal_in_python_alone_is_held_apart_by_its_spelling_and_its_text() -> None:
    assert Constant(1.0) == Constant(True)
    assert Holds(Trait("tags"), spell(1.0)) != Holds(Trait("tags"), spell(True))
    assert Holds(Trait("tags"), spell(1)) == Holds(Trait("tags"), spell(1.0))
    one, other = (Compare("==", Constant(value), Constant(1.0), text) for value, text in ((1.0, "1"), (True, "true")))
    assert one != other


def test_a_trait_is_not_the_latest_property_of_its_name() -> None:
    assert len({Holds(Trait("a"), '"x"'), Holds(Latest(EVENTS, "a"), '"x"')}) == 2


COMPARE: Mapping[Comparison, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@pytest.mark.parametrize("comparison", get_args(Comparison))
def test_mirrored_a_comparison_holds_of_its_sides_the_other_way_round(comparison: Comparison) -> None:
    for one, other in ((1.0, 2.0), (2.0, 2.0), (3.0, 2.0)):
        assert COMPARE[MIRRORED[comparison]](other, one) == COMPARE[comparison](one, other)


def test_every_leaf_bears_its_own_text_and_no_other_condition_does() -> None:
    leaves = set(get_args(Leaf))
    bearing = {sort for sort in get_args(Condition) if "text" in {field.name for field in fields(sort)}}
    assert bearing == leaves


def test_everything_that_a_rule_is_made_of_can_be_a_key() -> None:
    made = [sort for sort in vars(nodes).values() if isinstance(sort, type) and is_dataclass(sort)]
    assert len(made) > 20
    assert all(sort.__hash__ is not None for sort in made)
