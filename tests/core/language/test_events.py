"""`event(.., where=..)`: a condition on the event's own properties, and equal ones equal however they are spelled."""

import pytest

from streams.core.language.parser import parse_condition
from streams.core.rules.nodes import (
    All,
    Arithmetic,
    Compare,
    Condition,
    Constant,
    EventSet,
    Has,
    Lifetime,
    Missing,
    Not,
    Property,
    Read,
    Some,
    Truth,
    Within,
)

FORMAT, PAGES = Property("format"), Property("pages")


def events(source: str) -> EventSet:
    condition = parse_condition(f"count({source}) > 3")
    assert isinstance(condition, Compare)
    assert isinstance(condition.left, Read)
    assert isinstance(condition.left.feature, Lifetime)
    return condition.left.feature.events


def where(source: str) -> Condition:
    condition = events(f'event("Report Made", where={source})').where
    assert condition is not None
    return condition


@pytest.mark.parametrize(
    ("source", "condition"),
    [
        ('properties.format == "pdf"', Compare("==", FORMAT, Constant("pdf"), 'properties.format == "pdf"')),
        ("properties.a.b > 3", Compare(">", Property("a.b"), Constant(3.0), "properties.a.b > 3")),
        ('property("odd name") > 3', Compare(">", Property("odd name"), Constant(3.0), 'property("odd name") > 3')),
        (
            "1 < properties.pages <= 9",
            All(
                (
                    Compare("<", Constant(1.0), PAGES, "1 < properties.pages"),
                    Compare("<=", PAGES, Constant(9.0), "properties.pages <= 9"),
                )
            ),
        ),
        (
            "(properties.pages + 1) * 2 - 3 / 4 != -1",
            Compare(
                "!=",
                Arithmetic(
                    "-",
                    Arithmetic("*", Arithmetic("+", PAGES, Constant(1.0)), Constant(2.0)),
                    Arithmetic("/", Constant(3.0), Constant(4.0)),
                ),
                Constant(-1.0),
                "(properties.pages + 1) * 2 - 3 / 4 != -1",
            ),
        ),
        (
            'properties.format not in ["pdf", "png"]',
            Within(FORMAT, ("pdf", "png"), True, 'properties.format not in ["pdf", "png"]'),
        ),
        (
            "not properties.final or missing(properties.format)",
            Some(
                (
                    Not(Truth(Property("final"), "properties.final")),
                    Missing(FORMAT, "missing(properties.format)"),
                )
            ),
        ),
        ('has(properties.tags, "vip")', Has(Property("tags"), "vip", 'has(properties.tags, "vip")')),
        ('has(property("my tags"), true)', Has(Property("my tags"), True, 'has(property("my tags"), true)')),
    ],
)
def test_where_asks_for_properties(source: str, condition: Condition) -> None:
    assert where(source) == condition


def test_where_goes_with_a_list_of_names_and_with_any() -> None:
    pdf = Truth(Property("pdf"), "properties.pdf")
    assert events('event(["B", "A"], where=properties.pdf)') == EventSet(("A", "B"), pdf)
    assert events("event(any, where=properties.pdf)") == EventSet(None, pdf)


@pytest.mark.parametrize(
    "spelling",
    [
        "properties.format=='pdf' and (properties . pages>=2.0 and properties.final)",
        '( properties.format ==  "pdf" ) and properties.pages >= 2 and (properties.final)',
        'property("format") == "pdf" and property("pages") >= 2 and property("final")',
    ],
)
def test_equal_meanings_are_equal_events(spelling: str) -> None:
    assert where(spelling) == where('properties.format == "pdf" and properties.pages >= 2 and properties.final')


def test_a_text_in_where_keeps_its_blanks() -> None:
    assert where('properties.a == "b  c"') != where('properties.a == "b c"')
    assert where('properties.a == "b  c"') == Compare("==", Property("a"), Constant("b  c"), 'properties.a == "b  c"')
