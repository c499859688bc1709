"""Deadlines: the next instant at which a membership, or a level, may change although no event comes.

Comes in: the program `p`, the table's words `w`, the kernel's space `s` with the truths of the leaves noted, a row and
an instant `now` (ms); and `until`, an instant from which on nobody needs to know. Goes out: an instant, `until` if
there is none before that.

A rule is first asked whether it may change at all, whatever its leaves do that time may change. Most may not: whoever
does not pay is in no danger of entering `paying and idle_days >= 7`. Then its leaves' own flips are gone through in
turn, until the level follows.
"""

from streams.core.crossings import next_flip, step_together
from streams.core.jit import compiled, inlined, part
from streams.core.layout import (
    FAR,
    FLIPS,
    HOLDS,
    INDEX,
    LEAVES,
    MIN_STAY,
    NATURE,
    NOW,
    STEPPING,
    WAS,
    WORD,
)
from streams.core.memberships import decide, level_of


@part
def _note_next_flips(p, w, s, row, now, rule, until):
    """Note when each leaf of a rule flips by itself, and its truth now; returns the first of these instants.

    Where one only may flip, the rule has to be looked at anyway, and what flips later need not be known.
    """
    first, at, stepping, leaves = FAR, FAR, -1, p[rule + LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        leaf = p[i]
        index = p[leaf + INDEX]
        s[p[WAS] + index] = s[p[NOW] + index]
        if stepping < 0 or not step_together(p, stepping, leaf):
            at = next_flip(p, w, s, row, now, leaf, s[p[NOW] + index], until)
            stepping = leaf
        s[p[FLIPS] + index] = at
        first = min(first, at)
        if p[leaf + NATURE] >= STEPPING:
            until = min(until, at + 1)
    return first


@compiled
def _flip_at(p, s, rule, at):
    """Flip the leaves that flip at an instant; returns whether each is certain to, and when the next one flips."""
    certain, first, leaves = True, FAR, p[rule + LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        index = p[p[i] + INDEX]
        if s[p[FLIPS] + index] == at:
            s[p[NOW] + index] ^= HOLDS
            s[p[FLIPS] + index] = FAR
            certain = certain and p[p[i] + NATURE] < STEPPING
        first = min(first, s[p[FLIPS] + index])
    return certain, first


@inlined
def _give_back_truths(p, s, rule):
    leaves = p[rule + LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        s[p[NOW] + p[p[i] + INDEX]] = s[p[WAS] + p[p[i] + INDEX]]


@compiled
def next_deadline(p, w, s, row, now, rule, until):
    """The first instant at which a rule's level, or what will become of it, changes as its leaves flip in turn.

    The truths noted stay as they are.
    """
    level, end = level_of(p, w, row, rule), w[row, p[rule + WORD]] + p[rule + MIN_STAY]
    if not level or end <= now:
        end = FAR
    due, first = until, _note_next_flips(p, w, s, row, now, rule, until)
    while min(first, end) < due:
        at = min(first, end)
        certain, first = _flip_at(p, s, rule, at)
        if not certain or decide(p, w, s, row, at, rule, level)[0] != level:
            due = at
        if at == end:
            end = FAR
    _give_back_truths(p, s, rule)
    return due
