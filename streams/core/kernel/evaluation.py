"""Evaluation: the levels of a row brought up to date, and when that has to be done next.

Comes in: the program `p`, the table's words `w`, the kernel's space `s` with the dirty rules, a
row and an instant `now` (ms) at which the row's windows stand. Goes out: levels changed in the row, and in `s` 1 + the
level before of each that did; which rules are time-driven: time alone may change their level; and an instant.
"""

from streams.core.kernel.deadlines import next_deadline
from streams.core.kernel.dirty_rules import first_from, mark_dirty, note_rule
from streams.core.kernel.interpreter import level_of
from streams.core.kernel.jit import compiled, inlined
from streams.core.kernel.layout import (
    BLOCKED,
    DIRTY,
    INDEX,
    LEVEL,
    LEVEL_BEFORE,
    ORDER,
    READERS,
    RULE_SET_WORDS,
    RULES_A_WORD,
    TIME_DRIVEN,
    WORD,
)
from streams.core.kernel.memberships import decide, may_enter, read_leaves


@inlined
def _change(p, w, s, row, now, rule, level):
    """Set a level: since now, and with the next ordinal."""
    word = p[rule + WORD]
    s[p[LEVEL_BEFORE] + p[rule + INDEX]] = 1 + level_of(p, w, row, rule)
    w[row, word] = now
    w[row, word + 1] = (w[row, word + 1] | LEVEL) + 1 + level
    mark_dirty(p, s, p[rule + READERS])


@compiled
def _evaluate_rule(p, w, s, row, now, rule, sets_levels, until):
    """Bring the level of a rule up to date; returns whether it changed, and the rule's next deadline."""
    held = level_of(p, w, row, rule)
    is_blocked = not held and not may_enter(p, w, s, row, now, rule)
    note_rule(p, w, row, rule, BLOCKED, is_blocked)
    if is_blocked:
        note_rule(p, w, row, rule, TIME_DRIVEN, False)
        return False, until
    read_leaves(p, w, s, row, now, rule)
    level, may_change = decide(p, w, s, row, now, rule, held)
    flips = level != held and sets_levels
    if flips:
        _change(p, w, s, row, now, rule, level)
    may_change = may_change or (level != held and not sets_levels)
    note_rule(p, w, row, rule, TIME_DRIVEN, may_change)
    if may_change:
        until = next_deadline(p, w, s, row, now, rule, until)
    return flips, until


@compiled
def evaluate(p, w, s, row, now, sets_levels, until):
    """Bring the levels of the dirty rules up to date; returns how many changed, and their next deadline.

    sets_levels: False to leave the levels as they are.
    until: deadlines from then on are not looked for; it is returned where there is none before it.
    """
    flips, due = 0, until
    for word in range(p[RULE_SET_WORDS]):
        dirty, place = p[DIRTY] + word, 0
        while s[dirty] >> place:
            place = first_from(s[dirty], place)
            rule = p[p[ORDER] + 1 + RULES_A_WORD * word + place]
            flipped, due = _evaluate_rule(p, w, s, row, now, rule, sets_levels, due)
            flips += flipped
            place += 1
        s[dirty] = 0
    return flips, due
