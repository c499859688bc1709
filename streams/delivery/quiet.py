"""Quiet hours: from one time of the day to another, by the clock of where a user lives."""

from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import NamedTuple

from streams.calendars import fixed_offset_ms, zone, zone_names


class Quiet(NamedTuple):
    """From the one minute of the day on, and up to the other: 21:00 to 08:00 is a night."""

    from_minute: int
    to_minute: int

    def ends(self, at_ms: int, place: tzinfo) -> int | None:
        """When the quiet hours end that an instant (ms) lies in; None if it lies in none.

        >>> night = Quiet(21 * 60, 8 * 60)
        >>> night.ends(22 * 3_600_000, timezone.utc), night.ends(12 * 3_600_000, timezone.utc)
        (115200000, None)
        """
        local = datetime.fromtimestamp(at_ms / 1000, place)
        minute = local.hour * 60 + local.minute
        is_over_midnight = self.to_minute <= self.from_minute
        if is_over_midnight:
            is_quiet = minute >= self.from_minute or minute < self.to_minute
        else:
            is_quiet = self.from_minute <= minute < self.to_minute
        if not is_quiet:
            return None
        day = local.date() + timedelta(days=int(is_over_midnight and minute >= self.from_minute))
        return max(_instant(day, self.to_minute, place), at_ms + 1)


def _instant(day: date, minute: int, place: tzinfo) -> int:
    return int(datetime.combine(day, time(minute // 60, minute % 60), place).timestamp() * 1000)


def place_of(said: object, otherwise: str) -> tzinfo:
    """Where a user lives by the trait `timezone`; by the setting, where that says nothing that is known."""
    name = said if isinstance(said, str) else otherwise
    offset_ms = fixed_offset_ms(name)
    if offset_ms is not None:
        return timezone(timedelta(milliseconds=offset_ms))
    if name in zone_names():
        return zone(name)
    return place_of(otherwise, "UTC")
