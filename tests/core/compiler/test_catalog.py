"""Where each feature that rules read lies in a row, and what is to be read of an event."""

import pytest
from hypothesis import given

from streams.core.compiler.catalog import Catalog
from streams.core.compiler.fields import Ring
from streams.core.events import Reads
from streams.core.kernel.layout import FIRST_SEEN, RULES_A_WORD
from streams.core.language.parser import parse_condition, parse_value
from streams.core.rules.nodes import (
    EventSet,
    FirstSeen,
    Holds,
    IdleSince,
    LastSeen,
    Latest,
    Lifetime,
    Lowered,
    Trait,
    TraitTime,
    Window,
)
from streams.core.rules.rulebook import Rulebook, Scores, Segment
from streams.core.rules.statistics import STATISTICS
from tests.rulebooks import rulebook
from tests.strategies import rulebooks

A, ANY = EventSet(("A",)), EventSet(None)


def catalog(*conditions: str) -> Catalog:
    return Catalog(rulebook(**{f"s{i}": text for i, text in enumerate(conditions)}))


@given(rulebooks())
def test_nothing_lies_where_something_else_does_and_nothing_is_left_over(book: Rulebook) -> None:
    found = Catalog(book)
    taken = [place for field in found.fields for place in range(field.start, field.start + field.words)]
    for feature, word in found.word.items():
        if word >= found.kept:
            words = {Window: 0, Trait: 2, Latest: 2, Lowered: 2}.get(type(feature), 1)
            if isinstance(feature, Window):
                words = STATISTICS[feature.statistic].bucket.total_words
            taken += range(word, word + words)
    for first in (found.time_driven, found.blocked):
        taken += range(first, first + found.rule_set_words)
    assert sorted(taken) == list(range(found.width))


@given(rulebooks())
def test_what_is_kept_comes_before_what_follows_from_it(book: Rulebook) -> None:
    found = Catalog(book)
    assert max(field.start + field.words for field in found.fields) == found.kept
    kept = [feature for feature, word in found.word.items() if word < found.kept]
    assert {type(feature) for feature in kept} <= {FirstSeen, LastSeen, Lifetime}
    assert found.word[FirstSeen()] == FIRST_SEEN


def test_every_rule_has_its_words_in_the_order_of_their_names() -> None:
    found = Catalog(rulebook(b="x", a="y", c="z"))
    assert [(field.name, field.start) for field in found.fields if field.name.startswith("rule ")] == [
        (f"rule {name}", found.rules_start + 2 * i) for i, name in enumerate("abc")
    ]


def test_equal_features_and_leaves_are_one_however_many_rules_read_them() -> None:
    found = catalog('count("A", days=3) > 1 and plan == "x"', 'count("A", days=3) > 1 or count("A",days=3) > 2')
    assert found.features == (Window("count", A, "day", 3), Trait("plan"))
    assert [leaf.text for leaf in found.leaves] == [
        'count("A", days=3) > 1',
        'plan == "x"',
        'count("A",days=3) > 2',
    ]


def test_a_ring_is_as_long_as_the_window_that_reaches_furthest_back() -> None:
    found = catalog('count("A", days=3) > active_days("A", days=2, before_days=9)', 'count("A", days=7) > 1')
    assert found.rings == (Ring(A, "day", "count", None, length=11),)
    (ring,) = found.rings
    assert [(window.statistic, window.length) for window in found.windows_of(ring)] == [
        ("count", 3),
        ("active_days", 2),
        ("count", 7),
    ]
    assert {found.ring_of(window) for window in found.windows} == {ring}


def test_included_traits_and_what_scores_are_made_of_are_read_too() -> None:
    value = parse_value('sum("A", "p", days=3)')
    scores = Scores("rfm", parse_value("idle_days"), value, parse_value("mrr"), include=("plan",))
    segment = Segment("s", parse_condition("seats > 1"), include=("name",))
    found = Catalog(Rulebook((scores, segment)))
    assert found.traits == ("seats", "mrr", "plan", "name")
    assert set(found.features) >= {IdleSince(), Window("sum", A, "day", 3, prop="p"), Trait("mrr")}


def test_places_tell_where_everything_that_follows_from_a_value_is_written() -> None:
    found = catalog('has(tags, "x") or has(tags, 1)', "days_until(ends) < 1", 'latest("A", "p") == 1')
    word = found.word
    tags = found.places(Trait("tags"))
    has_x, has_1 = (word[Holds(Trait("tags"), spelled)] for spelled in ('"x"', "1.0"))
    assert tags == (word[Trait("tags")], None, None, (("has", '"x"', has_x), ("has", "1.0", has_1)), ())
    assert found.places(Trait("ends")) == (None, None, word[TraitTime("ends")], (), ())
    assert found.places(Latest(A, "p")) == (word[Latest(A, "p")], None, None, (), ())
    assert found.places(Trait("other")) == (None, None, None, (), ())


def test_places_tell_apart_what_follows_from_a_text_and_from_the_same_in_small_letters() -> None:
    found = catalog('contains(plan, "x") or starts_with(lower(plan), "y")', 'lower(latest("A", "p")) == "z"')
    word, small = found.word, Lowered(Trait("plan"))
    contains, starts = word[Holds(Trait("plan"), "x", "contains")], word[Holds(small, "y", "starts_with")]
    assert found.places(Trait("plan")) == (
        *(word[Trait("plan")], word[small], None),
        *((("contains", "x", contains),), (("starts_with", "y", starts),)),
    )
    assert found.places(Latest(A, "p")) == (None, word[Lowered(Latest(A, "p"))], None, (), ())


@pytest.mark.parametrize(
    ("conditions", "reads"),
    [
        (['count("A") > 1'], Reads({})),
        (['sum("A", "p", days=3) > 1'], Reads({"A": frozenset({"p"})})),
        (['distinct(["A", "B"], "p", days=3) > 1'], Reads({"A": frozenset({"p"}), "B": frozenset({"p"})})),
        (['latest("A", "p") == 1 and latest("A", "q") == 1'], Reads({"A": frozenset({"p", "q"})})),
        (
            ['count(event("A", where=properties.x > 1 or missing(properties.y))) > 1'],
            Reads({"A": frozenset({"x", "y"})}),
        ),
        (
            ['max(any, "q", days=3) > 1', 'sum("A", "p", days=3) > 1'],
            Reads({"A": frozenset({"p", "q"})}, of_any=frozenset({"q"})),
        ),
        (['context.ip == plan and has(context.tags, "x")'], Reads({}, context=frozenset({"ip", "tags"}))),
    ],
)
def test_of_an_event_no_more_is_read_than_rules_ask_for(conditions: list[str], reads: Reads) -> None:
    assert catalog(*conditions).reads == reads


def test_the_events_that_rules_are_about_are_known_by_set_and_by_name() -> None:
    found = catalog('count(["B", "A"]) > count(any)', 'days_since("A") > 1 and idle_days > 1')
    assert found.event_sets == (EventSet(("A", "B")), ANY, A)
    assert found.event_names == ("A", "B")


def test_each_thing_that_the_kernel_is_told_of_an_event_has_one_column() -> None:
    found = catalog(
        'sum("A", "p", days=3) / max("B", "p", days=3) > sum("A", "q", days=3)',
        'distinct("A", "r", days=3) > count(event("A", where=properties.x > 1))',
        'days_since(event("B", where=properties.x > 1)) > 1',
        'latest("A", "s") == 1',
    )
    (where,) = {events.where for events in found.event_sets if events.where is not None}
    (distinct,) = found.distinct
    assert found.columns == {"p": 0, "q": 1, where: 2, distinct: 3}


@pytest.mark.parametrize(("rules", "words"), [(0, 0), (1, 1), (RULES_A_WORD, 1), (RULES_A_WORD + 1, 2)])
def test_a_set_of_rules_has_a_bit_for_each(rules: int, words: int) -> None:
    assert catalog(*["a"] * rules).rule_set_words == words
