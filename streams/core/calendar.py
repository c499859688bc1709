"""The calendar: when each day begins where people live, by a fixed offset from UTC or by the clock of a time zone.

Comes in: instants (ms), day numbers (0 is 1970-01-01), values that are read as times. Goes out: the number of a day,
the instant of its beginning. The beginnings of a zone's days are worked out elsewhere (`streams.calendars`): here
nothing knows of zones.
"""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, TypeVar

from streams.core.instants import DAY_MS, is_instant, parse_time

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EPOCH: Final = date(1970, 1, 1).toordinal()
LONGEST_DATE: Final = len("2026-12-01")

Instants = TypeVar("Instants", int, "NDArray[np.int64]")


@dataclass(frozen=True, eq=False)
class Calendar:
    """name: as the state has it: `-08:00`, `America/New_York`.

    beginnings: of a zone, the instant (ms) at which each day from 0 on has begun, never less than the one before; on
    either side of them days have 24 hours. None for a fixed offset.
    """

    name: str
    offset_ms: int = 0
    beginnings: "NDArray[np.int64] | None" = None

    @classmethod
    def fixed(cls, offset_ms: int) -> "Calendar":
        """
        >>> Calendar.fixed(-28_800_000).name, Calendar.fixed(0).name
        ('-08:00', '+00:00')
        """
        return cls(signed(offset_ms), offset_ms)

    def day(self, ms: Instants) -> Instants:
        """The day of an instant, or of many: the last one that has begun by then."""
        if self.beginnings is None:
            return (ms + self.offset_ms) // DAY_MS
        first, last = int(self.beginnings[0]), int(self.beginnings[-1])
        if not isinstance(ms, int):
            within = self.beginnings.searchsorted(ms, side="right") - 1
            within[ms < first] = (ms[ms < first] - first) // DAY_MS
            within[ms > last] = len(self.beginnings) - 1 + (ms[ms > last] - last) // DAY_MS
            return within
        if first <= ms <= last:
            return int(self.beginnings.searchsorted(ms, side="right")) - 1
        return (ms - first) // DAY_MS if ms < first else len(self.beginnings) - 1 + (ms - last) // DAY_MS

    def begins(self, day: int) -> int:
        """The instant (ms) at which a day begins; one that a zone left out begins with the next."""
        if self.beginnings is None:
            return day * DAY_MS - self.offset_ms
        nearest = min(max(day, 0), len(self.beginnings) - 1)
        return int(self.beginnings[nearest]) + (day - nearest) * DAY_MS

    def instant(self, value: object) -> int | None:
        """As `parse_time`, but a date without a time is that day's beginning here.

        >>> Calendar.fixed(-28_800_000).instant("1970-01-01"), Calendar.fixed(-28_800_000).instant("1970-01-01T00:00")
        (28800000, 0)
        """
        if isinstance(value, str) and len(value) <= LONGEST_DATE:
            try:
                ms = self.begins(date.fromisoformat(value).toordinal() - EPOCH)
            except ValueError:
                return parse_time(value)
            return ms if is_instant(ms) else None
        return parse_time(value)


def signed(offset_ms: int) -> str:
    """An offset from UTC as people write it."""
    hours, minutes = divmod(abs(offset_ms) // 60_000, 60)
    return f"{'-' if offset_ms < 0 else '+'}{hours:02}:{minutes:02}"


UTC: Final = Calendar.fixed(0)
