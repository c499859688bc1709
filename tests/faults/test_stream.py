"""A stream is known: the same for a seed, and told so that what comes of it does not depend on when it is read."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from streams.testing import parse_rules
from tests.faults.drifting import Clock
from tests.faults.people import POSTED_EACH, Planned
from tests.faults.stream import RULES, Stream, changes_of, changes_of_clicks

BEGINS_MS = 1_780_000_000_000


@pytest.fixture(scope="module")
def stream() -> Stream:
    return Stream(1, BEGINS_MS, seconds=5, rate=100)


def keys(some: Iterable[Planned], sort: str) -> list[str]:
    return [planned.key for planned in some if planned.key.startswith(sort)]


def test_a_seed_tells_the_same_records_each_time(stream: Stream) -> None:
    again, another = Stream(1, BEGINS_MS, 5, 100), Stream(2, BEGINS_MS, 5, 100)
    first, records = list(stream.first()), list(stream.records())
    assert (list(again.first()), list(again.records())) == (first, records)
    assert list(another.records()) != records
    assert len(stream) == len(first) + len(records)
    assert records == sorted(records, key=lambda planned: planned.at_s)


def test_what_comes_of_clicks_does_not_depend_on_how_many_are_looked_at_at_once(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    rulebook = parse_rules(*(f"segment: {name}\n{body}\n" for name, body in RULES.items()))
    records = [planned.record for planned in stream.clicks() if planned.record is not None]
    wanted = changes_of(rulebook, records, stream.ends_ms)
    monkeypatch.setattr("tests.faults.stream.AT_ONCE", 37)
    assert changes_of_clicks(rulebook, records, stream.ends_ms) == wanted
    assert wanted


def test_whose_deadlines_fall_within_it_are_there_before_any_worker_is(stream: Stream) -> None:
    assert keys(stream.first(), "visits")
    assert not keys(stream.records(), "visits")


def test_who_is_merged_is_known_before_and_goes_on_after_it(stream: Stream) -> None:
    known = set(keys(stream.first(), ""))
    for planned in stream.records():
        if planned.topic == "profile-commands" and planned.key.startswith("gone"):
            assert {planned.key, planned.key.replace("gone", "stays")} <= known
            assert [each for each in stream.records() if each.key == planned.key and each.record]


def test_of_whom_a_sender_may_repeat_records_a_profile_remembers_them_all(stream: Stream) -> None:
    posted = [planned.key for planned in stream.records() if planned.by_http]
    assert 0 < max(map(posted.count, set(posted))) <= POSTED_EACH


def test_a_backlog_waits_whole_but_for_what_goes_by_http() -> None:
    backlog = Stream(1, BEGINS_MS, 5, 100, is_backlog=True)
    records = list(backlog.records())
    assert records
    assert all(planned.by_http for planned in records)


def test_a_clock_is_wrong_by_what_its_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_s = [100.0]
    monkeypatch.setattr("tests.faults.drifting.time.time_ns", lambda: 7_000_000)
    monkeypatch.setattr("tests.faults.drifting.time.monotonic", lambda: at_s[0])
    clock = Clock(tmp_path / "clock")
    clock.is_wrong_by(0)
    assert clock.time_ns() == 7_000_000
    clock.is_wrong_by(-5)
    at_s[0] += 1
    assert clock.time_ns() == 2_000_000
