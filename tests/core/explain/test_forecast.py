"""What is foretold is what then happens."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from streams.calendars import calendar
from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.refreshing import Refreshing
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.explain.forecast import clock, forecast
from streams.core.instants import DAY_MS
from streams.core.language.parser import parse_condition
from streams.core.rules.rulebook import Rulebook, Segment
from tests import strategies as made

offsets = st.sampled_from(made.TIMEZONES)
LATER_MS = made.END_MS + 30 * DAY_MS


def lived_through(rulebook: Rulebook, arrivals: Sequence[Event | int], timezone: str = "UTC") -> Shard:
    """A shard after events and instants, edges made anew as they go by."""
    shard = Shard(rulebook, calendar(timezone))
    refreshing = Refreshing(shard)
    for arrival in arrivals:
        if isinstance(arrival, int):
            list(refreshing.pass_time(arrival))
        else:
            list(refreshing.step(Batch.of([arrival])))
    return shard


def what_then_happens(shard: Shard, until_ms: int) -> list[Change]:
    changes = shard.tick(until_ms)
    while shard.due <= until_ms:
        changes += shard.tick(until_ms)
    return changes


@given(made.rulebooks(), made.arrivals(), offsets)
def test_the_forecast_is_what_then_happens(rulebook: Rulebook, arrivals: list[Event | int], timezone: str) -> None:
    shard = lived_through(rulebook, arrivals, timezone)
    assert foretold(shard) == by_user(shard, what_then_happens(shard, LATER_MS))


@given(made.rulebooks(most=2, quintiles=True), made.arrivals(), offsets)
def test_where_edges_stay_so_does_the_forecast(rulebook: Rulebook, arrivals: list[Event | int], timezone: str) -> None:
    shard = lived_through(rulebook, arrivals, timezone)
    assert foretold(shard) == by_user(shard, what_then_happens(shard, LATER_MS))


def foretold(shard: Shard) -> dict[str, list[Change]]:
    return {user: forecast(shard, user, LATER_MS) for user in shard.table.subjects}


def by_user(shard: Shard, changes: list[Change]) -> dict[str, list[Change]]:
    return {user: [change for change in changes if change.subject == user] for user in shard.table.subjects}


def test_who_is_asked_of_stays_as_they_are() -> None:
    shard = lived_through(QUIET, [seen("ann", 0), seen("bob", 1)])
    shard.take_dirty()
    head, due = shard.head(), shard.due
    assert len(forecast(shard, "ann", LATER_MS)) == 1
    assert (shard.dirty_count, shard.head(), shard.due, shard.memberships("ann")) == (0, head, due, {})


def test_what_comes_after_the_time_asked_for_is_left_out() -> None:
    shard = lived_through(QUIET, [seen("ann", 0)])
    flip_ms = made.START_MS + 7 * DAY_MS
    assert forecast(shard, "ann", flip_ms - 1) == []
    assert [change.occurred_at for change in forecast(shard, "ann", flip_ms)] == [flip_ms]


def test_a_profile_is_known_up_to_its_newest_event_or_change() -> None:
    shard = lived_through(QUIET, [seen("ann", 0), made.START_MS + 6 * DAY_MS])
    assert clock(shard, "ann") == made.START_MS
    shard.tick(made.START_MS + 8 * DAY_MS)
    assert clock(shard, "ann") == made.START_MS + 7 * DAY_MS


QUIET = Rulebook((Segment("quiet", parse_condition("idle_days >= 7")),))


def seen(user: str, day: int) -> Event:
    return Event(user, made.START_MS + day * DAY_MS, "Signed In", True, None, {}, {})
