"""Scoring: which edges hold at an instant, and what a value scores by them.

Comes in: the program `p`, a record of edges by its address, and an instant `now` (ms); a value. Goes out: where the
four edges are, whether there are any, a score.
"""

import numpy as np

from streams.core.kernel.bits import real_of
from streams.core.kernel.jit import inlined
from streams.core.kernel.layout import EDGES_BEFORE, EDGES_NOW, SINCE


@inlined
def edges_at(p, record, now):
    return record + (EDGES_NOW if now >= p[record + SINCE] else EDGES_BEFORE)


@inlined
def has_edges(p, record, now):
    """False while quintiles have not been told yet: then they are NaN."""
    return not np.isnan(real_of(p[edges_at(p, record, now)]))


@inlined
def score_of(p, edges, number, reverse):
    """1 to 5 (see `streams.core.rules.rfm.score`); NaN as long as there are no edges."""
    if np.isnan(real_of(p[edges])):
        return np.nan
    if np.isnan(number):
        if reverse:
            return 1.0
        number = 0.0
    score = 5.0 if reverse else 1.0
    for i in range(edges, edges + 4):
        if reverse and real_of(p[i]) < number:
            score -= 1.0
        elif not reverse and real_of(p[i]) <= number:
            score += 1.0
    return score
