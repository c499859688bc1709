"""A row into which another has been merged: evaluated once, and held against what was told of it before.

Comes in: the program `p`, the table `m`, lines `f` for what flips, the row, and in the first spare row a copy of it as
it was. Goes out: levels, totals and the next deadline of the row as of an instant, and a line for each rule whose level
is another than was told.
"""

from streams.core.kernel.dirty_rules import mark_dirty
from streams.core.kernel.evaluation import evaluate
from streams.core.kernel.jit import compiled
from streams.core.kernel.layout import CLOCK, EVERY_RULE, FAR, LEVEL, LEVEL_BEFORE, RULES, WORD
from streams.core.kernel.transitions import record_transitions
from streams.core.kernel.windows import roll, total_anew


@compiled
def evaluate_merged(p, m, f, row, at, cause):
    """The row came in everything that either was in; only the net effect counts as a change."""
    w, s, rules, was = m.words, m.space, p[RULES], len(m.due)
    roll(p, w, was, w[was, CLOCK], at)
    total_anew(p, w, row, at)
    w[row, CLOCK] = at
    m.due[row] = FAR  # see `loop._evaluate_as_of`
    mark_dirty(p, s, p[EVERY_RULE])
    _, m.due[row] = evaluate(p, w, s, row, at, True, m.due[row])
    for i in range(p[rules]):
        word = p[p[rules + 1 + i] + WORD] + 1
        told, level = w[was, word], w[row, word] & LEVEL
        if told & LEVEL == level:
            s[p[LEVEL_BEFORE] + i] = 0
            w[row, word] = told
        else:
            s[p[LEVEL_BEFORE] + i] = 1 + (told & LEVEL)
            w[row, word] = (told | LEVEL) + 1 + level
    m.dirty[row] = 1
    record_transitions(p, m, f, row, at, was, at, cause, 0)
    return 1
