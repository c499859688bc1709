"""Calendars, held against what the standard library makes of the same zones."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.calendars import DAYS, calendar, zone, zone_names
from streams.core.instants import DAY_MS
from streams.core.kernel.layout import COUNTS
from streams.core.kernel.windows import bucket_at, bucket_begins
from tests.core.kernel.ring import Ring

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ODD = (
    "Africa/Casablanca America/Havana America/Sao_Paulo America/St_Johns Asia/Kathmandu Australia/Lord_Howe "
    "Europe/London Pacific/Apia Pacific/Kwajalein"
).split()

zones = st.one_of(st.sampled_from(ODD), st.sampled_from(sorted(zone_names())))
days = st.integers(1, DAYS - 1)


def midnight(name: str, day: int) -> int:
    """The first instant of a date, as the standard library has it."""
    local = datetime.fromordinal(EPOCH.toordinal() + day).replace(tzinfo=zone(name))
    return (local.astimezone(UTC) - EPOCH) // timedelta(milliseconds=1)


@given(zones, days)
def test_a_day_begins_when_the_clock_there_comes_to_it(name: str, day: int) -> None:
    assert calendar(name).begins(day) == midnight(name, day)


@given(zones, days, st.integers(0, DAY_MS))
def test_an_instant_is_of_the_last_day_that_has_begun(name: str, day: int, later_ms: int) -> None:
    ms, found = midnight(name, day) + later_ms, calendar(name).day(midnight(name, day) + later_ms)
    assert calendar(name).begins(found) <= ms < calendar(name).begins(found + 1)


@given(zones, st.integers(-DAYS, 2 * DAYS), st.integers(0, DAY_MS - 1))
def test_the_kernel_and_the_calendar_have_the_same_days(name: str, day: int, within_ms: int) -> None:
    ring, days_there, ms = Ring(COUNTS, [(7, 0)], calendar=calendar(name)), calendar(name), day * DAY_MS + within_ms
    found = bucket_at(ring.p, ring.address, ms)
    assert found == days_there.day(ms) == days_there.day(np.array([ms]))[0]
    assert bucket_begins(ring.p, ring.address, found) == days_there.begins(int(found)) <= ms


def test_a_day_that_was_left_out_begins_with_the_next() -> None:
    lost = (datetime(2011, 12, 30, tzinfo=UTC) - EPOCH).days
    assert calendar("Pacific/Apia").begins(lost) == calendar("Pacific/Apia").begins(lost + 1)


@pytest.mark.parametrize(
    ("said", "near"),
    [
        ("America/NewYork", "; did you mean America/New_York?"),
        ("new york", "; did you mean America/New_York?"),
        ("europe/berlin", "; did you mean Europe/Berlin?"),
        ("+25:00", " such as America/New_York or -08:00"),
    ],
)
def test_a_name_that_is_none_is_told_with_what_is_near(said: str, near: str) -> None:
    with pytest.raises(ValueError, match="is no time zone") as error:
        calendar(said)
    assert str(error.value) == f"{said!r} is no time zone{near}"


@given(st.sampled_from(ODD), days)
def test_a_date_without_a_time_is_its_days_beginning(name: str, day: int) -> None:
    date = (EPOCH + timedelta(days=day)).date().isoformat()
    assert calendar(name).instant(date) == midnight(name, day)
    assert calendar(name).instant(f"{date}T00:00:00") == day * DAY_MS
