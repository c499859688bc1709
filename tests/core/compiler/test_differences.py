"""Differences of two times that move alike: told apart, and calculated exactly."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.compiler.differences import apart, flickers
from streams.core.instants import DAY_MS
from streams.core.language.parser import parse_value
from streams.core.rules.nodes import Arithmetic, Constant, Elapsed, FirstSeen, IdleSince, Value

instants = st.integers(0, 2**41)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tenure_days - idle_days", True),
        ('hours_since("A") - hours_since("B")', True),
        ("tenure_days + days_until(ends)", True),
        ("days_until(ends) - days_until(starts)", True),
        ("tenure_days + idle_days", False),
        ("tenure_days - days_until(ends)", False),
        ('tenure_days - hours_since("A")', False),
        ("tenure_days - 3", False),
        ("2 * tenure_days - idle_days", False),
        ("seats - mrr", False),
        ("idle_days", False),
    ],
)
def test_two_times_in_one_unit_that_time_takes_out_would_flicker(text: str, expected: bool) -> None:
    assert flickers(parse_value(text)) is expected


def calculated(value: Value, first: int, idle: int, now: int) -> float:
    """As the kernel calculates it, in doubles."""
    match value:
        case Constant(float(number)):
            return number
        case Elapsed(FirstSeen() | IdleSince() as instant, unit_ms, sign):
            return sign * float(now - (first if isinstance(instant, FirstSeen) else idle)) / unit_ms
        case Arithmetic(operator, left, right):
            a, b = calculated(left, first, idle, now), calculated(right, first, idle, now)
            return {"-": a - b, "/": a / b if b else 0.0}[operator]
    raise AssertionError(value)


@given(instants, instants, instants)
def test_apart_the_difference_is_exact_whatever_the_time(first: int, idle: int, now: int) -> None:
    value = apart(parse_value("tenure_days - idle_days"))
    assert calculated(value, first, idle, now) == float(Fraction(idle - first, DAY_MS))


def test_apart_it_does_not_flicker() -> None:
    value = apart(parse_value("days_until(ends) - days_until(starts)"))
    assert isinstance(value, Arithmetic)
    assert not flickers(value.left)
    assert (value.operator, value.right) == ("/", Constant(float(DAY_MS)))


def test_what_is_no_difference_is_not_taken_apart() -> None:
    with pytest.raises(TypeError, match="no difference of two times"):
        apart(parse_value("idle_days"))
