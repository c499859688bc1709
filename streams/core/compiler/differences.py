"""Differences of two times that move alike, such as `tenure_days - idle_days`.

Comes in: values of the checked tree. Goes out: whether time cancels in them, and how to calculate them without it. Two
fractions of days that both grow are each rounded anew at every instant, so that their difference would flicker where
it is just as long as it is compared with. The milliseconds are whole numbers, whose difference is exact.
"""

from streams.core.rules.nodes import Arithmetic, Constant, Elapsed, Value

MILLISECOND = 1.0


def flickers(value: Value) -> bool:
    """Whether it is made of two times, rounded each, and yet does not change with time."""
    match value:
        case Arithmetic("+" | "-" as operator, Elapsed(_, unit_ms, sign), Elapsed(_, other_ms, other)):
            return unit_ms == other_ms != MILLISECOND and sign == (other if operator == "-" else -other)
    return False


def apart(value: Value) -> Value:
    """The same from the instants themselves, divided by the unit once.

    >>> from streams.core.language.parser import parse_condition
    >>> apart(parse_condition("tenure_days - idle_days > 1").left).right
    Constant(value=86400000.0)
    """
    match value:
        case Arithmetic(operator, Elapsed(one, unit_ms, sign), Elapsed(two, _, other)):
            times = Arithmetic(operator, Elapsed(one, MILLISECOND, sign), Elapsed(two, MILLISECOND, other))
            return Arithmetic("/", times, Constant(unit_ms))
    raise TypeError(f"{value} is no difference of two times")
