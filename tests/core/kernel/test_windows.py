"""Rings and their windows, against numpy: totals as of any instant are those of all events, counted anew."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.arrays import Ints
from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.kernel import windows
from streams.core.kernel.buckets import extreme_of, number_of
from streams.core.kernel.layout import COUNTS, FAR, GREATEST, LEAST, SUMS
from tests.core.kernel.ring import Ring

MILLION = 1_000_000
START_MS = 20_000 * DAY_MS
WINDOWS = [(1, 0), (3, 0), (2, 3), (1, 4)]  # length, units before
EVERY = range(len(WINDOWS))
OFFSETS_MS = [0, 9 * HOUR_MS, -HOUR_MS - 1]


class Counted(NamedTuple):
    """An event: its time, and the value that is counted."""

    ts: int
    value: float


class Unit(NamedTuple):
    """Days or hours, in some offset from UTC."""

    is_days: bool
    offset_ms: int

    @property
    def ms(self) -> int:
        return DAY_MS if self.is_days else HOUR_MS

    def bucket(self, ms: Ints | int) -> Ints:
        return np.asarray((ms + self.offset_ms if self.is_days else ms) // self.ms)

    def begins(self, bucket: int) -> int:
        return bucket * self.ms - (self.offset_ms if self.is_days else 0)


units = st.builds(Unit, st.booleans(), st.sampled_from(OFFSETS_MS))


@st.composite
def lives(draw: st.DrawFn, unit: Unit) -> list[tuple[int, list[Counted]]]:
    """Instants that move on, by up to eight buckets and a bit, each with the events that are counted at it: some late,
    some too late."""
    values = st.sampled_from([0.1, -0.1, 3.0, -2.5, 1e10, 1e-6])
    life: list[tuple[int, list[Counted]]] = []
    now = START_MS
    for _ in range(draw(st.integers(1, 6))):
        now += draw(st.sampled_from([0, 0, 1, 1, 2, 3, 8])) * unit.ms + draw(st.integers(0, unit.ms))
        ages = st.builds(lambda buckets, ms: buckets * unit.ms + ms, st.integers(0, 7), st.integers(0, unit.ms))
        life.append((now, draw(st.lists(st.builds(lambda age, value, at=now: Counted(at - age, value), ages, values)))))
    return life


def held(unit: Unit, counted: Sequence[Counted], window: int, now: int) -> list[Counted]:
    """The events in a window, by numpy."""
    span, before = WINDOWS[window]
    buckets, newest = unit.bucket(np.array([each.ts for each in counted], np.int64)), unit.bucket(now) - before
    return [counted[i] for i in np.flatnonzero((newest - span < buckets) & (buckets <= newest)).tolist()]


def micro(values: Sequence[float]) -> int:
    return int(np.sum([round(value * MILLION) for value in values], dtype=np.int64)) if values else 0


def total_of(ring: Ring, statistic: int, window: int) -> float | None:
    """A window's running total: a count, or millionths, or the extreme number."""
    word = ring.totals[window]
    total, rest = ring.w[0, word : word + 2].tolist()
    if statistic == COUNTS:
        return int(total)
    if statistic == SUMS:
        return int(total) * MILLION + int(rest)
    return float(number_of(total)) if total else None


class Kind(NamedTuple):
    statistic: int
    counts_buckets: bool
    by_numpy: Callable[[Unit, list[Counted]], float | None]


KINDS = {
    "count": Kind(COUNTS, False, lambda unit, events: len(events)),
    "active days": Kind(COUNTS, True, lambda unit, events: len(np.unique([unit.bucket(each.ts) for each in events]))),
    "sum": Kind(SUMS, False, lambda unit, events: micro([each.value for each in events])),
    "least": Kind(LEAST, False, lambda unit, events: min((each.value for each in events), default=None)),
    "greatest": Kind(GREATEST, False, lambda unit, events: max((each.value for each in events), default=None)),
}


@pytest.mark.parametrize("name", KINDS)
@given(units, st.data())
def test_totals_are_those_of_all_events_in_the_window(name: str, unit: Unit, data: st.DataObject) -> None:
    statistic, counts_buckets, by_numpy = KINDS[name]
    ring = Ring(statistic, WINDOWS, is_days=unit.is_days, utc_offset_ms=unit.offset_ms, counts_buckets=counts_buckets)
    counted: list[Counted] = []
    clock = START_MS
    for now, events in data.draw(lives(unit), "life"):
        windows.roll(ring.p, ring.w, 0, clock, now)
        clock = now
        for event in events:
            windows.add(*ring.state, event.ts, now, event.value)
            # Of an event that is too late for the ring nothing is known, whatever window it would be in later.
            counted += [event] if unit.bucket(event.ts) > unit.bucket(now) - ring.length else []
        expected = [by_numpy(unit, held(unit, counted, window, now)) for window in EVERY]
        assert [total_of(ring, statistic, window) for window in EVERY] == expected
        running = ring.w.copy()
        windows.total_anew(ring.p, ring.w, 0, now)
        assert ring.w.tolist() == running.tolist()


@given(units, st.data())
def test_a_window_next_changes_when_a_bucket_that_is_not_empty_enters_or_leaves_it(
    unit: Unit, data: st.DataObject
) -> None:
    ring = Ring(COUNTS, WINDOWS, is_days=unit.is_days, utc_offset_ms=unit.offset_ms)
    counted: list[Counted] = []
    clock = START_MS
    for now, events in data.draw(lives(unit), "life"):
        windows.roll(ring.p, ring.w, 0, clock, now)
        clock = now
        for event in events:
            windows.add(*ring.state, event.ts, now, 0.0)
        counted += [event for event in events if unit.bucket(event.ts) > unit.bucket(now) - ring.length]
        until = now + data.draw(st.sampled_from([0, 1, 4, 20])) * unit.ms
        for window in EVERY:
            begins = [unit.begins(int(unit.bucket(now)) + ahead) for ahead in range(1, 20)]
            moves = [at for at in begins if held(unit, counted, window, at) != held(unit, counted, window, at - 1)]
            expected = min((at for at in moves if at <= until), default=None)
            found = int(windows.next_move(*ring.state, ring.windows[window], now, until))
            # Whatever is not before `until` need not be found, and may be.
            assert found == expected if expected is not None else found > until


@pytest.mark.parametrize("ms", [-1, 0, 1])
def test_a_day_begins_at_midnight_of_the_configured_offset_and_an_hour_everywhere_at_once(ms: int) -> None:
    days, hours = (Ring(COUNTS, WINDOWS, is_days=is_days, utc_offset_ms=9 * HOUR_MS) for is_days in (True, False))
    midnight = START_MS - 9 * HOUR_MS
    assert windows.bucket_at(days.p, days.address, midnight + ms) == 20_000 + (-1 if ms < 0 else 0)
    assert windows.bucket_begins(days.p, days.address, 20_000) == midnight
    assert windows.bucket_at(hours.p, hours.address, START_MS + ms) == 24 * 20_000 + (-1 if ms < 0 else 0)
    assert windows.bucket_begins(hours.p, hours.address, 24 * 20_000) == START_MS


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), max_size=12))
def test_a_value_is_counted_once_where_it_was_seen_last(seen: list[tuple[int, int]]) -> None:
    """Seen: on which day, which of three values; in any order, as of the last of those days."""
    ring = Ring(COUNTS, WINDOWS)
    now = START_MS + 6 * DAY_MS
    newest: dict[int, int] = {}
    for day, value in seen:
        ts = START_MS + day * DAY_MS
        source = newest.get(value, -FAR)
        windows.recount(*ring.state, ts, now, source)
        newest[value] = max(source, 20_000 + day)
    counted = [Counted(START_MS + (bucket - 20_000) * DAY_MS, 0.0) for bucket in newest.values()]
    expected = [len(held(Unit(True, 0), counted, window, now)) for window in EVERY]
    assert [total_of(ring, COUNTS, window) for window in EVERY] == expected


@pytest.mark.parametrize("statistic", [LEAST, GREATEST])
def test_where_an_extreme_leaves_the_next_one_stands(statistic: int) -> None:
    ring, found = Ring(statistic, [(3, 0)]), []
    sign = 1.0 if statistic == GREATEST else -1.0
    for day, number in enumerate([9.0, 5.0, 7.0, None, None, None]):
        now = START_MS + day * DAY_MS
        windows.roll(ring.p, ring.w, 0, now - DAY_MS, now)
        if number is not None:
            windows.add(*ring.state, now, now, sign * number)
        found.append(total_of(ring, statistic, 0))
    assert found == [sign * 9.0, sign * 9.0, sign * 9.0, sign * 7.0, sign * 7.0, None]


def test_a_sum_may_end_below_nothing_and_keeps_its_millionths() -> None:
    ring = Ring(SUMS, [(2, 0)])
    for value in (0.1, 0.2, -0.300001):
        windows.add(*ring.state, START_MS, START_MS, value)
    assert total_of(ring, SUMS, 0) == -1


def test_a_place_is_found_around_the_end_of_a_ring() -> None:
    assert [windows.next_place(at, 3) for at in range(3)] == [1, 2, 0]
    assert [windows.place_ago(1, ago, 3) for ago in range(4)] == [1, 0, 2, 1]


def test_extremes_are_words_of_the_row() -> None:
    ring = Ring(LEAST, [(1, 0)])
    windows.add(*ring.state, START_MS, START_MS, -0.5)
    assert ring.w[0, ring.totals[0]] == extreme_of(-0.5)
