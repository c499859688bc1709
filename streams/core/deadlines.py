"""Deadlines: the next instant at which a membership may flip although no event comes.

Comes in: the program `p`, the table's words `w`, the kernel's space `s` with the truths of the leaves noted, a row and
an instant `now` (ms). Goes out: an instant, FAR if there is none.

A rule is first asked whether it may flip at all, whatever its leaves do that time may change. Most may not: whoever
does not pay is in no danger of entering `paying and idle_days >= 7`. Then its leaves' own flips are gone through in
turn, until the membership follows.
"""

from streams.core.crossings import may_flip, next_flip
from streams.core.jit import compiled, inlined
from streams.core.layout import (
    CLASS_RULES,
    ENTER,
    EXIT,
    FAR,
    FLIPS,
    INDEX,
    LEAVES,
    MIN_STAY,
    NATURE,
    NOW,
    RESTLESS,
    WAS,
    WORD,
)
from streams.core.memberships import decide, is_member, read_memberships
from streams.core.values import MAYBE, NO, YES, outcome


@inlined
def _keep_truths(p, s, rule):
    """Set the truths of a rule's leaves aside; MAYBE takes the place of those that time may change."""
    leaves = p[rule + LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        index = p[p[i] + INDEX]
        s[p[WAS] + index] = s[p[NOW] + index]
        if may_flip(p, p[i], s[p[NOW] + index] == YES):
            s[p[NOW] + index] = MAYBE


@inlined
def _give_back_truths(p, s, rule):
    leaves = p[rule + LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        s[p[NOW] + p[p[i] + INDEX]] = s[p[WAS] + p[p[i] + INDEX]]


@inlined
def _may_ever_flip(p, s, rule, member):
    """Whether the membership may change by time alone, whatever the leaves do that are MAYBE."""
    if p[rule + EXIT] == 0:
        return outcome(p, s, p[rule + ENTER]) != (YES if member else NO)
    leaves = outcome(p, s, p[rule + EXIT])
    if member:
        return leaves != NO
    return leaves != YES and outcome(p, s, p[rule + ENTER]) != NO


@compiled
def _note_next_flips(p, w, s, row, now, rule):
    """Note when each leaf of a rule flips by itself; returns the first of these instants."""
    first, leaves = FAR, p[rule + LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        index = p[p[i] + INDEX]
        s[p[FLIPS] + index] = next_flip(p, w, s, row, now, p[i], s[p[NOW] + index] == YES)
        first = min(first, s[p[FLIPS] + index])
    return first


@compiled
def _flip_at(p, s, rule, at):
    """Flip the leaves that flip at an instant; returns whether each is certain to, and when the next one flips."""
    certain, first, leaves = True, FAR, p[rule + LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        index = p[p[i] + INDEX]
        if s[p[FLIPS] + index] == at:
            s[p[NOW] + index] = YES - s[p[NOW] + index]
            s[p[FLIPS] + index] = FAR
            certain = certain and p[p[i] + NATURE] != RESTLESS
        first = min(first, s[p[FLIPS] + index])
    return certain, first


@compiled
def _go_through_flips(p, w, s, row, now, rule, end):
    """The first instant at which a rule's membership, or what will become of it, changes as its leaves flip in turn."""
    member, first = is_member(p, w, row, rule) == 1, _note_next_flips(p, w, s, row, now, rule)
    while min(first, end) != FAR:
        at = min(first, end)
        certain, first = _flip_at(p, s, rule, at)
        if not certain or decide(p, w, s, row, at, rule) != member:
            return at
        if at == end:
            end = FAR
    return FAR


@inlined
def _next_deadline(p, w, s, row, now, rule):
    """The first instant at which a rule may flip although no event comes. The truths noted stay as they are."""
    member = is_member(p, w, row, rule) == 1
    end = w[row, p[rule + WORD]] + p[rule + MIN_STAY]  # of a member's min_stay
    _keep_truths(p, s, rule)
    possible = _may_ever_flip(p, s, rule, member)
    _give_back_truths(p, s, rule)
    if not possible:
        return FAR
    due = _go_through_flips(p, w, s, row, now, rule, end if member and end > now else FAR)
    _give_back_truths(p, s, rule)
    return due


@compiled
def first_deadline(p, w, s, row, now, event_class):
    """The first deadline of a class's rules, whose leaves' truths have been noted."""
    due, rules = FAR, p[event_class + CLASS_RULES]
    for i in range(rules + 1, rules + 1 + p[rules]):
        read_memberships(p, w, s, row, p[i])
        due = min(due, _next_deadline(p, w, s, row, now, p[i]))
    return due
