"""Flips: what the kernel notes of a membership or level that changed, one line each.

Comes in: a row before and after an instant. Goes out: lines, laid out as `streams.core.kernel.layout` says.
"""

from typing import NamedTuple

import numpy as np

from streams.core.arrays import Ints
from streams.core.kernel.bits import bits_of
from streams.core.kernel.interpreter import value
from streams.core.kernel.jit import compiled, inlined
from streams.core.kernel.layout import (
    AT,
    CAUSE,
    EVENTS,
    FLIPPED,
    HOLDS,
    IN_SEGMENT,
    INCLUDED,
    INCLUDED_WORDS,
    INCLUDES,
    INDEX,
    KIND,
    LEAVES,
    LEFT,
    LEVEL_BITS,
    LEVELS_HELD,
    MISSING,
    NEW_LEVEL,
    NO,
    NOW,
    OCCURRENCE,
    OLD_LEVEL,
    OPERATOR,
    ORDINAL,
    ROW,
    RULE,
    RULES,
    SHOWN,
    SHOWN_WORDS,
    TURNED,
    WAS,
    WORD,
)
from streams.core.kernel.memberships import level_of, read_leaves

NOBODY, AS_TURNED = -1, -2  # instead of a copy of the row before


class Lines(NamedTuple):
    """Room for what flips: `words` (lines, words of a line), of which the first `filled[0]` are filled."""

    words: Ints
    filled: Ints


def empty_lines(rules: int, room: int, line_words: int) -> Lines:
    """Room for so many changes, and never for fewer than all rules flipping at one instant."""
    return Lines(np.zeros((max(rules, room), line_words), np.int64), np.zeros(1, np.int64))


@compiled
def _show(p, w, s, line, row, rule, now):
    """Note what `because` will say: each leaf's value, its truth before and now; and the traits the rule includes."""
    leaves, traits, code, number, kind = p[rule + LEAVES], p[rule + INCLUDES], -1, 0.0, MISSING
    for i in range(p[leaves]):
        leaf, at = p[leaves + 1 + i], p[SHOWN] + SHOWN_WORDS * i
        if p[leaf + LEFT] != code:
            code = p[leaf + LEFT]
            number, kind, _ = value(p, w, s, row, now, code)
        line[at], line[at + 1] = bits_of(number), kind
        line[at + 2], line[at + 3] = s[p[WAS] + p[leaf + INDEX]] & HOLDS, s[p[NOW] + p[leaf + INDEX]] & HOLDS
    for i in range(p[traits]):
        at = p[INCLUDED] + INCLUDED_WORDS * i
        line[at], line[at + 1] = w[row, p[traits + 1 + i]], w[row, p[traits + 1 + i] + 1]


@inlined
def _note_what_was(p, w, s, before, before_at, rule):
    """Note the truths of a rule's leaves before, read from a copy of the row."""
    leaves = p[rule + LEAVES]
    read_leaves(p, w, s, before, before_at, rule)
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        s[p[WAS] + p[p[i] + INDEX]] = s[p[NOW] + p[p[i] + INDEX]]


@inlined
def _note_what_turned(p, s, rule, was_there):
    """Note the truths of a rule's leaves before an event, told by those now and what it turned."""
    leaves = p[rule + LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        leaf, index = p[i], p[p[i] + INDEX]
        if p[leaf + KIND] == IN_SEGMENT:
            turned = s[p[FLIPPED] + p[p[leaf + OPERATOR] + INDEX]] != 0
        else:
            turned = s[p[TURNED] + index] == s[p[EVENTS]]
        s[p[WAS] + index] = s[p[NOW] + index] ^ turned if was_there else NO


@compiled
def describe(p, w, s, line, row, rule, now):
    """Note how a rule stands: the level, its ordinal, the levels by all rules, and the reasons."""
    rules = p[RULES]
    line[RULE] = p[rule + INDEX]
    line[ORDINAL] = w[row, p[rule + WORD] + 1] >> LEVEL_BITS
    line[NEW_LEVEL] = level_of(p, w, row, rule)
    for i in range(p[rules]):
        line[p[LEVELS_HELD] + i] = level_of(p, w, row, p[rules + 1 + i])
    _show(p, w, s, line, row, rule, now)


@compiled
def note_flips(p, m, f, row, now, before, before_at, cause, occurrence):
    """One line for each rule that flipped, in the order of their names.

    before, before_at: a copy of the row as it stood just before, and when. Of an event instead of a copy: NOBODY for a
    profile that was not yet, of which nothing held; AS_TURNED for another.
    """
    w, s, rules = m.words, m.space, p[RULES]
    for i in range(p[rules]):
        if s[p[FLIPPED] + i]:
            rule, line = p[rules + 1 + i], f.words[f.filled[0]]
            f.filled[0] += 1
            if before >= 0:
                _note_what_was(p, w, s, before, before_at, rule)
            read_leaves(p, w, s, row, now, rule)
            if before < 0:
                _note_what_turned(p, s, rule, before == AS_TURNED)
            line[ROW], line[AT], line[CAUSE], line[OCCURRENCE] = row, now, cause, occurrence
            line[OLD_LEVEL] = s[p[FLIPPED] + i] - 1
            describe(p, w, s, line, row, rule, now)
    for i in range(p[rules]):
        s[p[FLIPPED] + i] = 0
