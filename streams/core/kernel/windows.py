"""Ring arithmetic: which bucket an instant is in, what leaves a window as time goes on, when the next one does.

Comes in: the program `p`, the table's words `w` and a row; a ring or window is its address in the program.
All instants are ms; a bucket is the number of a day (by the program's calendar) or of an hour since 1970. A ring of
length L holds the newest L buckets, bucket b at place b % L. A window of length N moved M back holds at
bucket b the buckets in (b - M - N, b - M] (docs/semantics.md#windows). Each has a running total: reading it costs one
load.
"""

from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.kernel.bits import add_to_half, half
from streams.core.kernel.buckets import bucket_counts, empty, extreme_of, further, is_empty
from streams.core.kernel.jit import compiled, inlined
from streams.core.kernel.layout import (
    BEFORE,
    COUNTS,
    COUNTS_BUCKETS,
    DAYS,
    FAR,
    IS_DAYS,
    LENGTH,
    PLACE,
    RINGS,
    SPAN,
    STATISTIC,
    SUMS,
    TOTAL_WORD,
    UTC_OFFSET,
    WINDOWS,
)

MILLIONTHS = 1_000_000


@compiled
def _day_in_zone(p, ms):
    """The last day that has begun by then: days there are longer or shorter, but never by much in all."""
    begins, last = p[DAYS] + 1, p[p[DAYS]] - 1
    if ms < p[begins]:
        return (ms - p[begins]) // DAY_MS
    if ms >= p[begins + last]:
        return last + (ms - p[begins + last]) // DAY_MS
    day = min((ms - p[begins]) // DAY_MS, last - 1)
    while ms < p[begins + day]:
        day -= 1
    while ms >= p[begins + day + 1]:
        day += 1
    return day


@inlined
def _day_at(p, ms):
    return _day_in_zone(p, ms) if p[DAYS] else (ms + p[UTC_OFFSET]) // DAY_MS


@compiled
def _day_begins_in_zone(p, day):
    nearest = min(max(day, 0), p[p[DAYS]] - 1)
    return p[p[DAYS] + 1 + nearest] + (day - nearest) * DAY_MS


@inlined
def bucket_at(p, ring, ms):
    return _day_at(p, ms) if p[ring + IS_DAYS] else ms // HOUR_MS


@inlined
def bucket_begins(p, ring, bucket):
    if p[ring + IS_DAYS]:
        return _day_begins_in_zone(p, bucket) if p[DAYS] else bucket * DAY_MS - p[UTC_OFFSET]
    return bucket * HOUR_MS


@inlined
def next_place(at, length):
    """The place after `at` in a ring of so many."""
    return at + 1 if at + 1 < length else 0


@inlined
def place_ago(head, ago, length):
    """The place of the bucket `ago` before the one at `head`; `ago` is no more than the ring is long."""
    return head - ago if head >= ago else head - ago + length


@inlined
def _shift(p, w, row, ring, window, at, buckets, sign):
    """Count so many buckets, from the place `at` on, into (sign 1) or out of (sign -1) a window's total."""
    place, total = p[ring + PLACE], p[window + TOTAL_WORD]
    for _ in range(buckets):
        if p[ring + STATISTIC] == SUMS:
            w[row, total] += sign * w[row, place + 2 * at]
            w[row, total + 1] += sign * w[row, place + 2 * at + 1]
        else:
            w[row, total] += sign * bucket_counts(p, w, row, ring, window, at)
        at = next_place(at, p[ring + LENGTH])


@compiled
def _extreme(p, w, row, ring, first, last):
    """The least or greatest number in the buckets first .. last; 0 if there is none."""
    extreme, at = 0, first % p[ring + LENGTH]
    for _ in range(first, last + 1):
        extreme = further(p[ring + STATISTIC], extreme, w[row, p[ring + PLACE] + at])
        at = next_place(at, p[ring + LENGTH])
    return extreme


@compiled
def _move_extreme(p, w, row, ring, window, old, new):
    """Only where the extreme itself leaves a window must it be looked for anew."""
    before, total = p[window + BEFORE], p[window + TOTAL_WORD]
    begins = new - before - p[window + SPAN] + 1
    gone = _extreme(p, w, row, ring, old - before - p[window + SPAN] + 1, min(begins - 1, old - before))
    if gone != 0 and gone == w[row, total]:
        w[row, total] = _extreme(p, w, row, ring, begins, min(new - before, old))
    else:
        # What comes and goes within the one move was never in it.
        come = _extreme(p, w, row, ring, max(begins, old - before + 1), min(new - before, old))
        w[row, total] = further(p[ring + STATISTIC], w[row, total], come)


@compiled
def _move(p, w, row, ring, old, new):
    """Every window moves on from bucket `old` to `new`, and the ring's oldest places are used anew.

    What is later than `old` is empty, and need not be counted in or out.
    """
    windows, length, moved = p[ring + WINDOWS], p[ring + LENGTH], new - old
    head = old % length
    for i in range(windows + 1, windows + 1 + p[windows]):
        window = p[i]
        before, span = p[window + BEFORE], p[window + SPAN]
        if p[ring + STATISTIC] > SUMS:
            _move_extreme(p, w, row, ring, window, old, new)
        else:
            if before:
                _shift(p, w, row, ring, window, place_ago(head, before - 1, length), min(moved, before), 1)
            gone = place_ago(head, before + span - 1, length)
            _shift(p, w, row, ring, window, gone, min(moved, before + span), -1)
    for _ in range(moved):
        head = next_place(head, length)
        empty(p, w, row, ring, head)


@inlined
def _clear_total(p, w, row, ring, window):
    w[row, p[window + TOTAL_WORD]] = 0
    if p[ring + STATISTIC] == SUMS:
        w[row, p[window + TOTAL_WORD] + 1] = 0


@compiled
def _clear(p, w, row, ring):
    for at in range(p[ring + LENGTH]):
        empty(p, w, row, ring, at)
    windows = p[ring + WINDOWS]
    for i in range(windows + 1, windows + 1 + p[windows]):
        _clear_total(p, w, row, ring, p[i])


@compiled
def roll(p, w, row, since, now):
    """Move all windows of a row from the instant `since` on to `now`."""
    rings, old_day, new_day = p[RINGS], _day_at(p, since), _day_at(p, now)
    old_hour, new_hour = since // HOUR_MS, now // HOUR_MS
    for i in range(rings + 1, rings + 1 + p[rings]):
        ring = p[i]
        old, new = (old_day, new_day) if p[ring + IS_DAYS] else (old_hour, new_hour)
        if new - old >= p[ring + LENGTH]:
            _clear(p, w, row, ring)
        elif new > old:
            _move(p, w, row, ring, old, new)


@inlined
def _holds(p, window, head, bucket):
    newest = head - p[window + BEFORE]
    return newest - p[window + SPAN] < bucket <= newest


@inlined
def add(p, w, row, ring, ts, now, value):
    """Count an event at `ts` into its bucket (by its value, where the ring holds no counts) as of `now`."""
    bucket, head = bucket_at(p, ring, ts), bucket_at(p, ring, now)
    statistic, place, at = p[ring + STATISTIC], p[ring + PLACE], bucket % p[ring + LENGTH]
    units, micro, was_empty = 0, 0, False
    if bucket <= head - p[ring + LENGTH]:
        return
    if statistic == COUNTS:
        was_empty = half(w, row, place, at) == 0
        add_to_half(w, row, place, at, 1)
    elif statistic == SUMS:
        units, micro = round(value * 1e6) // MILLIONTHS, round(value * 1e6) % MILLIONTHS
        w[row, place + 2 * at] += units
        w[row, place + 2 * at + 1] += micro
    else:
        w[row, place + at] = further(statistic, w[row, place + at], extreme_of(value))
    windows = p[ring + WINDOWS]
    for i in range(windows + 1, windows + 1 + p[windows]):
        window = p[i]
        total = p[window + TOTAL_WORD]
        if _holds(p, window, head, bucket):
            if statistic == COUNTS:
                if was_empty or not p[window + COUNTS_BUCKETS]:
                    w[row, total] += 1
            elif statistic == SUMS:
                w[row, total] += units
                w[row, total + 1] += micro
            else:
                w[row, total] = further(statistic, w[row, total], extreme_of(value))


@compiled
def recount(p, w, row, ring, ts, now, source):
    """Count a value at `ts` that was counted in bucket `source` until now: each where it was seen last."""
    bucket, head = bucket_at(p, ring, ts), bucket_at(p, ring, now)
    oldest = head - p[ring + LENGTH] + 1
    if source >= bucket or bucket < oldest:
        return
    if source >= oldest:
        add_to_half(w, row, p[ring + PLACE], source % p[ring + LENGTH], -1)
        windows = p[ring + WINDOWS]
        for i in range(windows + 1, windows + 1 + p[windows]):
            if _holds(p, p[i], head, source):
                w[row, p[p[i] + TOTAL_WORD]] -= 1
    add(p, w, row, ring, ts, now, 0.0)


@inlined
def _first_held(p, w, row, ring, first, last):
    """The first of the buckets first .. last that is not empty; FAR if all are."""
    at = first % p[ring + LENGTH]
    for bucket in range(first, last + 1):
        if not is_empty(p, w, row, ring, at):
            return bucket
        at = next_place(at, p[ring + LENGTH])
    return FAR


@compiled
def next_move(p, w, row, ring, window, now, until):
    """When a bucket that is not empty next enters or leaves a window; FAR if none does before `until`."""
    newest, before, span = bucket_at(p, ring, now) - p[window + BEFORE], p[window + BEFORE], p[window + SPAN]
    last = bucket_at(p, ring, until)
    enters = _first_held(p, w, row, ring, newest + 1, min(newest + before, last - before)) + before
    leaves = _first_held(p, w, row, ring, newest - span + 1, min(newest, last - before - span)) + before + span
    first = min(enters, leaves)
    return FAR if first >= FAR else bucket_begins(p, ring, first)


@compiled
def total_anew(p, w, row, now):
    """Make all totals of a row from its buckets, as after a load."""
    rings = p[RINGS]
    for i in range(rings + 1, rings + 1 + p[rings]):
        ring = p[i]
        head, windows = bucket_at(p, ring, now), p[ring + WINDOWS]
        for k in range(windows + 1, windows + 1 + p[windows]):
            window = p[k]
            newest = head - p[window + BEFORE]
            if p[ring + STATISTIC] > SUMS:
                w[row, p[window + TOTAL_WORD]] = _extreme(p, w, row, ring, newest - p[window + SPAN] + 1, newest)
            else:
                _clear_total(p, w, row, ring, window)
                oldest = newest - p[window + SPAN] + 1
                _shift(p, w, row, ring, window, oldest % p[ring + LENGTH], p[window + SPAN], 1)
