"""Whether a value moves in a straight line while time passes.

Comes in: values of the checked tree. Goes out: whether they are to be refused, and how to write them instead.
A deadline is the instant at which a line crosses a line; for what bends there would be none that is exact.
"""

from streams.core.instants import DAY_MS
from streams.core.language.render import render_value
from streams.core.rules.nodes import MIRRORED, Arithmetic, Compare, Constant, Elapsed, LatestTime, TraitTime, Value
from streams.core.rules.traversal import moves


def bends(value: Value) -> bool:
    """Whether it moves, but not in a straight line."""
    if not isinstance(value, Arithmetic):
        return False
    product = value.operator == "*" and moves(value.left) and moves(value.right)
    quotient = value.operator == "/" and moves(value.right)
    return product or quotient or bends(value.left) or bends(value.right)


def growth(value: Value) -> float | None:
    """By how much time alone moves it, in its own units a day; None where that depends on something else.

    >>> from streams.core.language.parser import parse_value
    >>> [growth(parse_value(text)) for text in ("idle_days + 3", "days_until(renews_at)", "idle_days * mrr", "mrr")]
    [1.0, -1.0, None, 0.0]
    """
    if isinstance(value, Elapsed):
        return value.sign * DAY_MS / value.unit_ms
    if not isinstance(value, Arithmetic) or not moves(value):
        return 0.0
    left, right = growth(value.left), growth(value.right)
    if left is None or right is None:
        return None
    match value.operator, value.left, value.right:
        case "+" | "-" as operator, _, _:
            return left + right if operator == "+" else left - right
        case ("*", Constant(float() | int() as factor), _) | ("*", _, Constant(float() | int() as factor)):
            return factor * (left + right)
        case "/", _, Constant(float() | int() as divisor) if divisor:
            return left / divisor
    return None


def straightened(compare: Compare) -> str:
    """The comparison with its division by a time taken to the other side, or an empty string where that is no help."""
    left, right, operator = compare.left, compare.right, compare.operator
    if not _divides_by_time(left):
        left, right, operator = right, left, MIRRORED[operator]
    if not isinstance(left, Arithmetic) or not _divides_by_time(left) or bends(left.left) or moves(right):
        return ""
    return f"{render_value(left.left)} {operator} {render_value(Arithmetic('*', right, left.right))}"


def _divides_by_time(value: Value) -> bool:
    """By a time that is never negative: else the comparison would turn round."""
    if not isinstance(value, Arithmetic) or value.operator != "/" or not isinstance(value.right, Elapsed):
        return False
    return not isinstance(value.right.instant, TraitTime | LatestTime)
