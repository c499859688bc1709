"""What an event can change, by its name and whether it is activity; and in which order rules are evaluated."""

import pytest
from hypothesis import given

from streams.core.compiler.catalog import Catalog
from streams.core.compiler.dependencies import changed_leaves, evaluation_order, rules_read, touched_sets
from streams.core.language.parser import parse_condition, parse_value
from streams.core.rules.nodes import Condition, EventSet
from streams.core.rules.rulebook import Rulebook, Scores, Segment
from streams.core.rules.traversal import NO_SCORES
from tests.rulebooks import rulebook
from tests.strategies import rulebooks

A, B, AB, ANY = EventSet(("A",)), EventSet(("B",)), EventSet(("A", "B")), EventSet(None)


@pytest.mark.parametrize(
    ("name", "active", "touched"),
    [
        ("A", True, [A, AB, ANY]),
        ("A", False, [A, AB]),
        ("B", True, [AB, ANY]),
        ("C", True, [ANY]),
        ("C", False, []),
        (None, True, [ANY]),
        (None, False, []),
    ],
)
def test_an_event_touches_the_sets_of_its_name_and_any_if_it_is_activity(
    name: str | None, active: bool, touched: list[EventSet]
) -> None:
    catalog = Catalog(rulebook(a='count("A") > count(["A", "B"]) + count(any)'))
    assert touched_sets(catalog, name, active) == touched


TEXTS = {
    "lifetime": 'count("A") > 1',
    "window": 'sum("A", "p", days=3) > 1',
    "since": 'days_since("A") > 1',
    "latest": 'days_until(latest("A", "at")) > 1',
    "held": 'has(latest("A", "tags"), "x")',
    "other": 'count("B") > 1',
    "activity": "idle_days > 1",
    "tenure": "tenure_days > 1",
    "trait": "seats > 1",
    "segment": 'in_segment("trait")',
}


@pytest.mark.parametrize(
    ("touched", "active", "changed"),
    [
        ([A], False, ["held", "latest", "lifetime", "since", "window"]),
        ([A], True, ["activity", "held", "latest", "lifetime", "since", "window"]),
        ([B], False, ["other"]),
        ([], True, ["activity"]),
        ([], False, []),
    ],
)
def test_a_condition_can_be_flipped_by_what_it_reads(touched: list[EventSet], active: bool, changed: list[str]) -> None:
    catalog = Catalog(rulebook(**TEXTS))
    assert [leaf.text for leaf in changed_leaves(catalog, touched, active)] == [TEXTS[name] for name in changed]


def test_the_segments_that_a_rule_reads_are_those_of_enter_and_exit() -> None:
    enter, leave = parse_condition('in_segment("a") and not in_segment("b")'), parse_condition('in_segment("c")')
    assert rules_read(Segment("s", enter, leave), NO_SCORES) == ["a", "b", "c"]


def test_a_rule_that_reads_scores_of_some_comes_after_the_grid_that_says_of_whom() -> None:
    of_some, of_all = scores("rfm", among=parse_condition("paying")), scores("value")
    reader = Segment("a", parse_condition("rfm.r >= 4 and value.r >= 4", scores=["rfm", "value"]))
    book = Rulebook((reader, of_some, of_all))
    assert rules_read(reader, book.scores) == ["rfm"]
    assert [rule.name for rule in evaluation_order(Catalog(book))] == ["rfm", "a", "value"]


def scores(name: str, among: Condition | None = None) -> Scores:
    recency, frequency, monetary = map(parse_value, ("idle_days", "active_days(days=90)", "mrr"))
    return Scores(name, recency, frequency, monetary, among=among)


def test_rules_come_by_name_but_each_after_those_it_reads() -> None:
    texts = {"a": 'in_segment("d") or in_segment("c")', "b": "x", "c": 'in_segment("d")', "d": "x", "e": "x"}
    order = evaluation_order(Catalog(rulebook(**texts)))
    assert [rule.name for rule in order] == ["d", "c", "a", "b", "e"]


@given(rulebooks())
def test_whatever_they_read_comes_first_and_nobody_is_left_out(book: Rulebook) -> None:
    order = [rule.name for rule in evaluation_order(Catalog(book))]
    assert sorted(order) == list(book.names)
    for rule in book.groupings:
        assert all(order.index(read) < order.index(rule.name) for read in rules_read(rule, book.scores))
