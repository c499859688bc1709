"""Each kind of field knows how to carry over, to age and to merge."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.arrays import Ints
from streams.core.calendar import UTC
from streams.core.compiler.fields import Field, Kind
from streams.core.instants import DAY_MS
from streams.core.kernel.buckets import NAN_BITS
from streams.core.kernel.layout import LEVEL_BITS, NEVER
from streams.core.profiles.kinds import KINDS, handling

WORDS = {Kind.COUNTS: 4, Kind.VALUES: 4, Kind.SUMS: 14, Kind.LEAST: 7, Kind.GREATEST: 7}
IN = 1


def words(*of: int) -> Ints:
    return np.array(of, np.int64)


def extreme(number: float) -> int:
    return int(np.float64(number).view(np.int64)) ^ NAN_BITS


def state(ordinal: int, level: int) -> int:
    return ordinal << LEVEL_BITS | level


def test_nothing_is_handled_by_default() -> None:
    assert set(KINDS) == set(Kind)


def test_a_field_of_stored_rows_is_handled_as_the_one_of_today_that_it_becomes() -> None:
    with pytest.raises(AssertionError, match="stored rows"):
        handling(Field("clock", 0, 1))


@pytest.mark.parametrize(
    ("kind", "one", "other", "merged"),
    [
        (Kind.CLOCK, [3], [5], [5]),
        (Kind.FIRST, [3], [5], [3]),
        (Kind.FIRST, [NEVER], [5], [5]),
        (Kind.FIRST, [3], [NEVER], [3]),
        (Kind.NEWEST, [NEVER], [5], [5]),
        (Kind.TALLY, [3], [5], [8]),
        (Kind.COUNTS, [1 | 2 << 32, 0], [3 << 32, 4], [1 | 5 << 32, 4]),
        (Kind.SUMS, [1, 500_000], [2, 600_000], [3, 1_100_000]),
        (Kind.LEAST, [extreme(1.5), 0, 0], [extreme(-2), extreme(7), 0], [extreme(-2), extreme(7), 0]),
        (Kind.GREATEST, [extreme(1.5), 0, 0], [extreme(-2), extreme(7), 0], [extreme(1.5), extreme(7), 0]),
        (Kind.SEGMENT, [9, state(2, 0)], [4, state(5, IN)], [4, state(2, IN)]),
        (Kind.SEGMENT, [9, state(1, IN)], [4, state(5, IN)], [4, state(1, IN)]),
        (Kind.SEGMENT, [3, state(1, IN)], [4, state(5, IN)], [3, state(1, IN)]),
        (Kind.SEGMENT, [9, state(1, IN)], [4, state(6, 0)], [9, state(1, IN)]),
        (Kind.TIER, [9, state(3, 2)], [4, state(5, 1)], [9, state(3, 2)]),
        (Kind.TIER, [9, state(3, 2)], [4, state(5, 2)], [4, state(3, 2)]),
        (Kind.TIER, [0, 0], [4, state(5, 2)], [4, state(0, 2)]),
    ],
)
def test_what_two_rows_have_is_merged_as_if_one_had_had_it_all(
    kind: Kind, one: list[int], other: list[int], merged: list[int]
) -> None:
    first = words(*one)
    KINDS[kind].merge(first, words(*other))
    assert first.tolist() == merged


@given(st.sampled_from(sorted(WORDS, key=lambda kind: kind.name)), st.integers(0, 20), st.integers(0, 20))
def test_a_ring_forgets_the_buckets_that_time_has_passed(kind: Kind, then: int, days: int) -> None:
    ring = Field("days any", 1, WORDS[kind], 7, kind)
    row = np.full(1 + ring.words, -1, np.int64)
    handling(ring).age(row[None], ring, words(then * DAY_MS), words((then + days) * DAY_MS + 5), UTC)
    numbers = row[1:].view(np.uint32) if ring.words == 4 else row[1:]
    parts = 2 if kind is Kind.SUMS else 1
    emptied = {day % 7 for day in range(then + 1, then + days + 1)}
    assert row[0] == -1
    assert {place for place in range(7) if not numbers[place * parts : (place + 1) * parts].any()} == emptied


def test_a_ring_that_has_counted_nothing_yet_has_nothing_to_forget() -> None:
    ring = Field("days any", 0, 4, 7, Kind.COUNTS)
    row = np.zeros(4, np.int64)
    handling(ring).age(row[None], ring, words(NEVER), words(5 * DAY_MS), UTC)
    assert not row.any()
