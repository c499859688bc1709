"""RFM: scores from 1 to 5, and the names of the R x F grid.

Comes in: a value and its four edges, or two scores. Goes out: a score, or the name of a segment; and the grid as
conditions, so that it runs as any other tier does.
"""

from math import isnan
from typing import Final, Literal

from streams.core.rules.nodes import All, Always, Compare, Condition, Constant, Score

Dimension = Literal["r", "f", "m"]
FourEdges = tuple[float, float, float, float]  # ascending

# From which scores on a profile bears the name; the first that fits is its own. So seven thresholds part 25 cells.
_FROM: Final = (
    ("champions", 5, 4),
    ("loyal_customers", 3, 4),
    ("potential_loyalists", 4, 2),
    ("new_customers", 5, 1),
    ("promising", 4, 1),
    ("need_attention", 3, 3),
    ("about_to_sleep", 3, 1),
    ("cant_lose_them", 1, 5),
    ("at_risk", 1, 3),
    ("hibernating", 1, 1),
)

NAMES: Final = tuple(name for name, _, _ in _FROM)


def name_of(r: int, f: int) -> str:
    """The named segment of a cell of the grid.

    >>> name_of(5, 5), name_of(1, 5), name_of(1, 1)
    ('champions', 'cant_lose_them', 'hibernating')
    """
    return next(name for name, from_r, from_f in _FROM if r >= from_r and f >= from_f)


def grid(scores: str, of_some: bool = False) -> tuple[tuple[str, Condition], ...]:
    """The named segments of a scores rule with their conditions; the first that holds is the profile's.

    of_some: whether the grid is told apart, because it says who is scored at all.
    """
    read: dict[Dimension, Score] = {part: Score(scores, part, of_some) for part in ("r", "f")}
    return tuple((name, _both(_from(read["r"], r) + _from(read["f"], f))) for name, r, f in _FROM)


def _from(score: Score, least: int) -> tuple[Condition, ...]:
    """The condition that a score is at least this; none for 1, which every score is."""
    if least == 1:
        return ()
    return (Compare(">=", score, Constant(float(least)), f"{score.rule}.{score.part} >= {least}"),)


def _both(parts: tuple[Condition, ...]) -> Condition:
    match parts:
        case ():
            return Always(True)
        case (only,):
            return only
        case _:
            return All(parts)


def score(dimension: Dimension, value: float | None, edges: FourEdges) -> int:
    """The score of a value, None or NaN being missing. A value equal to an edge is on the better side of it.

    Recency is the better the smaller it is; missing, it scores 1. Missing frequency or monetary value is 0.

    >>> score("r", 7.0, (7.0, 30.0, 60.0, 90.0)), score("r", None, (7.0, 30.0, 60.0, 90.0))
    (5, 1)
    >>> score("f", 7.0, (1.0, 3.0, 7.0, 20.0)), score("f", None, (1.0, 3.0, 7.0, 20.0))
    (4, 1)
    """
    if value is None or isnan(value):
        return 1 if dimension == "r" else score(dimension, 0.0, edges)
    if dimension == "r":
        return 5 - sum(edge < value for edge in edges)
    return 1 + sum(edge <= value for edge in edges)
