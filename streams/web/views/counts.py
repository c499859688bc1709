"""How large segments are and were: sizes, and the flows that were counted with each change.

Comes in: segments. Goes out: `Counts` of each. It costs a round trip a shard.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from streams.core import flows
from streams.core.calendar import Calendar
from streams.state.store import Count
from streams.web.views.times import Instant, told
from streams.web.views.window import Window

DAYS: Final = 30
HOURS: Final = 72


class Point(msgspec.Struct, frozen=True, gc=False):
    """A day, or an hour: how many were in the segment at its end, and how many entered and left in it."""

    begins: Instant
    size: int
    entries: int
    exits: int


class Counts(NamedTuple):
    """entries, exits: of today. days: the last 30, the oldest first."""

    size: int
    entries: int
    exits: int
    days: tuple[Point, ...]


async def counts_of(window: Window, segments: Sequence[str], calendar: Calendar, now_ms: int) -> dict[str, Counts]:
    periods = flows.last_days(calendar, now_ms, DAYS)
    found, known = await _counted(window, segments, periods)
    return {name: _counts(found[name], periods[-1], known) for name in segments}


async def counts_and_hours_of(
    window: Window, segments: Sequence[str], asked: str, calendar: Calendar, now_ms: int
) -> tuple[dict[str, Counts], tuple[Point, ...]]:
    """The same, and the last three days of one of them, hour by hour; none where it is not among them."""
    days, hours = flows.last_days(calendar, now_ms, DAYS), flows.last_hours(now_ms, HOURS)
    found, known = await _counted(window, segments, [*days, *hours])
    counts = {name: _counts(found[name], days[-1], [each for each in known if each in days]) for name in segments}
    return counts, _points(found[asked], [each for each in known if each in hours]) if asked in segments else ()


async def _counted(
    window: Window, segments: Sequence[str], periods: Sequence[flows.Period]
) -> tuple[dict[str, Count], list[flows.Period]]:
    """With the periods of which all was counted, or the part since."""
    since_ms = await window.store.shards.counted_since()
    found = await window.store.shards.counts(segments, [period.name for period in periods])
    return found, [period for period in periods if since_ms is not None and period.ends_ms > since_ms]


def _counts(count: Count, today: flows.Period, known: Sequence[flows.Period]) -> Counts:
    now = count.flows.get(today.name, flows.NONE)
    return Counts(count.size, now.entries, now.exits, _points(count, known))


def _points(count: Count, periods: Sequence[flows.Period]) -> tuple[Point, ...]:
    points = flows.series(count.size, count.flows, periods)
    return tuple(Point(_begins(each.begins_ms), each.size, each.entries, each.exits) for each in points)


@lru_cache(maxsize=256)
def _begins(ms: int) -> Instant:
    """Of all segments the periods are the same."""
    return told(ms)
