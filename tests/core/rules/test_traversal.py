"""Ways through the tree of a rule: everything is found, in the order it is written."""

import pytest

from streams.core.language.parser import parse_condition, parse_value
from streams.core.rules.nodes import (
    Always,
    Constant,
    EventSet,
    Feature,
    FirstSeen,
    Has,
    Holds,
    IdleSince,
    LastSeen,
    Latest,
    LatestTime,
    Lifetime,
    Property,
    Trait,
    TraitTime,
    Window,
)
from streams.core.rules.rulebook import Grouping, Level, Scores, Segment, Tier
from streams.core.rules.traversal import (
    conditions,
    dimensions,
    events_of,
    features,
    held,
    leaf_features,
    leaves,
    measure,
    moves,
    operands,
    rule_leaves,
    terms,
)

A, ANY = EventSet(("A",)), EventSet(None)
TEXT = 'not (b and a) or (c > 1 and (b or true)) or in_segment("s")'
RFM = Scores("rfm", parse_value("idle_days"), parse_value('count("A", days=3)'), parse_value("mrr / tenure"))


def test_leaves_are_found_in_the_order_they_are_written_each_time_they_are() -> None:
    assert [leaf.text for leaf in leaves(parse_condition(TEXT))] == ["b", "a", "c > 1", "b", 'in_segment("s")']


@pytest.mark.parametrize(
    ("rule", "texts"),
    [
        (Segment("s", parse_condition("a or b")), ["a", "b"]),
        (Segment("s", parse_condition("a or b"), parse_condition("c and a")), ["a", "b", "c"]),
        (Tier("t", (Level("x", parse_condition("b")), Level("y", parse_condition("a and b")))), ["b", "a"]),
        (Tier("t", (Level("x", Always(True)),)), []),
    ],
)
def test_the_leaves_of_a_rule_are_those_of_all_its_conditions_once_each(rule: Grouping, texts: list[str]) -> None:
    assert [leaf.text for leaf in rule_leaves(rule)] == texts


def test_the_conditions_of_a_segment_are_enter_and_exit_and_those_of_a_tier_by_level() -> None:
    a, b = parse_condition("a"), parse_condition("b")
    assert conditions(Segment("s", a)) == (a,)
    assert conditions(Segment("s", a, b)) == (a, b)
    assert conditions(Tier("t", (Level("x", b), Level("y", a)))) == (b, a)


@pytest.mark.parametrize(
    ("text", "count"),
    [("a > b", 2), ("a in [1]", 1), ("a", 1), ('has(a, "x")', 1), ("missing(a)", 1), ('in_segment("s")', 0)],
)
def test_the_operands_of_a_leaf_are_the_values_it_asks_for(text: str, count: int) -> None:
    (leaf,) = leaves(parse_condition(text))
    read = [feature for value in operands(leaf) for feature in features(value)]
    assert read == [Trait("a"), Trait("b")][:count]


def test_the_terms_of_a_value_are_what_it_is_calculated_of() -> None:
    found = list(terms(parse_value("(seats + 2) * idle_days - seats")))
    assert found == [parse_value("seats"), Constant(2.0), parse_value("idle_days"), parse_value("seats")]
    assert list(terms(parse_value("seats"))) == [parse_value("seats")]


@pytest.mark.parametrize(
    ("text", "is_moving"),
    [("idle_days", True), ("2 * (seats + tenure_days)", True), ("seats", False), ('count("A", days=3) / 2', False)],
)
def test_only_time_that_has_elapsed_moves_by_itself(text: str, is_moving: bool) -> None:
    assert moves(parse_value(text)) is is_moving


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("seats + 2 > mrr", [Trait("seats"), Trait("mrr")]),
        ("idle_days > tenure_days", [IdleSince(), FirstSeen()]),
        ('days_since("A") > 1', [LastSeen(A)]),
        ("days_until(ends) > 1", [TraitTime("ends")]),
        ('has(tags, "x")', [Trait("tags"), Holds(Trait("tags"), '"x"')]),
        ('has(latest("A", "p"), 1)', [Latest(A, "p"), Holds(Latest(A, "p"), "1.0")]),
        ('in_segment("s")', []),
        ("rfm.f > 1", [Window("count", A, "day", 3)]),
        ('rfm.name == "champions"', [IdleSince(), Window("count", A, "day", 3)]),
        ('rfm.score == "555"', [IdleSince(), Window("count", A, "day", 3), Trait("mrr"), Trait("tenure")]),
    ],
)
def test_a_leaf_reads_features_and_of_scores_what_those_are_made_of(text: str, read: list[Feature]) -> None:
    (leaf,) = leaves(parse_condition(text, ["rfm"]))
    assert list(leaf_features(leaf, {"rfm": RFM})) == read


def test_of_scores_that_are_not_given_nothing_is_read() -> None:
    (leaf,) = leaves(parse_condition("rfm.f > seats", ["rfm"]))
    assert list(leaf_features(leaf, {})) == [Trait("seats")]


def test_what_is_held_is_of_a_trait_or_a_latest_property_and_of_nothing_else() -> None:
    with pytest.raises(TypeError, match="no trait and no latest property"):
        held(Has(Property("p"), "x", "has(properties.p)"))


@pytest.mark.parametrize(("part", "of"), [("r", "r"), ("f", "f"), ("m", "m"), ("name", "rf"), ("score", "rfm")])
def test_a_part_of_the_scores_is_made_of_some_dimensions(part: str, of: str) -> None:
    assert dimensions(part) == tuple(of)


def test_each_dimension_scores_its_own_value() -> None:
    assert [measure(RFM, dimension) for dimension in dimensions("score")] == [RFM.recency, RFM.frequency, RFM.monetary]


@pytest.mark.parametrize(
    ("feature", "events"),
    [
        (Window("count", A, "day", 3), A),
        (Lifetime(ANY), ANY),
        (LastSeen(A), A),
        (Latest(A, "p"), A),
        (LatestTime(A, "p"), A),
        (Holds(Latest(A, "p"), '"x"'), A),
        (Holds(Trait("t"), '"x"'), None),
        (Trait("t"), None),
        (TraitTime("t"), None),
        (IdleSince(), None),
        (FirstSeen(), None),
    ],
)
def test_some_features_are_about_events(feature: Feature, events: EventSet | None) -> None:
    assert events_of(feature) == events
