"""Flows: how many entered and left each segment, by the hour and by the day, from which its size at each is known; and
how many went from one level of a tier to another, by the day.

Comes in: changes, by the instant at which they are true. Goes out: counts of periods; and, with the size of now, the
size at the end of each period. The hours of 14 days are kept, and the days, as the calendar has them, of 400.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from streams.core.calendar import Calendar
from streams.core.changes import Change
from streams.core.instants import HOUR_MS

# One more of each: the newest is not over yet, and may be ahead of the clock of whoever reads.
HOURS_KEPT: Final = 14 * 24 + 1
DAYS_KEPT: Final = 400 + 1
HOURS: Final = "h"
DAYS: Final = "d"
KEPT: Final[Mapping[str, int]] = {HOURS: HOURS_KEPT, DAYS: DAYS_KEPT}


class Flow(NamedTuple):
    """How often a segment was entered and left in a period."""

    entries: int
    exits: int

    @classmethod
    def decode(cls, raw: bytes) -> "Flow":
        """
        >>> Flow.decode(b"12 7")
        Flow(entries=12, exits=7)
        """
        entries, exits = raw.split()
        return cls(int(entries), int(exits))


NONE: Final = Flow(0, 0)


class Period(NamedTuple):
    """name: `h495001`, the hour since 1970 began; `d20787`, the day of the calendar. begins_ms, ends_ms: instants."""

    name: str
    begins_ms: int
    ends_ms: int


class Point(NamedTuple):
    """size: of the segment at the end of the period; of one that is not over, now."""

    begins_ms: int
    ends_ms: int
    size: int
    entries: int
    exits: int


def move(before: str, after: str) -> str:
    """What going from one level to another is counted under.

    >>> move("lifecycle/power", "lifecycle/dormant")
    'lifecycle/power>lifecycle/dormant'
    """
    return f"{before}>{after}"


class Flows:
    """Counts changes until they are taken. by_hour: or by the day alone."""

    def __init__(self, calendar: Calendar, by_hour: bool = True):
        self._calendar = calendar
        self._by_hour = by_hour
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}
        self._hour, self._hour_name = -1, ""
        self._day = Period("", 0, 0)

    def count(self, change: Change) -> None:
        at_ms = change.occurred_at
        if change.previous is not None:
            self._add(change.previous, at_ms, is_entry=False)
        self._add(change.segment, at_ms, is_entry=change.entered)

    def count_move(self, change: Change) -> None:
        """Where it is from one level to another: under both, as an entry."""
        if change.previous is not None:
            self._add(move(change.previous, change.segment), change.occurred_at, is_entry=True)

    def _add(self, segment: str, at_ms: int, *, is_entry: bool) -> None:
        hour = at_ms // HOUR_MS
        if hour != self._hour:
            self._hour, self._hour_name = hour, f"{HOURS}{hour}"
        if not self._day.begins_ms <= at_ms < self._day.ends_ms:
            self._day = _day(self._calendar, self._calendar.day(at_ms))
        for name in (self._hour_name, self._day.name) if self._by_hour else (self._day.name,):
            entries, exits = self._counts.get((segment, name), (0, 0))
            self._counts[segment, name] = (entries + is_entry, exits + (not is_entry))

    def take(self) -> list[tuple[str, tuple[str, int, int]]]:
        """Segment, and period with entries and exits, of what was counted since the last call and is to be kept."""
        counts, self._counts = self._counts, {}
        newest = newest_of({name for _, name in counts})
        return [(segment, (name, *both)) for (segment, name), both in counts.items() if is_kept(name, newest)]


def is_kept(name: str, newest: Mapping[str, int]) -> bool:
    """Whether a period is among the newest of its unit, of which that with the greatest number is told.

    >>> is_kept("h336", {"h": 336 + 336}), is_kept("h335", {"h": 336 + 336})
    (True, False)
    """
    return int(name[1:]) > newest[name[0]] - KEPT[name[0]]


def newest_of(names: Collection[str]) -> dict[str, int]:
    """By unit, the greatest number."""
    newest = {HOURS: 0, DAYS: 0}
    for name in names:
        newest[name[0]] = max(newest[name[0]], int(name[1:]))
    return newest


def last_hours(now_ms: int, number: int) -> list[Period]:
    """The hour of now and those before it, the oldest first."""
    now = now_ms // HOUR_MS
    return [Period(f"{HOURS}{hour}", hour * HOUR_MS, (hour + 1) * HOUR_MS) for hour in range(now - number + 1, now + 1)]


def last_days(calendar: Calendar, now_ms: int, number: int) -> list[Period]:
    """The day of now and those before it, the oldest first."""
    today = calendar.day(now_ms)
    return [_day(calendar, day) for day in range(today - number + 1, today + 1)]


def _day(calendar: Calendar, day: int) -> Period:
    return Period(f"{DAYS}{day}", calendar.begins(day), calendar.begins(day + 1))


def series(size: int, flows: Mapping[str, Flow], periods: Sequence[Period]) -> list[Point]:
    """The sizes of a segment at the end of each period, from its size of now and what was counted since.

    periods: up to that of now without a gap, the oldest first; of more than are kept, the older are wrong.

    >>> [point.size for point in series(5, {"h1": Flow(3, 0), "h2": Flow(4, 2)}, last_hours(2 * 3_600_000, 3))]
    [0, 3, 5]
    """
    return list(_backward(size, flows, periods))[::-1]


def _backward(size: int, flows: Mapping[str, Flow], periods: Sequence[Period]) -> Iterator[Point]:
    for name, begins_ms, ends_ms in reversed(periods):
        entries, exits = flows.get(name, NONE)
        yield Point(begins_ms, ends_ms, size, entries, exits)
        size -= entries - exits
