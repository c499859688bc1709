"""What a `where` says of an event; that it agrees with the judge is in the tests against the oracle."""

import pytest
from hypothesis import given

from streams.core.compiler.event_filters import asked, properties_read
from streams.core.events import Value
from streams.core.language.parser import parse_condition
from streams.core.rules.nodes import Compare, Condition, EventSet, Lifetime, Read
from tests.oracle.conditions import OneEvent
from tests.strategies.events import event_sets
from tests.strategies.histories import said_properties
from tests.strategies.written import Written


def where(text: str) -> Condition:
    match parse_condition(f'count(event("Exported", where={text})) > 0'):
        case Compare(left=Read(Lifetime(EventSet(where=condition)))) if condition is not None:
            return condition
    raise AssertionError(f"{text} is no where")


@given(event_sets(), said_properties)
def test_a_where_holds_of_an_event_as_the_judge_says(events: Written[EventSet], properties: dict[str, Value]) -> None:
    condition = events.node.where
    if condition is not None:
        assert asked(condition)(properties) == OneEvent(properties).holds(condition)


@pytest.mark.parametrize(
    ("text", "properties", "holds"),
    [
        ('properties.format == "pdf"', {"format": "pdf"}, True),
        ('properties.format == "pdf"', {"format": "PDF"}, False),
        ('properties.format != "pdf"', {}, False),
        ('not (properties.format == "pdf")', {}, True),
        ("properties.pages >= 3", {"pages": 3}, True),
        ("properties.pages >= 3", {"pages": "3"}, False),
        ("properties.pages == 1", {"pages": True}, False),
        ("properties.done", {"done": True}, True),
        ("properties.done", {"done": 1}, False),
        ("properties.done < properties.late", {"done": False, "late": True}, False),
        ("properties.pages / properties.files > 2", {"pages": 9, "files": 3}, True),
        ("properties.pages / properties.files > 2", {"pages": 9, "files": 0}, False),
        ('has(properties.tags, "a")', {"tags": ["b", "a"]}, True),
        ('has(properties.tags, "a")', {"tags": [["a"]]}, False),
        ("has(properties.tags, 1)", {"tags": [1.0]}, True),
        ("has(properties.tags, 1)", {"tags": [True]}, False),
        ("missing(properties.tags)", {"tags": []}, False),
        ("missing(properties.tags)", {}, True),
        ("properties.pages == 9007199254740992", {"pages": 2**53 + 1}, True),
    ],
)
def test_a_where_compares_as_rules_do(text: str, properties: dict[str, Value], holds: bool) -> None:
    assert asked(where(text))(properties) is holds


def test_a_where_names_the_properties_it_reads() -> None:
    read = properties_read(where('(properties.a > 1 and not has(properties.b, "x")) or missing(properties.c + 1)'))
    assert list(read) == ["a", "b", "c"]
