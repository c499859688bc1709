"""How a row stands at an instant, and what it is scored by."""

import numpy as np
import pytest

from streams.core.instants import DAY_MS
from streams.core.kernel import loop
from streams.core.kernel.layout import LEVELS_HELD, SHOWN
from streams.core.language.parser import parse_value
from streams.core.rules.rulebook import Edges, Scores
from tests.core.kernel.kernel import Kernel
from tests.core.kernel.profile import day


def test_a_look_says_how_each_rule_stands_later_and_changes_nothing() -> None:
    kernel = Kernel(a='count("A", days=3) >= 1', b="idle_days >= 7")
    kernel.step(kernel.occurs(day(1)))
    row = kernel.w[kernel.row].copy()
    loop.look(*kernel.state, kernel.row, day(9))
    # The levels are as they were told last; what shows why is as of then.
    assert [each[:3] for each in kernel.told] == [("a", 1, day(1)), ("b", 0, 0)]
    values = kernel.f.words[:2, kernel.p[SHOWN]].copy().view(np.float64)
    assert values.tolist() == [0.0, 8.0]
    assert kernel.w[kernel.row].tolist() == row.tolist()


def test_a_look_costs_no_more_a_rule_however_many_there_are() -> None:
    kernel = Kernel(a='count("A", days=3) >= 1', b="idle_days >= 7")
    kernel.step(kernel.occurs(day(1)))
    levels = kernel.f.words[:, kernel.p[LEVELS_HELD] :][:, :2]
    levels[:] = -1
    loop.look(*kernel.state, kernel.row, day(9))
    assert (levels == -1).all(), "the levels by all rules are for changes"


def measured(kernel: Kernel, at: int) -> list[float]:
    """Recency, frequency and monetary value of the one profile."""
    at_measures = kernel.profile.program.measures["rfm"]
    found: list[float] = loop.measure(kernel.p, kernel.memory, np.array([kernel.row]), at, at_measures)[0].tolist()
    return found


def rfm(fixed: Edges | None) -> Scores:
    recency, frequency, monetary = map(parse_value, ("idle_days", 'count("A", days=2)', "seats"))
    return Scores("rfm", recency, frequency, monetary, fixed)


FOUR = (1.0, 2.0, 3.0, 4.0)


@pytest.mark.parametrize(("at", "recency", "frequency"), [(day(0), 0.0, 1.0), (day(2), 1.0, 1.0), (day(3.5), 2.5, 0.0)])
def test_what_is_scored_is_measured_as_of_an_instant_but_not_before_the_clock(
    at: int, recency: float, frequency: float
) -> None:
    kernel = Kernel(rfm(Edges(FOUR, FOUR, FOUR)))
    kernel.step(kernel.occurs(day(1)))
    row = kernel.w[kernel.row].copy()
    assert measured(kernel, at) == pytest.approx([recency, frequency, np.nan], nan_ok=True)
    assert kernel.w[kernel.row].tolist() == row.tolist()


def test_recency_by_quintiles_is_measured_as_of_1970_whatever_the_instant() -> None:
    kernel = Kernel(rfm(None))
    kernel.step(kernel.occurs(day(1)))
    found = [measured(kernel, at)[0] for at in (day(1), day(9))]
    assert found == [-day(1) / DAY_MS] * 2
