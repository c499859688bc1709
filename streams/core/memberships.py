"""Memberships: who is in what, by the truths of the leaves, and bringing that up to date.

Comes in: the program `p`, the table's words `w`, the kernel's space `s`, a row and an instant `now` (ms) at which
the row's windows stand. Goes out: truths noted in `s`, memberships changed in the row, a mark in `s` for each that
flipped.
"""

from streams.core.jit import compiled, inlined
from streams.core.layout import (
    CLASS_LEAVES,
    CLASS_RULES,
    ENTER,
    EVERYTHING,
    EXIT,
    FLIPPED,
    IN_SEGMENT,
    INDEX,
    KIND,
    LEAVES,
    MIN_STAY,
    NOW,
    OPERATOR,
    RULES,
    WORD,
)
from streams.core.values import NO, YES, outcome, truth


@inlined
def is_member(p, w, row, rule):
    return w[row, p[rule + WORD] + 1] & 1


@inlined
def read_leaves(p, w, s, row, now, event_class):
    """Note the truths of a class's leaves as of `now`, but for those that read memberships."""
    leaves = p[event_class + CLASS_LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        s[p[NOW] + p[p[i] + INDEX]] = YES if truth(p, w, s, row, now, p[i]) else NO


@inlined
def read_memberships(p, w, s, row, rule):
    leaves = p[rule + LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        if p[p[i] + KIND] == IN_SEGMENT:
            s[p[NOW] + p[p[i] + INDEX]] = YES if is_member(p, w, row, p[p[i] + OPERATOR]) else NO


@inlined
def decide(p, w, s, row, now, rule):
    """Whether the profile is a member at `now` (CONTRACT 3), by the truths noted: hysteresis and min_stay included."""
    member = is_member(p, w, row, rule) == 1
    if p[rule + EXIT] == 0:
        stays = outcome(p, s, p[rule + ENTER]) == YES
    elif outcome(p, s, p[rule + EXIT]) == YES:
        stays = False
    else:
        stays = member or outcome(p, s, p[rule + ENTER]) == YES
    if member and not stays:
        return now < w[row, p[rule + WORD]] + p[rule + MIN_STAY]
    return stays


@compiled
def evaluate(p, w, s, row, now, event_class):
    """Bring the memberships of a class's rules up to date; returns how many flipped."""
    flips, rules = 0, p[event_class + CLASS_RULES]
    read_leaves(p, w, s, row, now, event_class)
    for i in range(rules + 1, rules + 1 + p[rules]):
        rule = p[i]
        word = p[rule + WORD]
        read_memberships(p, w, s, row, rule)
        member = 1 if decide(p, w, s, row, now, rule) else 0
        if member != is_member(p, w, row, rule):
            w[row, word] = now
            w[row, word + 1] = (w[row, word + 1] | 1) + 1 + member
            s[p[FLIPPED] + p[rule + INDEX]] = 1
            flips += 1
    return flips


@compiled
def read_everything(p, w, s, row, now):
    rules = p[RULES]
    read_leaves(p, w, s, row, now, p[EVERYTHING])
    for i in range(rules + 1, rules + 1 + p[rules]):
        read_memberships(p, w, s, row, p[i])
