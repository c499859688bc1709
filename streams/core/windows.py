"""Ring arithmetic: which bucket an instant is in, what leaves a window as time goes on, when the next one does.

Comes in: the program `p`, the table's words `w` and a row; a ring or window is its address in the program.
All instants are ms; a bucket is the number of a day (in the configured offset from UTC) or of an hour since
1970. A ring of length L holds the newest L buckets, bucket b at place b % L. A window of length N moved M back
holds at bucket b the buckets in (b - M - N, b - M] (CONTRACT 3.1). Each has a running total: reading it costs
one load.
"""

from streams.core.features import DAY_MS, HOUR_MS
from streams.core.jit import compiled, inlined
from streams.core.layout import (
    BEFORE,
    COUNTS_BUCKETS,
    FAR,
    IS_DAYS,
    IS_SUMS,
    LENGTH,
    PLACE,
    RINGS,
    SPAN,
    TOTAL_WORD,
    UTC_OFFSET,
    WINDOWS,
)
from streams.core.words import add_to_half, clear_half, half

MILLIONTHS = 1_000_000
LARGEST_AMOUNT = 1e10  # CONTRACT 3.1: a value beyond this size counts as missing


@inlined
def bucket_at(p, ring, ms):
    if p[ring + IS_DAYS]:
        return (ms + p[UTC_OFFSET]) // DAY_MS
    return ms // HOUR_MS


@inlined
def bucket_begins(p, ring, bucket):
    if p[ring + IS_DAYS]:
        return bucket * DAY_MS - p[UTC_OFFSET]
    return bucket * HOUR_MS


@inlined
def next_place(at, length):
    """The place after `at` in a ring of so many."""
    return at + 1 if at + 1 < length else 0


@inlined
def bucket_counts(p, w, row, ring, window, at):
    """What the bucket of counts at a place adds to a window's total."""
    count = half(w, row, p[ring + PLACE], at)
    return min(count, 1) if p[window + COUNTS_BUCKETS] else count


@inlined
def _shift(p, w, row, ring, window, first, last, sign):
    """Count the buckets first .. last into (sign 1) or out of (sign -1) a window's total."""
    place, total, at = p[ring + PLACE], p[window + TOTAL_WORD], first % p[ring + LENGTH]
    for _ in range(first, last + 1):
        if p[ring + IS_SUMS]:
            w[row, total] += sign * w[row, place + 2 * at]
            w[row, total + 1] += sign * w[row, place + 2 * at + 1]
        else:
            w[row, total] += sign * bucket_counts(p, w, row, ring, window, at)
        at = next_place(at, p[ring + LENGTH])


@inlined
def _empty(p, w, row, ring, at):
    place = p[ring + PLACE]
    if p[ring + IS_SUMS]:
        w[row, place + 2 * at] = 0
        w[row, place + 2 * at + 1] = 0
    else:
        clear_half(w, row, place, at)


@inlined
def _is_empty(p, w, row, ring, at):
    place = p[ring + PLACE]
    if p[ring + IS_SUMS]:
        return w[row, place + 2 * at] == 0 and w[row, place + 2 * at + 1] == 0
    return half(w, row, place, at) == 0


@compiled
def _move(p, w, row, ring, old, new):
    """Every window moves on from bucket `old` to `new`, and the ring's oldest places are used anew.

    What is later than `old` is empty, and need not be counted in or out.
    """
    windows = p[ring + WINDOWS]
    for i in range(windows + 1, windows + 1 + p[windows]):
        window = p[i]
        before, span = p[window + BEFORE], p[window + SPAN]
        _shift(p, w, row, ring, window, old - before + 1, min(new - before, old), 1)
        _shift(p, w, row, ring, window, old - before - span + 1, min(new - before - span, old), -1)
    at = old % p[ring + LENGTH]
    for _ in range(old, new):
        at = next_place(at, p[ring + LENGTH])
        _empty(p, w, row, ring, at)


@compiled
def _clear(p, w, row, ring):
    for at in range(p[ring + LENGTH]):
        _empty(p, w, row, ring, at)
    windows = p[ring + WINDOWS]
    for i in range(windows + 1, windows + 1 + p[windows]):
        w[row, p[p[i] + TOTAL_WORD]] = 0
        if p[ring + IS_SUMS]:
            w[row, p[p[i] + TOTAL_WORD] + 1] = 0


@compiled
def roll(p, w, row, since, now):
    """Move all windows of a row from the instant `since` on to `now`."""
    rings = p[RINGS]
    for i in range(rings + 1, rings + 1 + p[rings]):
        ring = p[i]
        old, new = bucket_at(p, ring, since), bucket_at(p, ring, now)
        if new - old >= p[ring + LENGTH]:
            _clear(p, w, row, ring)
        elif new > old:
            _move(p, w, row, ring, old, new)


@inlined
def add(p, w, row, ring, ts, now, value):
    """Count an event at `ts` into its bucket (with its value, where the ring holds sums) as of `now`."""
    bucket, head = bucket_at(p, ring, ts), bucket_at(p, ring, now)
    sums, place, at = p[ring + IS_SUMS], p[ring + PLACE], bucket % p[ring + LENGTH]
    units, micro, was_empty = 0, 0, False
    if bucket <= head - p[ring + LENGTH] or (sums and not abs(value) <= LARGEST_AMOUNT):
        return
    if sums:
        units, micro = round(value * 1e6) // MILLIONTHS, round(value * 1e6) % MILLIONTHS
        w[row, place + 2 * at] += units
        w[row, place + 2 * at + 1] += micro
    else:
        was_empty = half(w, row, place, at) == 0
        add_to_half(w, row, place, at)
    windows = p[ring + WINDOWS]
    for i in range(windows + 1, windows + 1 + p[windows]):
        window = p[i]
        newest, total_word = head - p[window + BEFORE], p[window + TOTAL_WORD]
        if newest - p[window + SPAN] < bucket <= newest:
            if sums:
                w[row, total_word] += units
                w[row, total_word + 1] += micro
            elif was_empty or not p[window + COUNTS_BUCKETS]:
                w[row, total_word] += 1


@compiled
def next_move(p, w, row, ring, window, now):
    """The next instant at which a bucket that is not empty enters or leaves a window; FAR if none will."""
    head, before = bucket_at(p, ring, now), p[window + BEFORE]
    first = head + 1 + before + p[window + SPAN]
    for bucket in range(head - p[ring + LENGTH] + 1, head + 1):
        if not _is_empty(p, w, row, ring, bucket % p[ring + LENGTH]):
            if bucket + before > head:
                first = min(first, bucket + before)
            elif bucket + before + p[window + SPAN] > head:
                first = min(first, bucket + before + p[window + SPAN])
    return FAR if first == head + 1 + before + p[window + SPAN] else bucket_begins(p, ring, first)


@compiled
def total_anew(p, w, row, now):
    """Make all totals of a row from its buckets, as after a load."""
    rings = p[RINGS]
    for i in range(rings + 1, rings + 1 + p[rings]):
        ring = p[i]
        head, windows = bucket_at(p, ring, now), p[ring + WINDOWS]
        for k in range(windows + 1, windows + 1 + p[windows]):
            window = p[k]
            w[row, p[window + TOTAL_WORD]] = 0
            if p[ring + IS_SUMS]:
                w[row, p[window + TOTAL_WORD] + 1] = 0
            newest = head - p[window + BEFORE]
            _shift(p, w, row, ring, window, newest - p[window + SPAN] + 1, newest, 1)
