"""Times and durations as people and machines write them, and as we keep them: int milliseconds since 1970 UTC.

Comes in: whatever a record, a setting or an option holds. Goes out: milliseconds, or None where it is no time.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from math import floor
from typing import Final

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST_MS: Final = -62_135_596_800_000  # year 1, as far back as a datetime reaches
LATEST_MS: Final = 253_402_300_799_999  # the last millisecond of year 9999
MILLISECONDS_FROM: Final = 1e11  # a smaller epoch number counts seconds

_UNITS_MS: Final = {"s": 1_000, "m": 60_000, "h": HOUR_MS, "d": DAY_MS}
_DURATION: Final = re.compile(r"([0-9]{1,9})([smhd])")


def parse_time(value: object) -> int | None:
    """The instant in ms: ISO 8601 with or without zone (none = UTC), or epoch in seconds, in ms from 1e11 up.

    >>> parse_time("2020-01-01"), parse_time(1577836800), parse_time(1577836800000)
    (1577836800000, 1577836800000, 1577836800000)
    >>> parse_time("1969-12-31T23:59:59.9999Z"), parse_time("yesterday")
    (-1, None)
    """
    if isinstance(value, str):
        return _parse_text(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= LATEST_MS:
        return _parse_epoch(value)
    return None


def _parse_text(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    ms = (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000
    return ms if is_instant(ms) else None


def _parse_epoch(number: float) -> int | None:
    # Seconds by way of the decimal that was written: in binary 1.001 * 1000 can fall short of its millisecond.
    ms = floor(number if number >= MILLISECONDS_FROM else Decimal(repr(number)) * 1_000)
    return ms if is_instant(ms) else None


def is_instant(ms: int) -> bool:
    """Whether it lies in the years 1 to 9999 (UTC), which is all that can be written."""
    return EARLIEST_MS <= ms <= LATEST_MS


@lru_cache(maxsize=10_000)
def format_time(ms: int) -> str:
    """The instant as all our output bears it. Each is written several times, and many are of one wave of deadlines.

    >>> format_time(1577836800000)
    '2020-01-01T00:00:00.000Z'
    """
    day, ms = divmod(ms, _UNITS_MS["d"])
    minutes, ms = divmod(ms, 60_000)
    return f"{_date(day)}T{minutes // 60:02}:{minutes % 60:02}:{ms // 1_000:02}.{ms % 1_000:03}Z"


@lru_cache(maxsize=10_000)
def _date(day: int) -> str:
    """Most of what is written at one time is of few days."""
    return (_EPOCH + timedelta(days=day)).date().isoformat()


def parse_duration(text: str) -> int | None:
    """A whole number of seconds, minutes, hours or days, in ms.

    >>> parse_duration("90s"), parse_duration("1d"), parse_duration("soon")
    (90000, 86400000, None)
    """
    match = _DURATION.fullmatch(text)
    return int(match[1]) * _UNITS_MS[match[2]] if match else None
