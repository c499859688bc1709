"""Many times at once: whatever the fields hold, as each alone."""

from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.instants import format_time, parse_time
from streams.sources.times import parse_times

FIRST = -62_135_596_800_000  # 0001-01-01T00:00:00.000Z
LAST = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z

usual = st.integers(FIRST, LAST).map(format_time)
# As long as the usual form, and with something out of place now and then.
almost = st.builds(
    lambda text, place, other: text[:place] + other + text[place + 1 :],
    usual,
    st.integers(0, 23),
    st.sampled_from((*"0123456789-:.TZ \n", "", "é", "٣", "\ud800")),
)
anything = st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=5), almost, usual)


@given(st.one_of(st.lists(usual), st.lists(usual | almost, max_size=3), st.lists(anything)))
@example(["0000-01-01T00:00:00.000Z"])
@example(["0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"])
@example(["2026-02-29T00:00:00.000Z"])
@example(["2020-01-01T00:00:00.000Z", "2020-01-01T24:00:00.000Z", "2020-01-01T00:00:60.000Z"])
@example(["2020-01-01T00:00:00.000", "Z2020-01-01T00:00:00.000Z"])
@example(["2020-01-01T00:00:00.000Z\n2020-01-01T00:00:00.000Z", ""])
@example(["2020-01-01T00:00:00.000Z\n"])
def test_many_times_are_read_as_each_alone(values: list[object]) -> None:
    assert parse_times(values) == [parse_time(value) for value in values]
