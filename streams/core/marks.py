"""Marks: which rules wait to be evaluated, a bit for each.

Comes in: the program `p`, the kernel's space `s`, and lists of marks or a row's endangered rules. Goes out: bits set in
`s`, and taken from there one by one in the order of evaluation: a rule comes after those it reads.
"""

from streams.core.jit import inlined
from streams.core.layout import ENDANGERED, MARK, MARK_WORD, MARK_WORDS, MARKED


@inlined
def mark(p, s, marks):
    """Mark the rules of a list of marks."""
    for i in range(marks + 1, marks + 1 + 2 * p[marks], 2):
        s[p[MARKED] + p[i]] |= p[i + 1]


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
def note_danger(p, w, row, rule, is_endangered):
    word = p[ENDANGERED] + p[rule + MARK_WORD]
    if is_endangered:
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
