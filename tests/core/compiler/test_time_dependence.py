"""What time alone does to a condition, as far as the rule tells."""

import pytest

from streams.core.compiler.time_dependence import (
    may_be_advanced,
    scored,
    steps,
    time_dependence,
    truths,
    windows_read,
    with_constant_on_right,
)
from streams.core.kernel.layout import CONSTANT, DECAYING, EVER, HOLDS, LINEAR, MIXED, NO, STEPWISE, YES
from streams.core.language.parser import parse_condition, parse_value
from streams.core.rules.nodes import EventSet, Leaf, Statistic, Window
from streams.core.rules.rulebook import Edges, Scores
from streams.core.rules.statistics import STATISTICS
from streams.core.rules.traversal import leaves

FIXED = Edges(*[(1.0, 2.0, 3.0, 4.0)] * 3)
ASKED = parse_value("idle_days"), parse_value('count("A", days=3)'), parse_value("mrr")
SCORES = {"rfm": Scores("rfm", *ASKED, fixed=FIXED), "moving": Scores("moving", *ASKED)}


def leaf(text: str) -> Leaf:
    (found,) = leaves(parse_condition(text, SCORES))
    return with_constant_on_right(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seats > 1", CONSTANT),
        ('count("A") > 1', CONSTANT),
        ('plan in ["a"]', CONSTANT),
        ('has(tags, "a")', CONSTANT),
        ("missing(plan)", CONSTANT),
        ('in_segment("s")', CONSTANT),
        ("idle_days > 1", LINEAR),
        ("1 > idle_days", LINEAR),
        ("tenure_days - seats <= idle_days / 2", LINEAR),
        ("idle_days == 1", MIXED),
        ("idle_days in [1, 2]", MIXED),
        ("missing(idle_days)", MIXED),
        ('count("A", days=3) > 1', DECAYING),
        ('count("A", days=3) > mrr', DECAYING),
        ('active_days("A", days=3) <= 1', DECAYING),
        ('distinct("A", "p", days=3) >= 1', DECAYING),
        ('1 < count("A", hours=3)', DECAYING),
        ('count("A", days=3) == 1', STEPWISE),
        ('mrr < count("A", days=3)', STEPWISE),  # only a constant is put on the right
        ('count("A", days=3, before_days=1) > 1', STEPWISE),
        ('count("A", days=3) + 1 > 2', STEPWISE),
        ('count("A", days=3) > count("A", days=2)', STEPWISE),
        ('sum("A", "p", days=3) > 1', STEPWISE),
        ('max("A", "p", days=3) > 1', STEPWISE),
        ('trend("A", days=3) > 1', STEPWISE),
        ('count("A", days=3) > idle_days', MIXED),
        ("rfm.r > 1", STEPWISE),
        ("rfm.f > 1", STEPWISE),
        ("rfm.m > 1", CONSTANT),
        ("moving.m > 1", STEPWISE),
        ('rfm.name == "champions"', STEPWISE),
        ("idle_days > rfm.r", MIXED),
    ],
)
def test_time_does_this_to_a_condition(text: str, expected: int) -> None:
    assert time_dependence(leaf(text), SCORES) == expected


@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_statistic_that_only_falls_decays(statistic: Statistic) -> None:
    text = {"values": 'avg("A", "p", days=3)'}.get(statistic, f'{statistic}("A", "p", days=3)')
    text = f'{statistic}("A", days=3)' if statistic in ("count", "active_days") else text
    expected = DECAYING if STATISTICS[statistic].decays and statistic != "values" else STEPWISE
    assert time_dependence(leaf(f"{text} > 1"), SCORES) == expected


@pytest.mark.parametrize(
    ("text", "turned"),
    [
        ("7 < idle_days", "idle_days > 7"),
        ("7 >= idle_days", "idle_days <= 7"),
        ("7 == idle_days", "idle_days == 7"),
        ("idle_days < 7", "idle_days < 7"),
        ("7 < 8", "7 < 8"),
        ("seats < idle_days", "seats < idle_days"),
    ],
)
def test_a_constant_is_put_on_the_right_and_the_text_stays(text: str, turned: str) -> None:
    (asked,), (expected,) = leaves(parse_condition(text)), leaves(parse_condition(turned))
    found = with_constant_on_right(asked)
    assert found.text == text
    assert [getattr(found, name) for name in ("operator", "left", "right")] == [
        getattr(expected, name) for name in ("operator", "left", "right")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seats > 1", False),
        ("idle_days > 1", False),
        ("idle_days == 1", True),
        ('days_since("A") > 1', True),  # the first one begins it
        ("tenure_days > 1", True),
        ("idle_days > seats", True),
        ('count("A", days=3) > 1', False),
        ('count("A", days=3) > mrr', True),
        ('sum("A", "p", days=3) > 1', True),
        ('count("A", days=3, before_days=1) > 1', True),
        ("rfm.r > 1", True),
        ("rfm.m > 1", False),
    ],
)
def test_an_event_may_bring_a_flip_nearer_unless_it_only_puts_it_off(text: str, expected: bool) -> None:
    assert may_be_advanced(leaf(text), SCORES) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seats > 1", (NO, YES)),
        ("idle_days > 1", (EVER, HOLDS | EVER)),
        ('count("A", days=3) > 1', (NO, HOLDS | EVER)),
        ('count("A", days=3) >= 1', (NO, HOLDS | EVER)),
        ('count("A", days=3) < 1', (EVER, YES)),
        ('count("A", days=3) <= 1', (EVER, YES)),
        ('sum("A", "p", days=3) > 1', (EVER, HOLDS | EVER)),
    ],
)
def test_the_truth_to_note_says_whether_time_may_begin_or_end_it(text: str, expected: tuple[int, int]) -> None:
    assert truths(leaf(text), SCORES) == expected


def test_a_condition_goes_by_windows_and_scores_once_each_and_through_scores_by_theirs() -> None:
    window = Window("count", EventSet(("A",)), "day", 3)
    twice = leaf('count("A", days=3) > count("A", days=3) + rfm.f')
    assert windows_read(twice, SCORES) == [window]
    assert windows_read(leaf("rfm.f > rfm.r"), SCORES) == [window]
    assert scored(leaf('rfm.name == "champions"'), SCORES) == [("rfm", "r"), ("rfm", "f")]
    assert scored(leaf("rfm.f + rfm.f > moving.m"), SCORES) == [("rfm", "f"), ("moving", "m")]
    assert scored(leaf("rfm.f > 1"), {}) == []


def test_a_score_steps_by_its_edges_or_as_its_value_moves() -> None:
    assert [steps(SCORES, "rfm", dimension) for dimension in ("r", "f", "m")] == [True, False, False]
    assert [steps(SCORES, "moving", dimension) for dimension in ("r", "f", "m")] == [True] * 3
