"""Sizes by hour and by day, from the size of now and what was counted."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from streams.calendars import calendar
from streams.core.calendar import UTC, Calendar
from streams.core.changes import Change
from streams.core.flows import HOURS_KEPT, Flow, Flows, is_kept, last_days, last_hours, newest_of, series
from streams.core.instants import DAY_MS, HOUR_MS
from streams.testing import instant
from tests.state.changes import changed, entered, exited

NOW = instant("2026-03-30 12:34")
NEW_YORK = calendar("America/New_York")


def counted(*changes: Change, days: Calendar = UTC) -> dict[str, dict[str, Flow]]:
    flows = Flows(days)
    for change in changes:
        flows.count(change)
    found: dict[str, dict[str, Flow]] = {}
    for segment, (period, *flow) in flows.take():
        found.setdefault(segment, {})[period] = Flow(*flow)
    assert flows.take() == []
    return found


def test_a_change_counts_in_its_hour_and_in_its_day() -> None:
    found = counted(entered("ann", "vip", NOW), entered("bob", "vip", NOW + 1), exited("ann", "vip", NOW + HOUR_MS))
    hour, day = NOW // HOUR_MS, NOW // DAY_MS
    assert found == {"vip": {f"h{hour}": Flow(2, 0), f"h{hour + 1}": Flow(0, 1), f"d{day}": Flow(2, 1)}}


def test_who_changes_level_leaves_one_and_enters_the_other() -> None:
    found = counted(changed("ann", None, "life/new", NOW), changed("ann", "life/new", "life/power", NOW))
    assert {segment: flows[f"h{NOW // HOUR_MS}"] for segment, flows in found.items()} == {
        "life/new": Flow(1, 1),
        "life/power": Flow(1, 0),
    }


def test_a_move_from_level_to_level_counts_once_in_its_day() -> None:
    moves = Flows(UTC, by_hour=False)
    for change in (
        changed("ann", None, "life/new", NOW),
        changed("ann", "life/new", "life/power", NOW),
        changed("bob", "life/new", "life/power", NOW + 1),
        exited("ann", "vip", NOW),
    ):
        moves.count_move(change)
    assert moves.take() == [("life/new>life/power", (f"d{NOW // DAY_MS}", 2, 0))]


def test_days_are_those_of_the_calendar_and_have_its_length() -> None:
    late = instant("2026-03-08 04:59")  # the evening before, in New York; then the clock is put forward
    found = counted(entered("ann", "vip", late), days=NEW_YORK)["vip"]
    day = NEW_YORK.day(late)
    assert f"d{day}" in found
    assert day == late // DAY_MS - 1
    before, after = last_days(NEW_YORK, late + HOUR_MS, 2)
    assert (before.ends_ms - before.begins_ms, after.begins_ms) == (24 * HOUR_MS, before.ends_ms)
    assert after.ends_ms - after.begins_ms == 23 * HOUR_MS


Story = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60 * HOUR_MS)), max_size=40)


@given(Story, st.sampled_from([UTC, NEW_YORK]))
def test_the_size_at_the_end_of_each_period_is_how_many_were_in_then(
    flips: list[tuple[int, int]], days: Calendar
) -> None:
    changes: list[Change] = []
    inside: set[int] = set()
    for user, after in sorted(flips, key=lambda each: each[1]):
        flip = exited if user in inside else entered
        changes.append(flip(f"u-{user}", "vip", NOW - 60 * HOUR_MS + after))
        inside ^= {user}
    flows = counted(*changes, days=days).get("vip", {})
    for periods in (last_hours(NOW, 70), last_days(days, NOW, 5)):
        points = series(len(inside), flows, periods)
        assert [point.size for point in points] == [_size(changes, period.ends_ms) for period in periods]
        assert sum(point.entries for point in points) == sum(change.entered for change in changes)


def _size(changes: list[Change], ends_ms: int) -> int:
    return sum(1 if change.entered else -1 for change in changes if change.occurred_at < ends_ms)


def test_what_is_kept_is_the_newest_of_each_unit() -> None:
    names = [f"h{hour}" for hour in range(1_000)] + ["d3", "d900"]
    newest: Mapping[str, int] = newest_of(names)
    kept = [name for name in names if is_kept(name, newest)]
    assert len(kept) == HOURS_KEPT + 1
    assert (kept[0], kept[-1]) == (f"h{1_000 - HOURS_KEPT}", "d900")


def test_of_years_that_are_worked_off_at_once_only_what_is_kept_is_told() -> None:
    days = 3 * 365
    found = counted(*(entered("ann", "vip", NOW + day * DAY_MS) for day in range(days)))["vip"]
    hours = [name for name in found if name.startswith("h")]
    assert (len(hours), len(found) - len(hours)) == (14 + 1, 401)
    assert f"d{NOW // DAY_MS + days - 1}" in found
