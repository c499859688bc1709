"""What the program's code says of a row: values with their kinds and slopes, comparisons, truths, outcomes."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.arrays import Ints
from streams.core.events import Value
from streams.core.instants import DAY_MS
from streams.core.kernel.interpreter import _sum, compare, inverse, level_of, orders, outcome, truth, truth_of, value
from streams.core.kernel.layout import (
    ALWAYS,
    AND,
    BOOLEAN,
    EQUAL,
    EVER,
    GREATER,
    GREATER_EQUAL,
    HEADER_WORDS,
    HOLDS,
    LEFT,
    LESS,
    LESS_EQUAL,
    LIST,
    MISSING,
    NEVER,
    NEWEST_ACTIVITY,
    NO,
    NOT,
    NOW,
    NUMBER,
    OR,
    PUSH_LEAF,
    PUSH_TRUTH,
    STACK,
    TEXT,
    UNEQUAL,
    WORD,
    YES,
)
from streams.core.language.parser import parse_condition, parse_value
from streams.core.rules.nodes import EventSet, LastSeen, Lifetime
from streams.core.rules.rulebook import Edges, Rulebook, Scores, Segment
from streams.testing import changes, track
from tests.core.kernel.profile import Profile, day

FIXED = Edges((1.0, 3.0, 7.0, 14.0), (1.0, 2.0, 3.0, 4.0), (1.0, 10.0, 100.0, 1000.0))
RFM = Scores("rfm", parse_value("idle_days"), parse_value('count("A", days=3)'), parse_value("seats"), FIXED)


def read(text: str, now: int = day(2), **traits: Value) -> tuple[Value, float]:
    """The value of an expression, and how much it grows a day: of a profile that did A three times, last on day 1."""
    profile = Profile(RFM, asked=f"missing({text})")
    profile.set_traits(**traits)
    for feature, word in profile.catalog.word.items():
        match feature:
            case Lifetime(EventSet(("A",))):
                profile.w[0, word] = 3
            case LastSeen(EventSet(("A",))):
                profile.w[0, word] = day(1)
    profile.count(day(0), day(0.5), day(1), now=now, value=2.5)
    code = profile.p[profile.leaf(f"missing({text})") + LEFT]
    number, kind, slope = value(profile.p, profile.w, profile.s, 0, now, code)
    return profile.table.values.decoded(float(number), int(kind)), float(slope) * DAY_MS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("idle_days", (2, 1.0)),
        ("2 * idle_days", (4, 2.0)),
        ("tenure_days - 3", (-1, 1.0)),
        ("idle_days - 2 * tenure_days", (-2, -1.0)),
        ("idle_days / -4 + 1", (0.5, -0.25)),
        ("idle_days * seats", (10, 5.0)),
        ('hours_since("A")', (24, 24.0)),
        ('days_since("B")', (None, 0.0)),
        ("days_until(ends_at)", (8, -1.0)),
        ("days_since(ends_at)", (-8, 1.0)),
        ("days_until(plan)", (None, 0.0)),
        ('count("A")', (3, 0.0)),
        ('count("A", days=2)', (1, 0.0)),
        ('sum("A", "amount", days=3)', (7.5, 0.0)),
        ('max("A", "amount", days=2)', (2.5, 0.0)),
        ('max("A", "amount", days=1)', (None, 0.0)),
        ('min("A", "amount", days=1) + 1', (None, 0.0)),
        ("plan", ("pro", 0.0)),
        ("beta", (True, 0.0)),
        ("tags", (["a", 1], 0.0)),
        ("nothing", (None, 0.0)),
        ("seats / 2", (2.5, 0.0)),
        ("seats / (seats - 5)", (None, 0.0)),
        ("seats + nothing", (None, 0.0)),
        ("seats + plan", (None, 0.0)),
        ("seats * 1e308", (None, 0.0)),
        ("rfm.r", (4, 0.0)),
        ("rfm.f", (4, 0.0)),
        ("rfm.m", (2, 0.0)),
        ("rfm.score", ("442", 0.0)),
        ("rfm.name", ("loyal_customers", 0.0)),
        ("rfm.r - rfm.m", (2, 0.0)),
    ],
)
def test_an_expression_has_a_value_and_moves_as_time_passes(text: str, expected: tuple[Value, float]) -> None:
    value, slope = read(text, plan="pro", seats=5, beta=True, tags=["a", 1], ends_at="2024-10-14")
    assert (value, round(slope, 9)) == expected


def test_idle_days_count_from_the_first_event_where_there_was_no_activity() -> None:
    profile = Profile(quiet="idle_days > 7")
    profile.w[0, NEWEST_ACTIVITY] = NEVER
    code = profile.p[profile.leaf("idle_days > 7") + LEFT]
    number, kind, _ = value(profile.p, profile.w, profile.s, 0, day(3), code)
    assert (number, kind) == (3.0, NUMBER)


@pytest.mark.parametrize("activity", [day(1), NEVER])
def test_recency_by_quintiles_is_told_as_of_1970_and_does_not_move(activity: int) -> None:
    profile = Profile(Scores("rfm", parse_value("idle_days"), parse_value("seats"), parse_value("seats")))
    profile.w[0, NEWEST_ACTIVITY] = activity
    code = profile.p[profile.program.measures["rfm"] + 1]
    found = [value(profile.p, profile.w, profile.s, 0, now, code) for now in (day(1), day(9))]
    assert found == [(-(day(0) if activity == NEVER else activity) / DAY_MS, NUMBER, 0.0)] * 2


@pytest.mark.parametrize(
    ("units", "micro", "expected"),
    [
        (0, 0, 0.0),
        (3, 2_500_000, 5.5),
        (0, -500_000, -0.5),
        (9_000_000_000_000, 0, 9e12),
        (9_000_000_000_000, 1, None),
        (8_999_999_999_999, 1_000_000, 9e12),
        (-9_000_000_000_000, 0, -9e12),
        (-9_000_000_000_000, -1, None),
        (8_999_999_999_999, 999_999, 8_999_999_999_999.999999),
    ],
)
def test_a_sum_is_missing_beyond_nine_millions_of_millions(units: int, micro: int, expected: float | None) -> None:
    number, kind, slope = _sum(np.int64(units), np.int64(micro))
    assert slope == 0.0
    assert (kind, np.isnan(number)) == (MISSING, True) if expected is None else (kind, number) == (NUMBER, expected)


BEYOND = Rulebook((Segment("beyond", parse_condition('missing(sum("Order Placed", "total", days=1))')),))


def test_a_sum_over_events_is_missing_beyond_its_bound_and_there_again_within() -> None:
    totals = [1e10] * 901 + [-1e10]
    records = [track("ann", "Order Placed", "2026-03-01", str(i), total=total) for i, total in enumerate(totals)]
    assert [(change.type, change.event_id) for change in changes(BEYOND, records)] == [
        ("segment.entered", "900"),
        ("segment.exited", "901"),
    ]


def test_a_sum_as_far_below_nothing_is_missing_too() -> None:
    records = [track("ann", "Order Placed", "2026-03-01", str(i), total=-1e10) for i in range(901)]
    assert [change.event_id for change in changes(BEYOND, records)] == ["900"]


OPERATORS = {LESS: "<", LESS_EQUAL: "<=", GREATER: ">", GREATER_EQUAL: ">=", EQUAL: "==", UNEQUAL: "!="}


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize(("left", "right"), list(product([-1.0, 0.0, 2.0], repeat=2)))
def test_numbers_are_ordered_as_python_does(operator: int, left: float, right: float) -> None:
    assert orders(operator, left, right) == eval(f"{left} {OPERATORS[operator]} {right}")


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((1.0, NUMBER), (1.0, TEXT)),
        ((1.0, BOOLEAN), (1.0, NUMBER)),
        ((np.nan, MISSING), (np.nan, MISSING)),
        ((1.0, LIST), (1.0, LIST)),
    ],
)
def test_unlike_kinds_what_is_missing_and_lists_are_never_compared(
    operator: int, left: tuple[float, int], right: tuple[float, int]
) -> None:
    p = np.zeros(HEADER_WORDS, np.int64)
    assert not compare(p, np.zeros(4, np.int64), operator, *left, *right)


def test_texts_are_in_the_order_of_their_ranks_and_booleans_in_none() -> None:
    p, ranks = np.zeros(HEADER_WORDS, np.int64), np.array([2, 0, 1])
    of_texts = [compare(p, ranks, LESS, float(a), TEXT, float(b), TEXT) for a, b in product(range(3), repeat=2)]
    assert of_texts == [ranks[a] < ranks[b] for a, b in product(range(3), repeat=2)]
    assert [compare(p, ranks, operator, 0.0, BOOLEAN, 1.0, BOOLEAN) for operator in OPERATORS] == [
        OPERATORS[operator] == "!=" for operator in OPERATORS
    ]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("seats >= 5", True),
        ("seats > 5", False),
        ('plan < "prp"', True),
        ('plan < "pro"', False),
        ("plan == 5", False),
        ('plan in ["free", "pro"]', True),
        ('plan in ["free"]', False),
        ('plan not in ["free"]', True),
        ('nothing not in ["free"]', False),
        ("seats not in [5, 6]", False),
        ('seats in ["5"]', False),
        ("beta", True),
        ("seats", False),
        ("nothing", False),
        ('has(tags, "vip")', True),
        ('has(tags, "VIP")', False),
        ("missing(nothing)", True),
        ("missing(seats)", False),
    ],
)
def test_a_condition_holds_of_the_row_or_not(text: str, holds: bool) -> None:
    profile = Profile(asked=text)
    profile.set_traits(plan="pro", seats=5, beta=True, tags=["vip"])
    profile.table.rank_texts()
    s = profile.table.memory.space
    assert truth(profile.p, profile.w, s, 0, day(1), profile.leaf(text)) == holds


TRUTHS = [NO, EVER, HOLDS | EVER, YES]


@pytest.mark.parametrize("truth", TRUTHS)
def test_not_swaps_always_and_never(truth: int) -> None:
    opposite = inverse(truth)
    assert bool(opposite & HOLDS) is not bool(truth & HOLDS)
    assert bool(opposite & ALWAYS) is not bool(truth & EVER)
    assert bool(opposite & EVER) is not bool(truth & ALWAYS)


Code = tuple[str, list[tuple[int, int]]]
leaves = st.integers(0, 2).map(lambda i: (f"truths[{i}]", [(PUSH_LEAF, i)]))
always = st.booleans().map(lambda truth: (str(YES if truth else NO), [(PUSH_TRUTH, int(truth))]))


def combined(parts: st.SearchStrategy[Code]) -> st.SearchStrategy[Code]:
    several = st.lists(parts, min_size=2, max_size=3)
    return st.one_of(
        several.map(lambda each: joined(each, "&", AND)),
        several.map(lambda each: joined(each, "|", OR)),
        parts.map(lambda part: (f"inverse({part[0]})", [*part[1], (NOT, 0)])),
    )


def joined(parts: list[Code], sign: str, what: int) -> Code:
    return f"({sign.join(text for text, _ in parts)})", [*(s for _, code in parts for s in code), (what, len(parts))]


@given(st.recursive(leaves | always, combined, max_leaves=8), st.lists(st.sampled_from(TRUTHS), min_size=3, max_size=3))
def test_the_outcome_is_that_of_the_bits_of_the_truths(code: Code, truths: list[int]) -> None:
    text, steps = code
    p: Ints = np.zeros(HEADER_WORDS + 1 + 2 * len(steps), np.int64)
    p[[NOW, STACK]] = 0, 3
    p[HEADER_WORDS:] = [len(steps), *(word for step in steps for word in step)]
    s = np.array([*truths, *[-1] * (len(steps) + 1)])
    expected = eval(text, {"truths": truths, "inverse": inverse})
    assert outcome(p, s, HEADER_WORDS) == expected


def test_a_value_that_only_loads_and_one_that_is_calculated_are_read_alike() -> None:
    profile = Profile(one="seats > 1", other="seats + 0 > 1")
    profile.set_traits(seats=2.5)
    codes = [profile.p[profile.leaf(text) + LEFT] for text in ("seats > 1", "seats + 0 > 1")]
    read_at = [value(profile.p, profile.w, profile.s, 0, day(1), code) for code in codes]
    assert profile.p[codes[0]] == 1
    assert read_at[0] == read_at[1] == (2.5, NUMBER, 0.0)


def test_a_list_is_never_within_options_of_another_kind() -> None:
    profile = Profile(asked="tags in [1, 2]")
    asked = profile.p, profile.w, profile.s, 0, day(1), profile.leaf("tags in [1, 2]"), 1.0
    assert [truth_of(*asked, kind) for kind in (NUMBER, LIST)] == [True, False]


def test_the_level_of_a_rule_stands_below_its_ordinal() -> None:
    profile = Profile(s="paying")
    profile.w[0, profile.p[profile.rule("s") + WORD] + 1] = 7 << 8
    profile.set_level("s", 1)
    assert level_of(profile.p, profile.w, 0, profile.rule("s")) == 1
