"""Evaluation: the levels of a row brought up to date, and when that has to be done next.

Comes in: the program `p`, the table's words `w`, the kernel's space `s` with the rules marked that may have changed, a
row and an instant `now` (ms) at which the row's windows stand. Goes out: levels changed in the row, and in `s` 1 + the
level before of each that did; which rules are endangered: whose level time alone may change; and an instant.
"""

from streams.core.kernel.deadlines import next_deadline
from streams.core.kernel.dirty_rules import first_from, mark, note_rule
from streams.core.kernel.jit import compiled, inlined, part
from streams.core.kernel.layout import (
    BARRED,
    ENDANGERED,
    FLIPPED,
    INDEX,
    LEVEL,
    MARK_WORDS,
    MARKED,
    MARKS_A_WORD,
    ORDER,
    READERS,
    WORD,
)
from streams.core.kernel.memberships import decide, level_of, may_enter, read_leaves


@inlined
def _change(p, w, s, row, now, rule, level):
    """Set a level: since now, and with the next ordinal."""
    word = p[rule + WORD]
    s[p[FLIPPED] + p[rule + INDEX]] = 1 + level_of(p, w, row, rule)
    w[row, word] = now
    w[row, word + 1] = (w[row, word + 1] | LEVEL) + 1 + level
    mark(p, s, p[rule + READERS])


@part
def _evaluate_rule(p, w, s, row, now, rule, sets_levels, until):
    """Bring the level of a rule up to date; returns whether it changed, and the rule's next deadline."""
    held = level_of(p, w, row, rule)
    is_barred = not held and not may_enter(p, w, s, row, now, rule)
    note_rule(p, w, row, rule, BARRED, is_barred)
    if is_barred:
        note_rule(p, w, row, rule, ENDANGERED, False)
        return False, until
    read_leaves(p, w, s, row, now, rule)
    level, may_change = decide(p, w, s, row, now, rule, held)
    flips = level != held and sets_levels
    if flips:
        _change(p, w, s, row, now, rule, level)
    may_change = may_change or (level != held and not sets_levels)
    note_rule(p, w, row, rule, ENDANGERED, may_change)
    if may_change:
        until = next_deadline(p, w, s, row, now, rule, until)
    return flips, until


@compiled
def evaluate(p, w, s, row, now, sets_levels, until):
    """Bring the levels of the marked rules up to date; returns how many changed, and their next deadline.

    sets_levels: False to leave the levels as they are.
    until: deadlines from then on are not looked for; it is returned where there is none before it.
    """
    flips, due = 0, until
    for word in range(p[MARK_WORDS]):
        marked, place = p[MARKED] + word, 0
        while s[marked] >> place:
            place = first_from(s[marked], place)
            rule = p[p[ORDER] + 1 + MARKS_A_WORD * word + place]
            flipped, due = _evaluate_rule(p, w, s, row, now, rule, sets_levels, due)
            flips += flipped
            place += 1
        s[marked] = 0
    return flips, due
