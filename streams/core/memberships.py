"""Memberships: who is in what, by the truths of the leaves.

Comes in: the program `p`, the table's words `w`, the kernel's space `s`, a row and an instant `now` (ms) at which
the row's windows stand. Goes out: truths noted in `s`, and who is to be a member by them.
"""

from streams.core.jit import compiled, inlined
from streams.core.layout import (
    CLASS_LEAVES,
    ENTER,
    EVERYTHING,
    EXIT,
    HOLDS,
    IF_NOT,
    IF_SO,
    IN_SEGMENT,
    INDEX,
    KIND,
    LEAVES,
    MIN_STAY,
    NO,
    NOW,
    OPERATOR,
    RULES,
    WORD,
    YES,
)
from streams.core.values import inverse, outcome, truth


@inlined
def is_member(p, w, row, rule):
    return w[row, p[rule + WORD] + 1] & 1


@inlined
def read_leaves(p, w, s, row, now, event_class):
    """Note the truths of a class's leaves as of `now`, but for those that read memberships."""
    leaves = p[event_class + CLASS_LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        leaf = p[i]
        s[p[NOW] + p[leaf + INDEX]] = p[leaf + IF_SO] if truth(p, w, s, row, now, leaf) else p[leaf + IF_NOT]


@inlined
def read_memberships(p, w, s, row, rule):
    leaves = p[rule + LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        if p[p[i] + KIND] == IN_SEGMENT:
            s[p[NOW] + p[p[i] + INDEX]] = YES if is_member(p, w, row, p[p[i] + OPERATOR]) else NO


@compiled
def wanted(p, s, rule, member):
    """Whether the rule wants a member, or another, in (CONTRACT 3), by the truths noted; a truth itself."""
    if p[rule + EXIT] == 0:
        return outcome(p, s, p[rule + ENTER])
    stays = inverse(outcome(p, s, p[rule + EXIT]))
    return stays if member else stays & outcome(p, s, p[rule + ENTER])


@inlined
def decide(p, w, row, now, rule, member, wants):
    """1 for a member at `now`, else 0: as the rule wants it, but nobody leaves before `min_stay` is over."""
    if member and not wants & HOLDS:
        return 1 if now < w[row, p[rule + WORD]] + p[rule + MIN_STAY] else 0
    return wants & HOLDS


@compiled
def read_everything(p, w, s, row, now):
    rules = p[RULES]
    read_leaves(p, w, s, row, now, p[EVERYTHING])
    for i in range(rules + 1, rules + 1 + p[rules]):
        read_memberships(p, w, s, row, p[i])
