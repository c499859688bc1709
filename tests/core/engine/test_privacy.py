"""What is private is hidden, and so is what nobody has said of that it is not."""

from dataclasses import dataclass
from typing import Any, cast

import pytest

from streams.core.engine.privacy import may_be_shown
from streams.core.language.parser import parse_condition
from streams.core.rules.nodes import Compare, Constant, EventSet, Leaf, Property, Read, Statistic, Value, Window
from streams.core.rules.statistics import STATISTICS
from streams.core.rules.traversal import leaves

PRIVATE = frozenset({"email", "address"})


def asks(value: Value) -> Leaf:
    return Compare(">", value, Constant(0.0), "")


def window(statistic: str, prop: str | None = "email") -> Value:
    return Read(Window(cast(Statistic, statistic), EventSet(("E",)), "day", 7, prop=prop))


@pytest.mark.parametrize("statistic", ["sum", "min", "max"])
def test_what_may_be_the_value_itself_is_hidden(statistic: str) -> None:
    assert not may_be_shown(asks(window(statistic)), PRIVATE, ())
    assert may_be_shown(asks(window(statistic, "pages")), PRIVATE, ())
    assert may_be_shown(asks(window(statistic)), PRIVATE, ("email",))


@pytest.mark.parametrize("statistic", ["values", "distinct"])
def test_how_many_there_are_is_no_secret(statistic: str) -> None:
    assert may_be_shown(asks(window(statistic)), PRIVATE, ())


@pytest.mark.parametrize("prop", [None, "pages", "email"])
def test_a_statistic_that_is_in_no_table_is_hidden(prop: str | None) -> None:
    assert "median" not in STATISTICS
    assert not may_be_shown(asks(window("median", prop)), PRIVATE, ("pages", "email"))


def test_a_feature_and_a_value_that_are_not_known_are_hidden() -> None:
    @dataclass(frozen=True)
    class New:
        prop: str = "pages"

    unknown: Any = New()
    assert not may_be_shown(asks(Read(unknown)), PRIVATE, ())
    assert not may_be_shown(asks(unknown), PRIVATE, ())
    assert not may_be_shown(asks(Property("pages")), PRIVATE, ())


@pytest.mark.parametrize(
    ("condition", "shown"),
    [
        ('email == "ann@acme.example"', False),
        ("address.city == 5", False),
        ('has(email, "x")', False),
        ("missing(email)", False),
        ("days_since(email) > 3", False),
        ('avg("E", "email", days=7) > 3', False),
        ('latest("E", "email") in ["a", "b"]', False),
        ('mrr - max("E", "email", days=7) > 3', False),
        ('count("E", days=7) > 3', True),
        ("idle_days > 3 and tenure_days > 1", True),
        ('in_segment("x")', True),
        ('days_since("E") > 1', True),
        ('trend("E", days=7) < 0.5', True),
        ('plan == "pro"', True),
    ],
)
def test_whatever_a_condition_asks_is_shown_where_nothing_of_it_is_private(condition: str, shown: bool) -> None:
    assert all(may_be_shown(leaf, PRIVATE, ()) for leaf in leaves(parse_condition(condition))) is shown
