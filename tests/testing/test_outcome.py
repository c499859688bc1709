"""What we ship for tests of one's own rules."""

import json

import pytest

from streams.core.events import Event
from streams.core.language.parser import parse_condition
from streams.core.rules.rulebook import Rulebook, Segment
from streams.testing import ManualClock, billing, changes, decoded, explain, identify, instant, to_bytes, track

QUIET = Rulebook((Segment("quiet", parse_condition("idle_days >= 1 and paying")),))


def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock("2026-03-01 09:00")
    assert clock() == clock() == instant("2026-03-01T09:00:00Z")
    clock.advance("90m")
    assert clock() == instant("2026-03-01 10:30")
    clock.set("2026-04-01")
    assert clock() == instant("2026-04-01 00:00")


def test_what_is_no_duration_or_time_is_refused() -> None:
    with pytest.raises(ValueError, match="'soon' is no time"):
        ManualClock("soon")
    with pytest.raises(ValueError, match="'a while' is no duration"):
        ManualClock(0).advance("a while")


def test_the_builders_make_what_the_decoder_takes() -> None:
    records = [
        track("ann", "Signed In", "2026-03-01", "m-1", method="sso"),
        identify("ann", "2026-03-02", plan="pro", beta=None),
        billing("ann", "Subscription Updated", "2026-03-03", mrr=49),
    ]
    assert decoded(QUIET, records).events == [
        Event("ann", instant("2026-03-01"), "Signed In", True, "m-1", {}, {}),
        Event("ann", instant("2026-03-02"), "", False, None, {}, {"plan": "pro", "beta": None}),
        Event("ann", instant("2026-03-03"), "Subscription Updated", False, None, {"mrr": 49.0}, {}, True),
    ]
    assert [json.loads(to_bytes(record)) for record in records] == records


def test_what_is_no_event_is_said_so() -> None:
    with pytest.raises(TypeError, match="no_user"):
        decoded(QUIET, [track("", "Signed In", "2026-03-01")])


def test_changes_come_with_time_as_they_come_with_events() -> None:
    records = [
        billing("ann", "Subscription Started", "2026-03-01 08:00", mrr=49),
        track("ann", "Signed In", "2026-03-01 09:00"),
        track("ann", "Signed In", "2026-03-03 12:00"),
    ]
    assert [(change.entered, change.occurred_at, change.cause) for change in changes(QUIET, records)] == [
        (True, instant("2026-03-02 09:00"), "timer"),
        (False, instant("2026-03-03 12:00"), "event"),
    ]
    assert [change.occurred_at for change in changes(QUIET, records, "2026-03-05")][2:] == [instant("2026-03-04 12:00")]


def test_a_user_is_explained_with_what_comes_next() -> None:
    records = [
        billing("ann", "Subscription Started", "2026-03-01 08:00", mrr=49),
        track("ann", "Signed In", "2026-03-01 09:00"),
        track("ann", "Signed In", "2026-03-02 08:00"),
        track("ann", "Signed In", "2026-03-04"),
    ]
    (quiet,) = explain(QUIET, records, "ann", "2026-03-02 12:00").rules
    assert [(each.condition, each.holds, each.since.ms) for each in quiet.conditions] == [
        ("idle_days >= 1", False, None),
        ("paying", True, instant("2026-03-01 08:00")),
    ]
    assert quiet.next is not None
    assert quiet.next.occurred_at == instant("2026-03-03 08:00")
    assert explain(QUIET, records, "ann").at_ms == instant("2026-03-04")


def test_nobody_is_explained_of_whom_there_is_no_record() -> None:
    with pytest.raises(ValueError, match="'bob' has no record up to 2026-03-01T00:00:00.000Z"):
        explain(QUIET, [track("ann", "Signed In", "2026-03-01")], "bob")
