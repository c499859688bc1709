"""What is seen of the simulated company."""

import io

import pytest
from rich.console import Console

from streams.core.changes import Change, Reason, Type
from streams.demo.screen import Lines, Screen
from streams.demo.screen_state import ScreenState

PRESENT_MS = 1_772_409_600_000  # 2026-03-02
BEFORE, AFTER = PRESENT_MS - 86_400_000, PRESENT_MS + 86_400_000
QUIET = Reason("idle_days >= 7", 7.0, was=False, now=True)


def told(user: str, at_ms: int, kind: Type = "segment.entered") -> Change:
    return change(user, kind, "churn-risk", "churn-risk", None, at_ms, QUIET)


def change(user: str, kind: Type, rule: str, segment: str, previous: str | None, at_ms: int, *why: Reason) -> Change:
    return Change(user, rule, kind, segment, previous, at_ms, "timer", None, 1, "sha256:ab", why, (segment,), {})


def scene() -> ScreenState:
    return ScreenState(("churn-risk", "dormant"), ("segmenter watch --segment churn-risk",), PRESENT_MS, PRESENT_MS)


def test_history_counts_as_members_but_is_no_news() -> None:
    seen = scene()
    assert seen.saw([told("ann", BEFORE), told("bob", BEFORE)]) == []
    assert seen.size("churn-risk") == 2
    assert not seen.entered


def test_what_happens_now_is_news() -> None:
    seen = scene()
    changes = [told("ann", AFTER), told("ann", AFTER, "segment.exited")]
    assert seen.saw(changes) == changes
    assert (seen.size("churn-risk"), seen.entered["churn-risk"], seen.exited["churn-risk"]) == (0, 1, 1)
    assert list(seen.newest) == changes


def test_a_repeat_of_a_change_is_seen_once() -> None:
    seen = scene()
    assert len(seen.saw([told("ann", AFTER), told("ann", AFTER)])) == 1
    assert seen.entered["churn-risk"] == 1


def test_a_change_of_level_takes_a_user_from_one_to_the_other() -> None:
    seen = ScreenState(("life/new", "life/power"), (), PRESENT_MS, PRESENT_MS)
    first = change("ann", "segment.changed", "life", "life/new", None, AFTER)
    later = change("ann", "segment.changed", "life", "life/power", "life/new", AFTER)
    assert len(seen.saw([first, later, later])) == 2
    assert (seen.size("life/new"), seen.size("life/power")) == (0, 1)
    assert (seen.exited["life/new"], seen.entered["life/power"]) == (1, 1)


def test_lines_tell_each_change_and_where_things_stand() -> None:
    out = io.StringIO()
    seen = scene()
    with Lines(Console(file=out)) as view:
        view.show(seen, seen.saw([told("ann", AFTER)]))
    change, status = out.getvalue().splitlines()
    assert change.split()[2:5] == ["ann", "enters", "churn-risk"]
    assert status.startswith("-- Mon 2026-03-02 00:00")
    assert status.endswith("churn-risk 1   dormant 0")


def test_the_screen_shows_sizes_changes_and_how_to_follow() -> None:
    out = io.StringIO()
    seen = scene()
    with Screen(Console(file=out, force_terminal=True, width=120)) as view:
        view.show(seen, seen.saw([told("ann", AFTER)]))
    shown = out.getvalue()
    assert all(part in shown for part in ("churn-risk", "dormant", "ann", "idle_days >= 7 (is 7)", "segmenter watch"))


@pytest.mark.parametrize("height", [24, 30, 60])
def test_the_screen_fits_into_its_terminal(height: int) -> None:
    out = io.StringIO()
    names = tuple(f"segment-{number:02}" for number in range(30))
    seen = ScreenState(names, ("segmenter watch", "segmenter explain u-00001"), PRESENT_MS, PRESENT_MS)
    changes = [change(f"u-{name}", "segment.entered", name, name, None, AFTER, QUIET) for name in names]
    with Screen(Console(file=out, force_terminal=True, width=80, height=height)) as view:
        view.show(seen, seen.saw(changes))
        first = out.getvalue()
    assert len(first.splitlines()) < height
    assert "segmenter explain" in first
    assert "Ctrl-C" in first


def test_the_screen_keeps_the_level_before_out_of_the_column_of_segments() -> None:
    out = io.StringIO()
    seen = ScreenState(("life/new", "life/power"), (), PRESENT_MS, PRESENT_MS)
    first = change("ann", "segment.changed", "life", "life/new", None, AFTER)
    later = change("ann", "segment.changed", "life", "life/power", "life/new", AFTER, QUIET)
    with Screen(Console(file=out, force_terminal=True, width=120, height=40)) as view:
        view.show(seen, seen.saw([first, later]))
    assert "(was new) idle_days >= 7 (is 7)" in out.getvalue()
