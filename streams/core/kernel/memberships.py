"""Memberships: who is in what, or at which level of it, by the truths of the leaves.

Comes in: the program `p`, the table's words `w`, the kernel's space `s`, a row and an instant `now` (ms) at which
the row's windows stand. Goes out: truths noted in `s`, and by them the level of a rule: 0 is out, or none yet.
"""

from streams.core.kernel.interpreter import inverse, level_of, outcome, truth, truth_of, value
from streams.core.kernel.jit import compiled, inlined
from streams.core.kernel.layout import (
    ALWAYS,
    AMONG,
    EDGES,
    ENTER,
    EVER,
    EXIT,
    HOLDS,
    IF_NOT,
    IF_SO,
    IN_SEGMENT,
    INDEX,
    KIND,
    LEAVES,
    LEFT,
    LEVELS,
    MIN_STAY,
    MISSING,
    NEEDED,
    NO,
    NOW,
    OPERATOR,
    WORD,
    YES,
)
from streams.core.kernel.scoring import has_edges


@compiled
def read_leaves(p, w, s, row, now, rule):
    """Note the truths of a rule's leaves as of `now`. A value that is compared again and again is read once."""
    leaves, code, number, kind = p[rule + LEAVES], -1, 0.0, MISSING
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        leaf = p[i]
        if p[leaf + KIND] == IN_SEGMENT:
            noted = YES if level_of(p, w, row, p[leaf + OPERATOR]) else NO
        else:
            if p[leaf + LEFT] != code:
                code = p[leaf + LEFT]
                number, kind, _ = value(p, w, s, row, now, code)
            noted = p[leaf + IF_SO] if truth_of(p, w, s, row, now, leaf, number, kind) else p[leaf + IF_NOT]
        s[p[NOW] + p[leaf + INDEX]] = noted


@inlined
def may_enter(p, w, s, row, now, rule):
    """False where a leaf does not hold without which nobody enters, as long as no event comes."""
    needed = p[rule + NEEDED]
    for i in range(needed + 1, needed + 1 + p[needed]):
        leaf = p[i]
        if p[leaf + KIND] == IN_SEGMENT:
            if not level_of(p, w, row, p[leaf + OPERATOR]):
                return False
        elif not truth(p, w, s, row, now, leaf):
            return False
    return True


@compiled
def _wanted(p, s, rule, member):
    """Whether a segment wants a member, or another, in, by the truths noted; a truth itself."""
    if p[rule + EXIT] == 0:
        return outcome(p, s, p[rule + ENTER])
    stays = inverse(outcome(p, s, p[rule + EXIT]))
    return stays if member else stays & outcome(p, s, p[rule + ENTER])


@inlined
def _decide_segment(p, w, s, row, now, rule, member):
    """As the segment wants it, but nobody leaves before `min_stay` is over."""
    wants = _wanted(p, s, rule, member)
    must_stay = member and now < w[row, p[rule + WORD]] + p[rule + MIN_STAY]
    found = 1 if wants & HOLDS or must_stay else 0
    if found != member:
        wants = _wanted(p, s, rule, found)
    return found, (wants & ALWAYS == 0 if found else wants & EVER != 0)


@inlined
def _decide_tier(p, s, rule):
    """The first level that holds; the last one always does."""
    found, may_change, levels = 0, False, p[rule + LEVELS]
    for level in range(1, 1 + p[levels]):
        holds = outcome(p, s, p[levels + level])
        if found == 0 and holds & HOLDS:
            found = level
        else:
            may_change = may_change or holds & EVER != 0
        if holds & ALWAYS:
            break
    return found, may_change


@compiled
def decide(p, w, s, row, now, rule, level):
    """The level at `now` of a row that had `level`, and whether time alone may change it.

    Without edges a grid says nothing: the level stays. Whom a tier is not of is at no level.
    """
    if p[rule + LEVELS] == 0:
        return _decide_segment(p, w, s, row, now, rule, level)
    is_of_whom = outcome(p, s, p[rule + AMONG]) if p[rule + AMONG] else YES
    if not is_of_whom & HOLDS:
        return 0, is_of_whom & EVER != 0
    if p[rule + EDGES] != 0 and not has_edges(p, p[rule + EDGES], now):
        return level, True
    found, may_change = _decide_tier(p, s, rule)
    return found, may_change or not is_of_whom & ALWAYS
