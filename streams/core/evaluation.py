"""Evaluation: the memberships of a row brought up to date, and when that has to be done next.

Comes in: the program `p`, the table's words `w`, the kernel's space `s`, a row and an instant `now` (ms) at which the
row's windows stand. Goes out: memberships changed in the row, a mark in `s` for each that flipped, and an instant.
"""

from streams.core.deadlines import may_flip, next_deadline
from streams.core.jit import compiled, inlined
from streams.core.layout import CLASS_RULES, FLIPPED, INDEX, WORD
from streams.core.memberships import decide, is_member, read_leaves, read_memberships, wanted


@inlined
def _flip(p, w, s, row, now, rule):
    """Turn a membership over: since now, and with the next ordinal where it begins or ends."""
    word = p[rule + WORD]
    w[row, word] = now
    w[row, word + 1] = (w[row, word + 1] | 1) + 2 - (w[row, word + 1] & 1)
    s[p[FLIPPED] + p[rule + INDEX]] = 1


@compiled
def evaluate(p, w, s, row, now, event_class, until):
    """Bring the memberships of a class's rules up to date; returns how many flipped, and their next deadline.

    until: deadlines from then on are not looked for; it is returned where there is none before it.
    """
    flips, due, rules = 0, until, p[event_class + CLASS_RULES]
    read_leaves(p, w, s, row, now, event_class)
    for i in range(rules + 1, rules + 1 + p[rules]):
        rule = p[i]
        read_memberships(p, w, s, row, rule)
        member = is_member(p, w, row, rule)
        wants = wanted(p, s, rule, member)
        if decide(p, w, row, now, rule, member, wants) != member:
            _flip(p, w, s, row, now, rule)
            flips += 1
            member = 1 - member
            wants = wanted(p, s, rule, member)
        if may_flip(member, wants):
            due = next_deadline(p, w, s, row, now, rule, due)
    return flips, due
