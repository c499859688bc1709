"""The kinds of fields that a row has: what is done with one of each, all in one table, `KINDS`.

    carry_over   of rows that other rules wrote, into rows of today: what was not kept before stays empty
    age          in rows at rest: forget what is out of reach once time has come to another instant
    merge        what two rows of one clock have, as if every event had been the first one's

Comes in: fields of today's rows, and words. Goes out: words changed in place. What documents have is merged by
`streams.core.profiles.merging`. While events come, the kernel ages rings, by the same buckets, as it counts
(`streams.core.kernel.windows`).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.core.arrays import Ints
from streams.core.calendar import Calendar
from streams.core.compiler.fields import Field, Kind, bucket_of
from streams.core.kernel.buckets import NAN_BITS
from streams.core.kernel.layout import CLOCK, LEVEL, NEVER

RULE: Final = "rule "  # begins the names of the fields that hold a rule's levels
NO_SEGMENTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({})


class Crossing(NamedTuple):
    """What is known of rows that are carried over: what each rule's levels were called, and are today, by its key."""

    calendar: Calendar
    then: Mapping[str, tuple[str, ...]] = NO_SEGMENTS
    today: Mapping[str, tuple[str, ...]] = NO_SEGMENTS


class Handling(NamedTuple):
    """carry_over: into rows `new` what the field `source` of the rows `old` has. age: rows from an instant each (ms) on
    to another. merge: into the field's words of one row those of another."""

    carry_over: Callable[[Ints, Field, Ints, Field, Crossing], None]
    age: Callable[[Ints, Field, Ints, Ints, Calendar], None]
    merge: Callable[[Ints, Ints], None]


def _copy(new: Ints, field: Field, old: Ints, source: Field, _: Crossing) -> None:
    """As many words as both have: of ids, whose newest stand first, another number may be kept today."""
    words = min(field.words, source.words)
    new[:, field.start : field.start + words] = old[:, source.start : source.start + words]


def _copy_levels(new: Ints, field: Field, old: Ints, source: Field, crossing: Crossing) -> None:
    """Carry over a rule's ordinal, and its level by name; a level that is no more is none. What was counted in shadow
    counts for nobody, nor the other way round."""
    rule, was = field.name.removeprefix(RULE), source.name.removeprefix(RULE)
    places = {segment: level for level, segment in enumerate(crossing.today[rule], 1)}
    levels = np.array([0, *(places.get(segment, 0) for segment in crossing.then[was])])
    state = old[:, source.start + 1] if rule == was else old[:, source.start + 1] & LEVEL
    new[:, field.start] = old[:, source.start]
    new[:, field.start + 1] = (state & ~LEVEL) | levels[state & LEVEL]


def _copy_ring(new: Ints, field: Field, old: Ints, source: Field, crossing: Crossing) -> None:
    """Carry over the newest buckets, as many as both rings hold."""
    if field.length == source.length:
        _copy(new, field, old, source, crossing)
        return
    head = bucket_of(old[:, CLOCK], field.is_days, crossing.calendar)
    to, start = _parts(new, field), _parts(old, source, field.kind)
    rows, parts = np.arange(len(new)), _parts_of_bucket(field)
    for back in range(min(field.length, source.length)):
        for part in range(parts):
            target = (head - back) % field.length * parts + part
            to[rows, target] = start[rows, (head - back) % source.length * parts + part]
    new[:, field.start : field.start + field.words] = to.view(np.int64)


def _parts_of_bucket(ring: Field) -> int:
    """How many numbers a bucket is made of."""
    return 2 if ring.kind is Kind.SUMS else 1


def _parts(rows: Ints, ring: Field, kind: Kind | None = None) -> npt.NDArray[Any]:
    """A copy of the numbers that a ring is made of, in each row. kind: of a stored one."""
    words = rows[..., ring.start : ring.start + ring.words].copy()
    return words.view(np.uint32) if (kind or ring.kind) in (Kind.COUNTS, Kind.VALUES) else words


def _stays(rows: Ints, field: Field, since_ms: Ints, now_ms: Ints, calendar: Calendar) -> None:
    """Time alone takes nothing away."""


def _age_ring(rows: Ints, field: Field, since_ms: Ints, now_ms: Ints, calendar: Calendar) -> None:
    """Empty the buckets that are used anew. What has counted nothing yet has nothing to forget."""
    then = bucket_of(np.where(since_ms == NEVER, now_ms, since_ms), field.is_days, calendar)
    come = np.minimum(bucket_of(now_ms, field.is_days, calendar) - then, field.length)
    later = np.flatnonzero(come > 0)
    if not len(later):
        return
    buckets = _parts(rows[later], field).reshape(len(later), -1, _parts_of_bucket(field))
    for ahead in range(int(come.max())):
        aged = np.flatnonzero(come[later] > ahead)
        buckets[aged, (then[later[aged]] + 1 + ahead) % field.length] = 0
    rows[later, field.start : field.start + field.words] = buckets.reshape(len(later), -1).view(np.int64)


def _earliest(one: Ints, other: Ints) -> None:
    """Of two instants; `NEVER` is none."""
    if one[0] == NEVER or NEVER < other[0] < one[0]:
        one[0] = other[0]


def _newest(one: Ints, other: Ints) -> None:
    np.maximum(one, other, out=one)


def _sum(one: Ints, other: Ints) -> None:
    one += other


def _sum_halves(one: Ints, other: Ints) -> None:
    counts = one.view(np.uint32)
    counts += other.view(np.uint32)


def _least(one: Ints, other: Ints) -> None:
    one[:] = _extremes(np.fmin(_numbers(one), _numbers(other)))


def _greatest(one: Ints, other: Ints) -> None:
    one[:] = _extremes(np.fmax(_numbers(one), _numbers(other)))


def _numbers(words: Ints) -> npt.NDArray[np.float64]:
    """As `streams.core.kernel.buckets` has extremes; NaN where there is none."""
    return (words ^ NAN_BITS).view(np.float64)


def _extremes(numbers: npt.NDArray[np.float64]) -> Ints:
    return np.where(np.isnan(numbers), 0, numbers.view(np.int64) ^ NAN_BITS)


def _join(one: Ints, other: Ints) -> None:
    """In what either was in, since the earlier: of a segment. How many changes were told, is the first one's own."""
    is_in, other_is_in = one[1] & LEVEL, other[1] & LEVEL
    if other_is_in and (not is_in or other[0] < one[0]):
        one[0] = other[0]
    one[1] |= other_is_in


def _keep_level(one: Ints, other: Ints) -> None:
    """There is one level at a time: the first one's, if that has any. It is decided anew in any case."""
    if not one[1] & LEVEL and other[1] & LEVEL:
        one[0] = other[0]
        one[1] |= other[1] & LEVEL
    elif one[1] & LEVEL == other[1] & LEVEL:
        one[0] = min(one[0], other[0])


def _told_by_the_document(one: Ints, other: Ints) -> None:
    """What the row has of it follows from both documents, as `streams.core.profiles.merging` does."""


KINDS: Final[Mapping[Kind, Handling]] = {
    Kind.CLOCK: Handling(_copy, _stays, _newest),
    Kind.FIRST: Handling(_copy, _stays, _earliest),
    Kind.NEWEST: Handling(_copy, _stays, _newest),
    Kind.TALLY: Handling(_copy, _stays, _sum),
    Kind.IDS: Handling(_copy, _stays, _told_by_the_document),
    Kind.SEGMENT: Handling(_copy_levels, _stays, _join),
    Kind.TIER: Handling(_copy_levels, _stays, _keep_level),
    Kind.COUNTS: Handling(_copy_ring, _age_ring, _sum_halves),
    Kind.SUMS: Handling(_copy_ring, _age_ring, _sum),
    Kind.LEAST: Handling(_copy_ring, _age_ring, _least),
    Kind.GREATEST: Handling(_copy_ring, _age_ring, _greatest),
    Kind.VALUES: Handling(_copy_ring, _age_ring, _told_by_the_document),
    Kind.DOCUMENT: Handling(_copy, _stays, _told_by_the_document),
}


def handling(field: Field) -> Handling:
    """Of a field that today's rows have."""
    assert field.kind is not None, f"{field.name} is a field of stored rows"
    return KINDS[field.kind]
