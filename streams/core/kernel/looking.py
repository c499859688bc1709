"""How a row stands at an instant, and what it is scored by. The row stays as it is: a spare one is moved there.

Comes in: what the loop is given, rows, and the time (ms). Goes out: lines, one a rule of one row or one a row.
"""

import numpy as np

from streams.core.kernel.bits import bits_of
from streams.core.kernel.interpreter import outcome, value
from streams.core.kernel.jit import compiled
from streams.core.kernel.layout import AMONG, AT, CLOCK, HOLDS, NUMBER, ROW, RULES, WORD
from streams.core.kernel.memberships import read_leaves
from streams.core.kernel.memory import copy_row
from streams.core.kernel.transitions import describe, note_truths_before
from streams.core.kernel.windows import roll


@compiled
def describe_standing(p, m, f, row, at):
    """One line a rule: how it stands for the row at `at`; AT is since when. The row stays as it is."""
    w, s, rules, spare = m.words, m.space, p[RULES], len(m.due)
    copy_row(w, spare, row)
    roll(p, w, spare, w[row, CLOCK], at)
    for i in range(p[rules]):
        line = f.words[i]
        note_truths_before(p, w, s, spare, at, p[rules + 1 + i])  # what stands has not just changed
        describe(p, w, s, line, spare, p[rules + 1 + i], at)
        line[ROW], line[AT] = row, w[spare, p[p[rules + 1 + i] + WORD]]
    f.filled[0] = p[rules]
    return 1


@compiled
def measure_rows(p, m, f, rows, at, measures):
    """One line a row: whether it is scored at all, then the bits of its recency, frequency and monetary value as of
    `at`; NaN for what is no number. The memberships that this goes by are those that the row has.
    """
    w, s, spare, rule = m.words, m.space, len(m.due), p[measures]
    for i in range(len(rows)):
        clock = w[rows[i], CLOCK]
        now = max(at, clock)
        copy_row(w, spare, rows[i])
        roll(p, w, spare, clock, now)
        f.words[i, 0] = 1
        if p[rule + AMONG]:
            read_leaves(p, w, s, spare, now, rule)
            f.words[i, 0] = outcome(p, s, p[rule + AMONG]) & HOLDS
        for k in range(1, 4):
            number, kind, _ = value(p, w, s, spare, now, p[measures + k])
            f.words[i, k] = bits_of(number if kind == NUMBER else np.nan)
    return len(rows)
