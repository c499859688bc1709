"""Coverage: since when what the rules count has been kept, and from when on all of a window has been.

Comes in: the fields of the row under the rules before and under today's. Goes out: instants. What was not kept before
starts empty (docs/semantics.md#other-rules-than-before), and a window says too little until it is covered.
"""

from collections.abc import Iterable, Mapping

from streams.core.calendar import Calendar
from streams.core.compiler.fields import Field, bucket_of
from streams.core.instants import HOUR_MS
from streams.core.kernel.layout import NEVER
from streams.core.rules.nodes import Window


def kept_from(begun_ms: int, fields: Iterable[Field]) -> dict[str, int]:
    """Of a shard that has seen no event from before `begun_ms` (`NEVER`: it has seen them all)."""
    return {} if begun_ms == NEVER else {field.name: begun_ms for field in fields}


def kept_since(
    today: Iterable[Field], then: Iterable[Field], earlier: Mapping[str, int], newest_ms: int, calendar: Calendar
) -> dict[str, int]:
    """The instant, by field, from which on every event is in it; without those which have had every event there was.

    earlier: the same for the fields of `then`. newest_ms: no event that the rules before saw was later.
    """
    if newest_ms == NEVER:
        begun_ms = max(earlier.values(), default=NEVER)
        return kept_from(begun_ms, today)
    known = {field.name: field for field in then}
    found: dict[str, int] = {}
    for field in today:
        before = known.get(field.name)
        since_ms = earlier.get(field.name, NEVER)
        if before is None:
            since_ms = newest_ms + 1
        elif before.length < field.length:
            since_ms = max(since_ms, _start_of_oldest(before, newest_ms, calendar))
        if since_ms != NEVER:
            found[field.name] = since_ms
    return found


def covered_from(window: Window, since_ms: int, calendar: Calendar) -> int:
    """The first instant at which no bucket of a window began before `since_ms`.

    >>> from streams.core.calendar import UTC
    >>> from streams.core.instants import DAY_MS
    >>> from streams.core.rules.nodes import EventSet
    >>> covered_from(Window("count", EventSet(None), "day", length=7), since_ms=DAY_MS + 1, calendar=UTC) // DAY_MS
    8
    """
    is_days = window.unit == "day"
    first_whole = bucket_of(since_ms - 1, is_days, calendar) + 1
    return _begins(first_whole + window.length + window.before - 1, is_days, calendar)


def _start_of_oldest(ring: Field, clock_ms: int, calendar: Calendar) -> int:
    """When the oldest bucket of a ring began, for a profile with this clock."""
    return _begins(ring.oldest_bucket(clock_ms, calendar), ring.is_days, calendar)


def _begins(bucket: int, is_days: bool, calendar: Calendar) -> int:
    return calendar.begins(bucket) if is_days else bucket * HOUR_MS
