"""Rendering is the inverse of parsing: random trees, written as text, parse back to themselves."""

import pytest
from hypothesis import given

from streams.core.language.parser import parse_condition, parse_value
from streams.core.language.render import canonical, render, render_value
from streams.core.rules.nodes import Condition, Value
from tests.core.language.trees import SCORES, amounts, conditions


@given(conditions)
def test_a_random_tree_written_as_text_parses_back_to_itself(condition: Condition) -> None:
    assert parse_condition(render(condition), SCORES) == condition


@given(amounts)
def test_a_random_value_written_as_text_parses_back_to_itself(value: Value) -> None:
    assert parse_value(render_value(value)) == value


@given(conditions)
def test_the_canonical_tree_does_not_depend_on_how_it_was_spelled(condition: Condition) -> None:
    assert canonical(condition) == canonical(canonical(condition))
    assert render(canonical(condition)) == render(condition)


@pytest.mark.parametrize(
    ("spellings", "rendered"),
    [
        (
            [
                'paying and count( ["B","A"],days = 7,before_days=0 ) >= 8.0 and not(mrr in [1_0])',
                "(paying and (count(['A', 'B', 'A'], days=7) >= 8)) and not mrr in [10]",
            ],
            'paying and count(["A", "B"], days=7) >= 8 and not mrr in [10]',
        ),
        (
            ["active_days(any, days=7) > 1", "active_days(days = 7) > 1"],
            "active_days(days=7) > 1",
        ),
        (
            ['trend("A", days=7) > 1', 'count("A", days=7) / count("A", days=7, before_days=7) > 1'],
            'trend("A", days=7) > 1',
        ),
        (
            ['2 * (avg("A", "b", hours=7) + 1) / avg("A", "b", days=7, before_days=2) > 1'],
            '2 * (avg("A", "b", hours=7) + 1) / avg("A", "b", days=7, before_days=2) > 1',
        ),
        (
            [
                "count(event('A', where=( property('b c')=='x'  and properties . d>=2.0 )), days=7) > 1",
                'count(event(["A"], where=property("b c") == "x" and (properties.d >= 2)), days=7) > 1',
            ],
            'count(event("A", where=property("b c") == "x" and properties.d >= 2), days=7) > 1',
        ),
        (['has( latest("A","b") , 1.0 )'], 'has(latest("A", "b"), 1)'),
        (['trait("lead.name") == "x"', 'lead.name == "x"'], 'trait("lead.name") == "x"'),
        (['days_until(trait("ends_at")) < 1'], "days_until(ends_at) < 1"),
    ],
)
def test_one_spelling_for_each_meaning(spellings: list[str], rendered: str) -> None:
    assert {render(parse_condition(text)) for text in [*spellings, rendered]} == {rendered}


def test_equal_windows_of_unequal_events_are_no_trend() -> None:
    text = 'count("A", days=7) / count("B", days=7, before_days=7) > 1'
    assert render(parse_condition(text)) == text
    text = 'count("A", days=7) / count("A", days=7, before_days=8) > 1'
    assert render(parse_condition(text)) == text
