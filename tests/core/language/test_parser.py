"""Expressions to trees: what each construct means, and that nothing a person types can do harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.language.faults import ExpressionFault, ExpressionFaults
from streams.core.language.parser import parse, parse_condition
from streams.core.language.profile import Reference
from streams.core.rules.nodes import (
    All,
    Always,
    Arithmetic,
    Compare,
    Condition,
    Constant,
    EventSet,
    Has,
    InSegment,
    Latest,
    Missing,
    Not,
    Read,
    Some,
    Trait,
    Truth,
    Value,
    Window,
    Within,
)


def left_of(source: str) -> Value:
    condition = parse_condition(f"{source} > 3")
    assert isinstance(condition, Compare)
    return condition.left


def trait(name: str) -> Value:
    return Read(Trait(name))


def truth(name: str) -> Condition:
    return Truth(trait(name), name)


@pytest.mark.parametrize(
    ("source", "number"),
    [("7", 7), ("0.5", 0.5), (".5", 0.5), ("5.", 5), ("10_000", 10_000), ("1e3", 1000), ("2E-1", 0.2), ("-7", -7)],
)
def test_numbers_are_doubles(source: str, number: float) -> None:
    assert left_of(source) == Constant(float(number))


def test_signs_and_precedence_are_those_of_python() -> None:
    seats, mrr = trait("seats"), trait("mrr")
    assert left_of("seats + 2 * mrr") == Arithmetic("+", seats, Arithmetic("*", Constant(2.0), mrr))
    assert left_of("(seats - 2) / mrr") == Arithmetic("/", Arithmetic("-", seats, Constant(2.0)), mrr)
    assert left_of("-seats * mrr") == Arithmetic("*", Arithmetic("-", Constant(0.0), seats), mrr)
    assert left_of("+seats") == Arithmetic("+", Constant(0.0), seats)


def test_and_binds_tighter_than_or_and_not_tighter_than_and() -> None:
    a, b, c = truth("a"), truth("b"), truth("c")
    assert parse_condition("a or not b and c") == Some((a, All((Not(b), c))))


def test_brackets_among_parts_of_one_sort_mean_nothing() -> None:
    a, b, c = truth("a"), truth("b"), truth("c")
    assert parse_condition("a and (b and (c and a))") == All((a, b, c, a))
    assert parse_condition("(a or b) or c") == Some((a, b, c))


def test_a_chain_is_one_comparison_per_link() -> None:
    a, b, c = trait("a"), trait("b"), trait("c")
    total = Arithmetic("+", b, c)
    assert parse_condition("a < (b + c) <=  ((c)) != b") == All(
        (
            Compare("<", a, total, "a < (b + c)"),
            Compare("<=", total, c, "(b + c) <= ((c))"),
            Compare("!=", c, b, "((c)) != b"),
        )
    )


def test_a_chain_may_end_in_a_list() -> None:
    a, b = trait("a"), trait("b")
    assert parse_condition('a < b in ["x"]') == All(
        (Compare("<", a, b, "a < b"), Within(b, ("x",), False, 'b in ["x"]'))
    )


def test_the_options_of_in_are_of_one_kind() -> None:
    plan = trait("plan")
    text = 'plan not in ["pro", "team"]'
    assert parse_condition(text) == Within(plan, ("pro", "team"), True, text)
    assert parse_condition("plan in [1, -2.5]") == Within(plan, (1.0, -2.5), False, "plan in [1, -2.5]")
    assert parse_condition("plan in [true]") == Within(plan, (True,), False, "plan in [true]")


def test_true_and_false_stand_for_themselves() -> None:
    assert parse_condition("true") == Always(True)
    assert parse_condition("not false") == Not(Always(False))
    assert parse_condition("paying == false") == Compare("==", trait("paying"), Constant(False), "paying == false")


def test_missing_asks_for_a_value_and_in_segment_for_a_name() -> None:
    assert parse_condition("missing(plan)") == Missing(trait("plan"), "missing(plan)")
    assert parse_condition('in_segment("vip")') == InSegment("vip", 'in_segment("vip")')


@pytest.mark.parametrize(
    ("source", "value", "wanted"),
    [
        ('has(tags, "vip")', trait("tags"), "vip"),
        ('has(trait("my tags"), -1)', trait("my tags"), -1.0),
        ('has(latest("Plan Chosen", "addons"), true)', Read(Latest(EventSet(("Plan Chosen",)), "addons")), True),
    ],
)
def test_has_looks_for_a_constant(source: str, value: Value, wanted: float | str | bool) -> None:
    assert parse_condition(source) == Has(value, wanted, source)


def test_times_may_be_compared_wherever_they_move_evenly() -> None:
    parse_condition('2 * days_until(latest("Plan Chosen", "ends")) - 3 < days_since("Signed In") * seats / 4')


def test_the_segments_that_are_asked_for_are_told_with_their_place() -> None:
    expression = parse('paying and in_segment( "vip" )', segments=["vip"])
    assert expression.references == (Reference("vip", offset=23, width=5),)


def test_a_leaf_shows_its_own_text_on_one_line() -> None:
    condition = parse_condition("\n( paying )\r\n and\tcount(\n  'A' ,\n days=7\n)  >=  8\n")
    assert condition == All(
        (
            truth("paying"),
            Compare(
                ">=",
                Read(Window("count", EventSet(("A",)), "day", 7)),
                Constant(8.0),
                "count( 'A' , days=7 ) >= 8",
            ),
        )
    )


def test_places_count_characters_not_bytes() -> None:
    with pytest.raises(ExpressionFaults) as error:
        parse_condition('größe == "日本" and ü = 3')
    assert [fault.offset for fault in error.value.faults] == [20]


@pytest.mark.parametrize(
    "source",
    [
        "(" * 5_000 + "a" + ")" * 5_000,
        "not " * 2_400 + "a",
        "-" * 9_000 + "a > 1",
        "1+" * 4_900 + "1 > 1",
        "a." * 4_900 + "a",
        "f(" * 29 + ")" * 29,
        "a and " * 2_000 + "a",
        "a" * 1_000_000,
        "9" * 9_000 + " > 1",
        "a < " * 61 + "a" + " + 1" * 60,
    ],
    ids=lambda source: source[:12],
)
def test_depth_and_length_are_faults_not_crashes(source: str) -> None:
    with pytest.raises(ExpressionFaults):
        parse_condition(source)


@pytest.mark.parametrize("source", ["", "  \n", "\0", "a\0", "'\ud800'", "a\u00a0> 1", "'a\x1b'", "\ufeffa", "\\"])
def test_what_cannot_be_seen_is_refused(source: str) -> None:
    with pytest.raises(ExpressionFaults):
        parse_condition(source)


SCRAPS = st.sampled_from(
    [
        *"and or not in true false == = != < <= ( ) [ ] , + - * / . : # & % 1 7.5 1e9 any".split(),
        *"count( sum( active_days( days= hours= before_days= days_since( days_until( idle_days tenure_days".split(),
        *"missing( in_segment( trait( has( latest( avg( trend( distinct( event( where= property( properties.a".split(),
        *"rfm rfm.r rfm.name rfm.score rfm.x '543' 'champions' vip 'A' 'a',".split(),
        *"\" ' \\ \n plan company.name if lambda None é “ ” { } @ f".split(" "),
        '"Signed In"',
    ]
)


@given(st.one_of(st.text(max_size=40), st.lists(SCRAPS, max_size=14).map(" ".join), st.lists(SCRAPS).map("".join)))
def test_whatever_is_typed_gives_a_tree_or_faults_that_point_into_it(source: str) -> None:
    for fault in faults_of(source):
        assert 0 <= fault.offset <= max(0, len(source) - 1)
        assert 1 <= fault.width <= max(1, len(source) - fault.offset)
        assert fault.message


def faults_of(source: str) -> list[ExpressionFault]:
    try:
        parse(source, tiers=["lifecycle"], scores=["rfm"])
    except ExpressionFaults as error:
        return error.faults
    return []
