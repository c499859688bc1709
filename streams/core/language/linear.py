"""Whether a value moves in a straight line while time passes.

Comes in: values of the checked tree. Goes out: whether they are to be refused, and how to write them instead.
A deadline is the instant at which a line crosses a line; for what bends there would be none that is exact.
"""

from streams.core.language.render import render_value
from streams.core.rules.nodes import MIRRORED, Arithmetic, Compare, Elapsed, LatestTime, TraitTime, Value
from streams.core.rules.traversal import moves


def bends(value: Value) -> bool:
    """Whether it moves, but not in a straight line."""
    if not isinstance(value, Arithmetic):
        return False
    product = value.operator == "*" and moves(value.left) and moves(value.right)
    quotient = value.operator == "/" and moves(value.right)
    return product or quotient or bends(value.left) or bends(value.right)


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
