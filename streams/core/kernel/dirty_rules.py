"""Dirty rules: those that wait to be evaluated, a bit for each.

Comes in: the program `p`, the kernel's space `s`, rule sets, and what a row knows of the rules. Goes out: bits set in
`s`, and taken from there one by one in the order of evaluation: a rule comes after those it reads.
"""

from streams.core.kernel.jit import inlined
from streams.core.kernel.layout import BLOCKED, DIRTY, RULE_SET_WORDS, SET_BIT, SET_WORD, TIME_DRIVEN


@inlined
def mark_dirty(p, s, rule_set):
    """Mark the rules of a set."""
    for i in range(rule_set + 1, rule_set + 1 + 2 * p[rule_set], 2):
        s[p[DIRTY] + p[i]] |= p[i + 1]


@inlined
def mark_dirty_unless_blocked(p, w, s, row, rule_set):
    """The same without those that are blocked for the row: what flips in them does not matter."""
    for i in range(rule_set + 1, rule_set + 1 + 2 * p[rule_set], 2):
        s[p[DIRTY] + p[i]] |= p[i + 1] & ~w[row, p[BLOCKED] + p[i]]


@inlined
def mark_time_driven(p, w, s, row):
    """Mark the rules whose level time alone may change."""
    for word in range(p[RULE_SET_WORDS]):
        s[p[DIRTY] + word] |= w[row, p[TIME_DRIVEN] + word]


@inlined
def any_time_driven(p, w, row, rule_set):
    found = 0
    for i in range(rule_set + 1, rule_set + 1 + 2 * p[rule_set], 2):
        found |= w[row, p[TIME_DRIVEN] + p[i]] & p[i + 1]
    return found != 0


@inlined
def note_rule(p, w, row, rule, kind, is_so):
    """Note whether a rule is one of TIME_DRIVEN or BLOCKED."""
    word = p[kind] + p[rule + SET_WORD]
    if is_so:
        w[row, word] |= p[rule + SET_BIT]
    else:
        w[row, word] &= ~p[rule + SET_BIT]


@inlined
def first_from(bits, place):
    """The place of the first bit from `place` on; there is one."""
    bits >>= place
    while bits & 0xFF == 0:
        bits >>= 8
        place += 8
    while bits & 1 == 0:
        bits >>= 1
        place += 1
    return place
