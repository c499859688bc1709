"""What is written where nobody looks at a terminal."""

import io

from rich.console import Console

from streams.core.instants import DAY_MS, HOUR_MS
from streams.demo.lines import Lines
from tests.demo.states import BEGAN_MS, PRESENT_MS, company, told


def test_lines_tell_each_change_and_where_things_stand() -> None:
    out = io.StringIO()
    seen = company()
    with Lines(Console(file=out), "env") as view:
        view.show(seen, seen.saw([told("ann")]))
    change, status, *_ = out.getvalue().splitlines()
    assert change.split()[2:5] == ["ann", "enters", "churn-risk"]
    assert status.startswith("-- Mon 2026-03-02 00:00")
    assert "churn-risk 1   dormant 0" in status


def test_while_nothing_happens_nothing_is_written() -> None:
    out = io.StringIO()
    seen = company()
    with Lines(Console(file=out), "env") as view:
        for hours in range(24):
            seen.now_ms = PRESENT_MS + hours * HOUR_MS
            view.show(seen, [])
    assert not out.getvalue()


def test_where_things_stand_is_written_once_a_week_of_theirs() -> None:
    out = io.StringIO()
    seen = company()
    with Lines(Console(file=out), "env") as view:
        for day in range(15):
            seen.now_ms = PRESENT_MS + day * DAY_MS
            view.show(seen, [])
    assert len(out.getvalue().splitlines()) == 2


def test_what_takes_a_while_is_told_a_quarter_at_a_time() -> None:
    out = io.StringIO()
    seen = company(now_ms=BEGAN_MS)
    with Lines(Console(file=out), "env") as view:
        for day in range(10):
            seen.sent(["ann"], BEGAN_MS + day * DAY_MS)
            seen.worker_applied(seen.published)
            view.show(seen, [])
        seen.sent([], PRESENT_MS)
        seen.worker_applied(seen.published)
        view.show(seen, [])
    *parts, done = out.getvalue().splitlines()
    assert done == "-- history: done"
    assert parts == [f"-- history: day {day} of the 10 before today" for day in (0, 3, 5, 8)]


def test_how_to_follow_is_told_once_there_is_somebody_to_look_at() -> None:
    out = io.StringIO()
    seen = company()
    with Lines(Console(file=out), "/tmp/env") as view:
        view.show(seen, [])
        assert "segmenter" not in out.getvalue()
        seen.now_ms = PRESENT_MS + 8 * DAY_MS
        view.show(seen, seen.saw([told("ann")]))
        seen.now_ms = PRESENT_MS + 16 * DAY_MS
        view.show(seen, [])
    assert out.getvalue().count("segmenter explain ann --segment churn-risk") == 1
