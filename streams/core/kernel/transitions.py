"""Transitions: what the kernel notes of each membership or level that changed.

Comes in: a row before and after an instant. Goes out: words of each, laid out as `streams.core.kernel.layout` says.
"""

from typing import NamedTuple

import numpy as np

from streams.core.arrays import Ints
from streams.core.kernel.bits import bits_of
from streams.core.kernel.interpreter import level_of, value
from streams.core.kernel.jit import compiled, inlined
from streams.core.kernel.layout import (
    AT,
    CAUSE,
    EVENTS,
    HOLDS,
    IN_SEGMENT,
    INCLUDED,
    INCLUDED_WORDS,
    INCLUDES,
    INDEX,
    KIND,
    LEAF_FLIPPED,
    LEAVES,
    LEFT,
    LEVEL_BEFORE,
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
    WAS,
    WORD,
)
from streams.core.kernel.memberships import read_leaves

NEW_PROFILE, BY_LEAF_FLIPS = -1, -2  # instead of a copy of the row before


class TransitionBuffer(NamedTuple):
    """Room for transitions: `words` (transitions, words of each), of which the first `filled[0]` are filled."""

    words: Ints
    filled: Ints


def empty_buffer(rules: int, room: int, transition_words: int) -> TransitionBuffer:
    """Room for so many changes, and never for fewer than all rules flipping at one instant."""
    return TransitionBuffer(np.zeros((max(rules, room), transition_words), np.int64), np.zeros(1, np.int64))


@compiled
def _show(p, w, s, transition, row, rule, now):
    """Note what `because` will say: each leaf's value, its truth before and now; and the traits the rule includes."""
    leaves, traits, code, number, kind = p[rule + LEAVES], p[rule + INCLUDES], -1, 0.0, MISSING
    for i in range(p[leaves]):
        leaf, at = p[leaves + 1 + i], p[SHOWN] + SHOWN_WORDS * i
        if p[leaf + LEFT] != code:
            code = p[leaf + LEFT]
            number, kind, _ = value(p, w, s, row, now, code)
        transition[at], transition[at + 1] = bits_of(number), kind
        transition[at + 2], transition[at + 3] = (
            s[p[WAS] + p[leaf + INDEX]] & HOLDS,
            s[p[NOW] + p[leaf + INDEX]] & HOLDS,
        )
    for i in range(p[traits]):
        at = p[INCLUDED] + INCLUDED_WORDS * i
        transition[at], transition[at + 1] = w[row, p[traits + 1 + i]], w[row, p[traits + 1 + i] + 1]


@inlined
def note_truths_before(p, w, s, before, before_at, rule):
    """Note the truths of a rule's leaves before, read from a copy of the row."""
    leaves = p[rule + LEAVES]
    read_leaves(p, w, s, before, before_at, rule)
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        s[p[WAS] + p[p[i] + INDEX]] = s[p[NOW] + p[p[i] + INDEX]]


@inlined
def _note_truths_before_event(p, s, rule, was_there):
    """Note the truths of a rule's leaves before an event, told by those now and what it flipped."""
    leaves = p[rule + LEAVES]
    for i in range(leaves + 1, leaves + 1 + p[leaves]):
        leaf, index = p[i], p[p[i] + INDEX]
        if p[leaf + KIND] == IN_SEGMENT:
            has_flipped = s[p[LEVEL_BEFORE] + p[p[leaf + OPERATOR] + INDEX]] != 0
        else:
            has_flipped = s[p[LEAF_FLIPPED] + index] == s[p[EVENTS]]
        s[p[WAS] + index] = s[p[NOW] + index] ^ has_flipped if was_there else NO


@compiled
def describe(p, w, s, transition, row, rule, now):
    """Note how a rule stands: the level, its ordinal, and the reasons."""
    transition[RULE] = p[rule + INDEX]
    transition[ORDINAL] = w[row, p[rule + WORD] + 1] >> LEVEL_BITS
    transition[NEW_LEVEL] = level_of(p, w, row, rule)
    _show(p, w, s, transition, row, rule, now)


@inlined
def _note_levels(p, w, transition, row):
    """Note the levels by all rules."""
    rules = p[RULES]
    for i in range(p[rules]):
        transition[p[LEVELS_HELD] + i] = level_of(p, w, row, p[rules + 1 + i])


@compiled
def record_transitions(p, m, f, row, now, before, before_at, cause, occurrence):
    """One for each rule whose level changed, in the order of their names.

    before, before_at: a copy of the row as it stood just before, and when. Of an event instead of a copy: NEW_PROFILE
    for a profile that was not yet, of which nothing held; BY_LEAF_FLIPS for another, told by which leaves the event
    flipped.
    """
    w, s, rules = m.words, m.space, p[RULES]
    for i in range(p[rules]):
        if s[p[LEVEL_BEFORE] + i]:
            rule, transition = p[rules + 1 + i], f.words[f.filled[0]]
            f.filled[0] += 1
            if before >= 0:
                note_truths_before(p, w, s, before, before_at, rule)
            read_leaves(p, w, s, row, now, rule)
            if before < 0:
                _note_truths_before_event(p, s, rule, before == BY_LEAF_FLIPS)
            transition[ROW], transition[AT], transition[CAUSE], transition[OCCURRENCE] = row, now, cause, occurrence
            transition[OLD_LEVEL] = s[p[LEVEL_BEFORE] + i] - 1
            describe(p, w, s, transition, row, rule, now)
            _note_levels(p, w, transition, row)
    for i in range(p[rules]):
        s[p[LEVEL_BEFORE] + i] = 0
