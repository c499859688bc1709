"""The names that an expression reads: all of them, and where they stand."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given

from streams.core.language.names import names
from streams.core.language.parser import parse_condition
from streams.core.language.vocabulary import CLOCKS, FUNCTIONS, OPTIONS, SCORES
from streams.core.rules.nodes import Condition, EventSet, Latest, LatestTime, Property, Trait, TraitTime, Window
from tests.strategies import Written, conditions

Found = tuple[str, str, tuple[str, ...] | None]


def read(node: object, events: tuple[str, ...] | None = None) -> Iterator[Found]:
    """The names that a checked tree reads."""
    match node:
        case EventSet(names):
            events = names
            yield from (("event", name, None) for name in names or ())
        case Trait(name) | TraitTime(name):
            yield "trait", name, None
        case Property(name):
            yield "property", name, events
        case (
            Window(events=EventSet(names), prop=str(prop))
            | Latest(EventSet(names), prop)
            | LatestTime(EventSet(names), prop)
        ):
            yield "property", prop, names
    if is_dataclass(node):
        for field in fields(node):
            yield from read(getattr(node, field.name), events)
    elif isinstance(node, tuple):
        for item in node:
            yield from read(item, events)


def found(text: str, *scores: str) -> set[Found]:
    return {
        (name.kind, name.text, tuple(sorted(set(name.events))) if name.events else None) for name in names(text, scores)
    }


@given(conditions())
def test_they_are_those_that_the_checked_tree_reads(condition: Written[Condition]) -> None:
    assert found(condition.text) == set(read(condition.node))


EXAMPLES = [word.example for table in (FUNCTIONS, OPTIONS, CLOCKS, SCORES) for word in table.values()]


@pytest.mark.parametrize("text", EXAMPLES)
def test_names_are_those_that_are_read_in_the_example_of_every_function(text: str) -> None:
    assert found(text, "rfm") == set(read(parse_condition(text, ["rfm"])))


MANY = """\
count(event(["Report Exported", "Report Viewed"], where=properties.format == "pdf"
    and has(property("odd tags"), "vip")), days=30) > 5
  and sum(any, "amount", days=7) > mrr and avg("Invoice Paid", "amount", hours=2) > 1
  and days_since(latest("Plan Chosen", "at")) > 3 and days_until(trial_ends_at) < 3 and hours_since("Signed In") > 1
  and trait("odd trait") in ["Signed In", "plan"] and company.size > 5 and has(tags, "x") and missing(latest(any, "q"))
  and rfm.r > 3 and rfm.name == "champions" and idle_days > tenure_days / 2 and in_segment("vip")
  and trend(["A", "B"], days=7) > 1 and distinct(event("C", where=not missing(properties.a.b)), "d", days=3) > 1"""
EXPORTS = ("Report Exported", "Report Viewed")


def test_every_name_is_told_with_its_kind_and_no_other_word_is() -> None:
    assert [(name.kind, name.text, name.events) for name in names(MANY, ["rfm"])] == [
        ("event", "Report Exported", None),
        ("event", "Report Viewed", None),
        ("property", "format", EXPORTS),
        ("property", "odd tags", EXPORTS),
        ("property", "amount", None),
        ("trait", "mrr", None),
        ("event", "Invoice Paid", None),
        ("property", "amount", ("Invoice Paid",)),
        ("event", "Plan Chosen", None),
        ("property", "at", ("Plan Chosen",)),
        ("trait", "trial_ends_at", None),
        ("event", "Signed In", None),
        ("trait", "odd trait", None),
        ("trait", "company.size", None),
        ("trait", "tags", None),
        ("property", "q", None),
        ("event", "A", None),
        ("event", "B", None),
        ("event", "C", None),
        ("property", "a.b", ("C",)),
        ("property", "d", ("C",)),
    ]


def test_each_stands_where_it_is_said_to() -> None:
    for name in names(MANY, ["rfm"]):
        written = MANY[name.offset : name.offset + name.width]
        assert written in (name.text, f'"{name.text}"', f"properties.{name.text}")
