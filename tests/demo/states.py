"""A company as seen from outside, for tests of what shows it."""

from streams.core.changes import Change, Reason, Type
from streams.core.instants import DAY_MS
from streams.demo.featured import Featured
from streams.demo.screen_state import ScreenState
from streams.testing import instant

PRESENT_MS = instant("2026-03-02")
BEGAN_MS = PRESENT_MS - 10 * DAY_MS
BEFORE, AFTER = PRESENT_MS - DAY_MS, PRESENT_MS + DAY_MS
QUIET = Reason("idle_days >= 7", 7.0, was=False, now=True)
LIFE = {"life": {"new": "life/new", "power": "life/power"}}


def told(user: str, at_ms: int = AFTER, kind: Type = "segment.entered", segment: str = "churn-risk") -> Change:
    return _change(user, kind, segment, segment, None, at_ms)


def moved(user: str, level: str, previous: str | None = None) -> Change:
    return _change(user, "segment.changed", "life", level, previous, AFTER)


def _change(user: str, kind: Type, rule: str, segment: str, previous: str | None, at_ms: int) -> Change:
    return Change(user, rule, kind, segment, previous, at_ms, "timer", None, 1, "sha256:ab", (QUIET,), (segment,), {})


def company(
    *rows: str, tiers: dict[str, dict[str, str]] | None = None, others: int = 0, now_ms: int = PRESENT_MS
) -> ScreenState:
    """By default in the present, with two segments shown."""
    return ScreenState(Featured(rows or ("churn-risk", "dormant"), tiers or {}, others), BEGAN_MS, PRESENT_MS, now_ms)
