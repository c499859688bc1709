"""Buckets: what a ring holds of each day or hour, and what of it a window's total takes in.

Comes in: the program `p`, the table's words `w`, a row, a ring by its address and the place of a bucket in it.
Goes out: what the bucket holds, or the row with a bucket changed. By the ring's statistic that is
    COUNTS      a count, of 4 bytes
    SUMS        whole units and millionths, a word each
    LEAST       the least number, or the GREATEST: a word, the bits of the double but for those of NaN that are
    GREATEST    turned over, so that a bucket without any is 0, as all else that is empty
"""

from streams.core.kernel.bits import bits_of, clear_half, half, real_of
from streams.core.kernel.jit import inlined
from streams.core.kernel.layout import COUNTS, COUNTS_BUCKETS, LEAST, PLACE, STATISTIC, SUMS

NAN_BITS = 0x7FF8_0000_0000_0000


@inlined
def extreme_of(number):
    return bits_of(number) ^ NAN_BITS


@inlined
def number_of(extreme):
    """NaN where there is none."""
    return real_of(extreme ^ NAN_BITS)


@inlined
def further(statistic, a, b):
    """Of two extremes the one that stands; 0 is none."""
    if a == 0 or b == 0:
        return a | b
    return a if (number_of(a) < number_of(b)) == (statistic == LEAST) else b


@inlined
def bucket_counts(p, w, row, ring, window, at):
    """What the bucket of counts at a place adds to a window's total."""
    count = half(w, row, p[ring + PLACE], at)
    return min(count, 1) if p[window + COUNTS_BUCKETS] else count


@inlined
def empty(p, w, row, ring, at):
    place, statistic = p[ring + PLACE], p[ring + STATISTIC]
    if statistic == COUNTS:
        clear_half(w, row, place, at)
    elif statistic == SUMS:
        w[row, place + 2 * at] = 0
        w[row, place + 2 * at + 1] = 0
    else:
        w[row, place + at] = 0


@inlined
def is_empty(p, w, row, ring, at):
    place, statistic = p[ring + PLACE], p[ring + STATISTIC]
    if statistic == COUNTS:
        return half(w, row, place, at) == 0
    if statistic == SUMS:
        return w[row, place + 2 * at] == 0 and w[row, place + 2 * at + 1] == 0
    return w[row, place + at] == 0
