"""Time dependence: what time alone does to a leaf, as far as the rule tells.

Comes in: leaves of the checked tree, and the scores they may read. Goes out: one of CONSTANT, LINEAR, DECAYING,
STEPWISE, MIXED (see `streams.core.kernel.layout`), and what a leaf steps with.
"""

from collections.abc import Iterator

from streams.core.kernel.layout import CONSTANT, DECAYING, EVER, HOLDS, LINEAR, MIXED, NO, STEPWISE, YES
from streams.core.rules.nodes import MIRRORED, Compare, Constant, Elapsed, IdleSince, Leaf, Read, Score, Window
from streams.core.rules.rfm import Dimension
from streams.core.rules.statistics import STATISTICS
from streams.core.rules.traversal import Books, dimensions, features, measure, moves, operands, terms


def with_constant_on_right(leaf: Leaf) -> Leaf:
    """The same comparison with its constant on the right."""
    match leaf:
        case Compare(operator, Constant() as left, right, text) if not isinstance(right, Constant):
            return Compare(MIRRORED[operator], right, left, text)
        case _:
            return leaf


def windows_read(leaf: Leaf, scores: Books) -> list[Window]:
    read = (f for value in operands(leaf) for f in features(value, scores) if isinstance(f, Window))
    return list(dict.fromkeys(read))


def scored(leaf: Leaf, scores: Books) -> list[tuple[str, Dimension]]:
    """Which values of which scores a leaf's truth goes by."""
    return list(dict.fromkeys(_scored(leaf, scores)))


def _scored(leaf: Leaf, scores: Books) -> Iterator[tuple[str, Dimension]]:
    for value in operands(leaf):
        for term in terms(value):
            if isinstance(term, Score) and term.rule in scores:
                for dimension in dimensions(term.part):
                    yield term.rule, dimension


def steps(scores: Books, rule: str, dimension: Dimension) -> bool:
    """Whether time alone may change a score: by its edges, or the value, apart from what its windows count."""
    return scores[rule].is_by_quintiles or moves(measure(scores[rule], dimension))


def time_dependence(leaf: Leaf, scores: Books) -> int:
    moving, windows = any(map(moves, operands(leaf))), windows_read(leaf, scores)
    stepping = MIXED if moving else STEPWISE
    if any(steps(scores, *each) for each in scored(leaf, scores)):
        return stepping
    if not moving and not windows:
        return CONSTANT
    match leaf:
        case Compare(operator="<" | "<=" | ">" | ">=", left=left):
            if not windows:
                return LINEAR
            decays = isinstance(left, Read) and windows == [left.feature] and _decays(windows[0])
            return DECAYING if decays and not moving else stepping
        case _:
            return stepping


def _decays(window: Window) -> bool:
    """Whether as long as no event comes it only falls."""
    return STATISTICS[window.statistic].decays and not window.before


def may_be_advanced(leaf: Leaf, scores: Books) -> bool:
    """Whether an event that does not flip a leaf may bring the instant nearer at which time alone does.

    Not where a newer event only puts it off: of a count that decays, and of the time since the newest activity, which
    is never missing. (Of other events the first one begins the time since it.)
    """
    kind = time_dependence(leaf, scores)
    match leaf:
        case Compare(left=Elapsed(IdleSince(), sign=1), right=Constant()):
            return kind not in (CONSTANT, LINEAR)
        case Compare(right=Constant()):
            return kind not in (CONSTANT, DECAYING)
        case _:
            return kind != CONSTANT


def truths(leaf: Leaf, scores: Books) -> tuple[int, int]:
    """The truth to note of a leaf where it does not hold, and where it does. A count that decays only falls."""
    kind = time_dependence(leaf, scores)
    decaying = leaf.operator if kind == DECAYING and isinstance(leaf, Compare) else None
    may_begin = kind != CONSTANT and decaying not in (">", ">=")
    may_end = kind != CONSTANT and decaying not in ("<", "<=")
    return EVER if may_begin else NO, HOLDS | EVER if may_end else YES
