"""Times and durations, as text and as numbers, to the millisecond."""

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from math import floor, inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.instants import format_time, is_instant, parse_duration, parse_time

NEW_YEAR = 1_577_836_800_000  # 2020-01-01T00:00:00.000Z
FIRST = -62_135_596_800_000  # 0001-01-01T00:00:00.000Z
LAST = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z


@pytest.mark.parametrize(
    "text",
    [
        "2020-01-01T00:00:00.000Z",
        "2020-01-01T00:00:00Z",
        "2020-01-01T00:00Z",
        "2020-01-01T00:00:00",
        "2020-01-01 00:00:00",
        "2020-01-01",
        "20200101T000000Z",
        "2020-01-01T00:00:00.000+00:00",
        "2020-01-01T01:00:00+01:00",
        "2020-01-01T05:30:00.000+0530",
        "2019-12-31T16:00:00-08:00",
        "2020-01-01T00:00:00,000Z",
    ],
)
def test_iso_8601_is_read_with_and_without_zone(text: str) -> None:
    assert parse_time(text) == NEW_YEAR


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2020-01-01T00:00:00.0009999Z", 0),
        ("2020-01-01T00:00:00.001Z", 1),
        ("2020-01-01T00:00:00.0019999Z", 1),
        ("2020-01-01T00:00:00.5Z", 500),
        ("2020-01-01T00:00:00.123456789Z", 123),
        ("2019-12-31T23:59:59.9999999Z", -1),
        ("20200101T000000.1234567Z", 123),  # as long as the usual form
        ("2020-01-01T00:00:00,123Z", 123),
    ],
)
def test_what_is_finer_than_a_millisecond_is_cut(text: str, ms: int) -> None:
    assert parse_time(text) == NEW_YEAR + ms


def test_before_1970_it_is_cut_towards_the_past() -> None:
    assert parse_time("1969-12-31T23:59:59.9995Z") == -1
    assert parse_time(-0.0005) == -1


@pytest.mark.parametrize(
    ("number", "ms"),
    [
        (0, 0),
        (1_577_836_800, NEW_YEAR),
        (1_577_836_800.0, NEW_YEAR),
        (1_577_836_800_000, NEW_YEAR),
        (1_577_836_800_000.9, NEW_YEAR),
        (99_999_999_999, 99_999_999_999_000),
        (100_000_000_000, 100_000_000_000),
        (99_999_999_999.999, 99_999_999_999_999),
        (1_577_836_800.123, NEW_YEAR + 123),
        (1.001, 1_001),
        (-1, -1_000),
    ],
)
def test_epoch_is_seconds_and_from_1e11_up_milliseconds(number: float, ms: int) -> None:
    assert parse_time(number) == ms


@given(st.integers(-62_135_596_800_000, 99_999_999_999_999))
def test_epoch_seconds_with_three_decimals_keep_every_millisecond(ms: int) -> None:
    assert parse_time(ms / 1000) == ms


@pytest.mark.parametrize(
    "value",
    [None, True, False, nan, inf, -inf, 10**400, -(10**400), LAST + 1, -62_135_596_801, 1e300, [], {}, b"2020-01-01"],
)
def test_other_kinds_and_numbers_beyond_the_calendar_are_no_times(value: object) -> None:
    assert parse_time(value) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "1577836800",
        "2020",
        "2020-01",
        "2020-13-01",
        "2020-02-30",
        "2020-01-01T25:00:00Z",
        "2020-01-01T00:00:00.000 ",
        "2020-01-01T00:00:00.00xZ",
        " 2020-01-01",
        "2020-01-01\ud800",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_other_texts_are_no_times(text: str) -> None:
    assert parse_time(text) is None


@given(
    st.datetimes(timezones=st.builds(lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-1439, 1439))),
    st.sampled_from(("milliseconds", "microseconds", "seconds", "auto")),
)
def test_every_datetime_is_read_as_datetime_reads_it(moment: datetime, precision: str) -> None:
    text = moment.isoformat(timespec=precision)
    exact = (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse_time(text) == (exact if FIRST <= exact <= LAST else None)


@given(st.integers(FIRST, LAST))
def test_what_is_written_is_read_back(ms: int) -> None:
    assert is_instant(ms)
    assert parse_time(format_time(ms)) == ms
    assert parse_time(format_time(ms)) == ms, "and so it is when its second is known"
    assert len(format_time(ms)) == 24


@given(st.floats(0, 1e11, exclude_max=True))
def test_epoch_seconds_are_cut_and_not_rounded(seconds: float) -> None:
    assert parse_time(seconds) == floor(Fraction(repr(seconds)) * 1000)


@pytest.mark.parametrize(
    ("text", "ms"), [("0s", 0), ("90s", 90_000), ("5m", 300_000), ("1h", 3_600_000), ("30d", 2_592_000_000)]
)
def test_durations_are_whole_seconds_minutes_hours_or_days(text: str, ms: int) -> None:
    assert parse_duration(text) == ms


@pytest.mark.parametrize(
    "text", ["", "1", "d", "1.5h", "-1d", "1 d", "1w", "1D", "1d\n", "1h30m", "١d", "1" * 10 + "d"]
)
def test_other_texts_are_no_durations(text: str) -> None:
    assert parse_duration(text) is None
