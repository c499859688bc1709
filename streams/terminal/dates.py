"""Instants as people read them, in UTC and to the minute.

Comes in: milliseconds. Goes out: text.
"""

from datetime import UTC, datetime


def in_full(ms: int) -> str:
    """
    >>> in_full(1_772_323_200_000)
    'Sun 1 Mar 2026 00:00 UTC'
    """
    return f"{_date(ms)} {_moment(ms).year} {_time(ms)} UTC"


def when(ms: int, at_ms: int) -> str:
    """With the year where it is another than that of `at_ms`.

    >>> when(1_772_323_200_000, 1_772_323_200_000), when(1_735_690_000_000, 1_772_323_200_000)
    ('Sun 1 Mar 00:00', 'Wed 1 Jan 2025 00:06')
    """
    year = _moment(ms).year
    return f"{_date(ms)} {_time(ms)}" if year == _moment(at_ms).year else f"{_date(ms)} {year} {_time(ms)}"


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _date(ms: int) -> str:
    return f"{_moment(ms):%a} {_moment(ms).day} {_moment(ms):%b}"


def _time(ms: int) -> str:
    return f"{_moment(ms):%H:%M}"
