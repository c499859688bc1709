"""Marks: which rules wait to be evaluated, a bit for each.

Comes in: the program `p`, the kernel's space `s`, lists of marks, and what a row knows of the rules. Goes out: bits set
in `s`, and taken from there one by one in the order of evaluation: a rule comes after those it reads.
"""

from streams.core.kernel.jit import inlined
from streams.core.kernel.layout import BARRED, ENDANGERED, MARK, MARK_WORD, MARK_WORDS, MARKED


@inlined
def mark(p, s, marks):
    """Mark the rules of a list of marks."""
    for i in range(marks + 1, marks + 1 + 2 * p[marks], 2):
        s[p[MARKED] + p[i]] |= p[i + 1]


@inlined
def mark_open(p, w, s, row, marks):
    """The same without those that bar the row: what turns in them does not matter."""
    for i in range(marks + 1, marks + 1 + 2 * p[marks], 2):
        s[p[MARKED] + p[i]] |= p[i + 1] & ~w[row, p[BARRED] + p[i]]


@inlined
def mark_endangered(p, w, s, row):
    for word in range(p[MARK_WORDS]):
        s[p[MARKED] + word] |= w[row, p[ENDANGERED] + word]


@inlined
def any_endangered(p, w, row, marks):
    found = 0
    for i in range(marks + 1, marks + 1 + 2 * p[marks], 2):
        found |= w[row, p[ENDANGERED] + p[i]] & p[i + 1]
    return found != 0


@inlined
def note_rule(p, w, row, rule, kind, is_so):
    """Note whether a rule is one of ENDANGERED or BARRED."""
    word = p[kind] + p[rule + MARK_WORD]
    if is_so:
        w[row, word] |= p[rule + MARK]
    else:
        w[row, word] &= ~p[rule + MARK]


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
