"""Deadlines: the next instant at which a membership, or a level, may change although no event comes.

Comes in: the program `p`, the table's words `w`, the kernel's space `s` with the truths of the leaves noted, a row and
an instant `now` (ms); and `until`, an instant from which on nobody needs to know. Goes out: an instant, `until` if
there is none before that.

A rule is asked for its deadline only while time alone may change its level, which is rarely so: whoever does not pay is
in no danger of entering `paying and idle_days >= 7`. Then it is the first instant at which any of its leaves may flip,
also where the level does not follow. So an event that only puts a leaf's flip off need not be looked at: somebody looks
when the flip was due (`streams.core.kernel.propagation`). To look further ahead, over flips that change nothing, would
be wrong: put one of them off, and what comes after it may change the level.
"""

from streams.core.kernel.flip_times import next_flip, step_together
from streams.core.kernel.interpreter import level_of
from streams.core.kernel.jit import compiled
from streams.core.kernel.layout import INDEX, LEAVES, MIN_STAY, NOW, WORD


@compiled
def next_deadline(p, w, s, row, now, rule, until):
    """The first instant at which one of a rule's leaves may flip, or its `min_stay` ends."""
    due, leaves, last = until, p[rule + LEAVES], -1
    end = w[row, p[rule + WORD]] + p[rule + MIN_STAY]
    if level_of(p, w, row, rule) and end > now:
        due = min(due, end)
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        leaf = p[i]
        if last < 0 or not step_together(p, last, leaf):
            due = min(due, next_flip(p, w, s, row, now, leaf, s[p[NOW] + p[leaf + INDEX]], due))
            last = leaf
    return due
