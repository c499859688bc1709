"""Calendars by name: a fixed offset from UTC, or a time zone of the IANA database with its summer time.

Comes in: `-08:00`, `UTC` or `America/New_York`. Goes out: a `Calendar`, or a ValueError that says what is near. Zones
are those of the package tzdata, whatever the machine has: the same events make the same changes everywhere.
"""

import difflib
import re
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from streams.core.calendar import Calendar
from streams.core.instants import DAY_MS, HOUR_MS

if TYPE_CHECKING:
    from streams.core.arrays import Ints

DAYS: Final = (date(2100, 1, 1) - date(1970, 1, 1)).days
LIKE: Final = 0.75  # as near as a name has to be to be meant
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE_MS: Final = 60_000


def fixed_offset_ms(text: str) -> int | None:
    """`-08:00`, `UTC` or `Z` in ms; None if it is none."""
    match = re.fullmatch(r"([+-])(\d\d):(\d\d)", text)
    if text in ("UTC", "Z"):
        return 0
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:
        return None
    ms = int(match[2]) * HOUR_MS + int(match[3]) * _MINUTE_MS
    return -ms if match[1] == "-" else ms


def check_name(text: str) -> str:
    """The name itself, if there is a calendar of that name."""
    if fixed_offset_ms(text) is None and text not in zone_names():
        near = _near(text)
        raise ValueError(
            f"{text!r} is no time zone" + (f"; did you mean {near}?" if near else " such as America/New_York or -08:00")
        )
    return text


@lru_cache(maxsize=32)
def calendar(text: str) -> Calendar:
    """ValueError for a name that is none."""
    offset_ms = fixed_offset_ms(check_name(text))
    return Calendar.fixed(offset_ms) if offset_ms is not None else Calendar(text, 0, _beginnings(zone(text)))


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """All zones of the IANA database."""
    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split())


@cache
def zone(name: str) -> ZoneInfo:
    """A zone by its name, which must be one of `zone_names`."""
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def _near(text: str) -> str | None:
    """The zone that is meant: by its whole name, or by its city alone."""
    wanted, spellings = text.lower().replace(" ", "_"), dict[str, str]()
    for name in sorted(zone_names(), reverse=True):
        spellings[name.lower()] = spellings[name.rpartition("/")[2].lower()] = name
    near = difflib.get_close_matches(wanted, list(spellings), n=1, cutoff=LIKE)
    return spellings[near[0]] if near else None


def _beginnings(place: ZoneInfo) -> "Ints":
    """The first instant (ms) at which the clock there has come to each day from 1970 to 2100.

    A clock that is turned back over midnight does not bring the day before back; where one leaves a day out, that day
    begins with the next.
    """
    import numpy as np  # noqa: PLC0415 - settings are read by commands that need no numpy

    days: list[Ints] = []
    done = 0
    for (since_ms, offset_ms), (until_ms, _) in pairwise([*_offsets(place), (2 * DAYS * DAY_MS, 0)]):
        reached = max(done, min((until_ms - 1 + offset_ms) // DAY_MS, DAYS) + 1)
        days.append(np.maximum(np.arange(done, reached, dtype=np.int64) * DAY_MS - offset_ms, since_ms))
        done = reached
    return np.concatenate(days)


def _offsets(place: ZoneInfo) -> list[tuple[int, int]]:
    """The offsets from UTC (ms), each with the instant (ms) from which on it holds."""
    at_s = -2 * 86_400
    found, offset_s = [(at_s * 1000, _offset_s(place, at_s) * 1000)], _offset_s(place, at_s)
    for next_s in range(at_s + 86_400, (DAYS + 2) * 86_400, 86_400):
        if (now_s := _offset_s(place, next_s)) != offset_s:
            low, high = next_s - 86_400, next_s
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset_s(place, middle) == offset_s else (low, middle)
            found.append((high * 1000, now_s * 1000))
            offset_s = now_s
    return found


def _offset_s(place: ZoneInfo, at_s: int) -> int:
    offset = (_EPOCH + timedelta(seconds=at_s)).astimezone(place).utcoffset()
    return 0 if offset is None else offset.days * 86_400 + offset.seconds
