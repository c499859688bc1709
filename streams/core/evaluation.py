"""Evaluation: the levels of a row brought up to date, and when that has to be done next.

Comes in: the program `p`, the table's words `w`, the kernel's space `s`, a row and an instant `now` (ms) at which the
row's windows stand. Goes out: levels changed in the row, a mark in `s` for each that did, and an instant.
"""

from streams.core.deadlines import next_deadline
from streams.core.jit import compiled, inlined
from streams.core.layout import CLASS_RULES, FLIPPED, INDEX, LEVEL, WORD
from streams.core.memberships import decide, level_of, read_leaves, read_memberships


@inlined
def _change(p, w, s, row, now, rule, level):
    """Set a level: since now, and with the next ordinal."""
    word = p[rule + WORD]
    w[row, word] = now
    w[row, word + 1] = (w[row, word + 1] | LEVEL) + 1 + level
    s[p[FLIPPED] + p[rule + INDEX]] = 1


@compiled
def evaluate(p, w, s, row, now, event_class, until):
    """Bring the levels of a class's rules up to date; returns how many changed, and their next deadline.

    until: deadlines from then on are not looked for; it is returned where there is none before it.
    """
    flips, due, rules = 0, until, p[event_class + CLASS_RULES]
    read_leaves(p, w, s, row, now, event_class)
    for i in range(rules + 1, rules + 1 + p[rules]):
        rule = p[i]
        read_memberships(p, w, s, row, rule)
        held = level_of(p, w, row, rule)
        level, may_change = decide(p, w, s, row, now, rule, held)
        if level != held:
            _change(p, w, s, row, now, rule, level)
            flips += 1
        if may_change:
            due = next_deadline(p, w, s, row, now, rule, due)
    return flips, due
