"""What an 8-byte word can hold: a double, or two counts.

Comes in: words as signed integers. Goes out: their parts. The program and the table are made of such words
alone, so that the kernel's functions hand on a few flat arrays and numba can inline them.
"""

import numpy as np

from streams.core.kernel.jit import inlined

LOW_HALF = 0xFFFF_FFFF
HIGH_HALF = ~LOW_HALF


@inlined
def real_of(bits):
    return float(np.int64(bits).view(np.float64))  # where Python runs it: numpy's own would warn when it overflows


@inlined
def bits_of(real):
    return np.float64(real).view(np.int64)


@inlined
def half(words, row, place, i):
    """The i-th 4-byte count from the word `place` on."""
    return (words[row, place + (i >> 1)] >> (32 * (i & 1))) & LOW_HALF


@inlined
def add_to_half(words, row, place, i, number):
    words[row, place + (i >> 1)] += number << (32 * (i & 1))


@inlined
def clear_half(words, row, place, i):
    words[row, place + (i >> 1)] &= LOW_HALF if i & 1 else HIGH_HALF
