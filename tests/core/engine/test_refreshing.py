"""Edges that are made anew as a stream goes by; and what edges that are told late do to a shard."""

from collections.abc import Iterable

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.refreshing import Refreshing
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.language.parser import parse_value
from streams.core.rules.rulebook import Edges, Rulebook, Scores
from streams.core.scores.quintiles import Quintiles

START = 20_000 * DAY_MS
RULES = Rulebook(
    (Scores("rfm", parse_value("idle_days"), parse_value("count(any)"), parse_value("mrr"), None, DAY_MS),)
)


def edges(at_ms: int, *recency: float) -> Edges:
    """Of recency in days before an instant, which are kept as of 1970."""
    first, second, third, fourth = (days - at_ms / DAY_MS for days in recency)
    return Edges((first, second, third, fourth), (2.0, 3.0, 4.0, 5.0), (1.0, 2.0, 3.0, 4.0))


EDGES = edges(START + DAY_MS, 1.0, 2.0, 3.0, 4.0)
OTHERS = edges(START + 5 * DAY_MS, 9.0, 9.0, 9.0, 9.0)


def event(hours: float, user: str = "ann") -> Event:
    return Event(user, START + int(hours * HOUR_MS), "Signed In", True, None, {}, {})


def brief(changes: Iterable[Change]) -> list[tuple[str, str, float]]:
    return [(change.subject, change.segment, (change.occurred_at - START) / HOUR_MS) for change in changes]


def test_until_the_first_refresh_nobody_has_a_name() -> None:
    stream = Refreshing(Shard(RULES))
    assert brief(stream.step(Batch.of([event(1), event(23, "bob")]))) == []
    assert brief(stream.pass_time(START + DAY_MS - 1)) == []


def test_a_refresh_comes_before_the_event_that_passes_it() -> None:
    stream = Refreshing(Shard(RULES))
    changes = brief(stream.step(Batch.of([event(1), event(23, "bob"), event(24)])))
    assert changes == [
        ("ann", "rfm/about_to_sleep", 24.0),
        ("bob", "rfm/new_customers", 24.0),
        ("ann", "rfm/new_customers", 24.0),
    ]


def test_time_alone_passes_refreshes_too() -> None:
    shard = Shard(RULES)
    stream = Refreshing(shard)
    list(stream.step(Batch.of([event(1)])))
    assert brief(stream.pass_time(START + 2 * DAY_MS))[0] == ("ann", "rfm/new_customers", 24.0)
    newest = shard.quintiles("rfm")
    assert newest is not None
    assert newest.at_ms == START + 2 * DAY_MS


def test_edges_that_come_late_hold_from_after_the_newest_event() -> None:
    shard = Shard(RULES)
    shard.step(Batch.of([event(1), event(30, "bob")]))
    shard.set_edges(Quintiles("rfm", 1, START + DAY_MS, EDGES))
    changes = shard.tick(START + 31 * HOUR_MS)
    just_after = 30 + 1 / HOUR_MS
    assert brief(changes) == [("ann", "rfm/new_customers", just_after), ("bob", "rfm/new_customers", just_after)]
    assert {change.cause for change in changes} == {"timer"}


def test_a_reason_says_what_held_by_the_edges_of_before() -> None:
    shard = Shard(RULES)
    shard.step(Batch.of([event(-96)]))
    shard.set_edges(Quintiles("rfm", 1, START + DAY_MS, EDGES))
    shard.tick(START + 4 * DAY_MS)
    shard.set_edges(Quintiles("rfm", 2, START + 5 * DAY_MS, OTHERS))
    (change,) = shard.tick(START + 5 * DAY_MS)
    assert (change.segment, change.previous) == ("rfm/new_customers", "rfm/hibernating")
    fresh = next(reason for reason in change.because if reason.condition == "rfm.r >= 5")
    assert (fresh.value, fresh.was, fresh.now) == (5.0, False, True)


def test_edges_survive_a_reload_and_are_not_told_twice() -> None:
    shard = Shard(RULES)
    shard.step(Batch.of([event(0)]))
    shard.set_edges(Quintiles("rfm", 1, START + DAY_MS, EDGES))
    told = shard.tick(START + DAY_MS)
    dirty = shard.take_dirty()
    again = Shard.restore(RULES, shard.head(), dirty.rows, dict(dirty.documents))
    assert len(told) == 1
    assert again.quintiles("rfm") == shard.quintiles("rfm")
    assert again.tick(START + DAY_MS) == []
    assert brief(again.tick(START + 3 * DAY_MS)) == brief(shard.tick(START + 3 * DAY_MS))


def test_edges_that_were_not_worked_off_before_a_reload_hold_from_the_same_instant_after_it() -> None:
    """A worker agrees on edges for an instant that has come already."""
    shard = Shard(RULES)
    shard.step(Batch.of([event(0), event(12, "bob")]))
    shard.tick(START + DAY_MS + HOUR_MS)
    shard.set_edges(Quintiles("rfm", 1, START + DAY_MS, EDGES))
    dirty = shard.take_dirty()
    again = Shard.restore(RULES, shard.head(), dirty.rows, dict(dirty.documents))
    told = brief(shard.tick(START + 2 * DAY_MS))
    assert [change for change in told if change[2] == 24.0] == [
        ("ann", "rfm/new_customers", 24.0),
        ("bob", "rfm/new_customers", 24.0),
    ]
    assert brief(again.tick(START + 2 * DAY_MS)) == told


def test_other_values_than_before_are_not_scored_by_the_edges_of_before() -> None:
    shard = Shard(RULES)
    shard.step(Batch.of([event(0)]))
    shard.set_edges(Quintiles("rfm", 1, START + DAY_MS, EDGES))
    shard.tick(START + DAY_MS)
    dirty = shard.take_dirty()
    tenure = parse_value("tenure_days")
    other = Rulebook((Scores("rfm", tenure, tenure, tenure, None, DAY_MS, version="2"),))
    again = Shard.restore(other, shard.head(), dirty.rows, dict(dirty.documents))
    assert again.migrate() == []
    assert again.quintiles("rfm") is None
    assert list(again.memberships("ann")) == ["rfm/new_customers"]


def test_time_alone_renames_nobody_between_two_refreshes() -> None:
    """Recency grows for all alike, and its edges with it."""
    shard = Shard(RULES)
    shard.step(Batch.of([event(hours, f"u-{hours}") for hours in range(-200, 0)]))
    shard.set_edges(Quintiles("rfm", 1, START, edges(START, 1.0, 2.0, 3.0, 4.0)))
    assert len(shard.tick(START)) == 200
    assert shard.tick(START + 400 * DAY_MS) == []


def test_customers_at_rest_stay_what_they_are_and_equal_ones_stay_equal() -> None:
    """Orders that bear a date and no time tie on every edge; at each refresh a whole day of them moved up and back."""
    stream = Refreshing(Shard(RULES))
    orders = [event(24 * (user % 50), f"u-{user}") for user in range(200)]
    began = START + 50 * DAY_MS
    named = [*stream.step(Batch.of(sorted(orders, key=lambda order: order.ts))), *stream.pass_time(began)]
    names = {change.subject: change.segment for change in named}
    assert all(names[f"u-{user}"] == names[f"u-{user + 50}"] for user in range(150))
    assert list(stream.pass_time(began + 100 * DAY_MS)) == []


def test_who_comes_back_is_fresher_than_all_who_have_not() -> None:
    stream = Refreshing(Shard(RULES))
    list(stream.step(Batch.of([event(hours, f"u-{hours}") for hours in range(20)])))
    list(stream.pass_time(START + 9 * DAY_MS))
    (change,) = stream.step(Batch.of([event(24 * 9 + 1, "u-3")]))
    assert (change.subject, change.segment) == ("u-3", "rfm/new_customers")
