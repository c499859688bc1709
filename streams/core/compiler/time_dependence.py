"""Natures: what time alone does to a leaf, as far as the rule tells.

Comes in: leaves of the checked tree, and the scores they may read. Goes out: one of STEADY, LINE, FADING, STEPPING,
RESTLESS (see `streams.core.kernel.layout`), and what a leaf steps with.
"""

from collections.abc import Iterator

from streams.core.kernel.layout import EVER, FADING, HOLDS, LINE, NO, RESTLESS, STEADY, STEPPING, YES
from streams.core.rules.nodes import MIRRORED, Compare, Constant, Elapsed, IdleSince, Leaf, Read, Score, Window
from streams.core.rules.rfm import Dimension
from streams.core.rules.traversal import Books, dimensions, features, measure, moves, operands, terms

FADING_STATISTICS = frozenset({"count", "active_days", "values", "distinct"})


def turned(leaf: Leaf) -> Leaf:
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


def nature(leaf: Leaf, scores: Books) -> int:
    moving, windows = any(map(moves, operands(leaf))), windows_read(leaf, scores)
    restless = RESTLESS if moving else STEPPING
    if any(steps(scores, *each) for each in scored(leaf, scores)):
        return restless
    if not moving and not windows:
        return STEADY
    match leaf:
        case Compare(operator="<" | "<=" | ">" | ">=", left=left):
            if not windows:
                return LINE
            fades = isinstance(left, Read) and windows == [left.feature] and _fades(windows[0])
            return FADING if fades and not moving else restless
        case _:
            return restless


def _fades(window: Window) -> bool:
    """Whether as long as no event comes it only falls."""
    return window.statistic in FADING_STATISTICS and not window.before


def may_be_hastened(leaf: Leaf, scores: Books) -> bool:
    """Whether an event that does not turn a leaf over may bring the instant nearer at which time alone does.

    Not where a newer event only puts it off: of a count that fades, and of the time since the newest activity, which is
    never missing. (Of other events the first one begins the time since it.)
    """
    kind = nature(leaf, scores)
    match leaf:
        case Compare(left=Elapsed(IdleSince(), sign=1), right=Constant()):
            return kind not in (STEADY, LINE)
        case Compare(right=Constant()):
            return kind not in (STEADY, FADING)
        case _:
            return kind != STEADY


def truths(leaf: Leaf, scores: Books) -> tuple[int, int]:
    """The truth to note of a leaf where it does not hold, and where it does. A count that fades only falls."""
    kind = nature(leaf, scores)
    faded = leaf.operator if kind == FADING and isinstance(leaf, Compare) else None
    may_begin = kind != STEADY and faded not in (">", ">=")
    may_end = kind != STEADY and faded not in ("<", "<=")
    return EVER if may_begin else NO, HOLDS | EVER if may_end else YES
