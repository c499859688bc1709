"""The next instant at which time alone may change a rule's level."""

import pytest

from streams.core.instants import DAY_MS
from streams.core.kernel import deadlines
from streams.core.kernel.layout import FAR
from streams.core.kernel.memberships import read_leaves
from streams.core.language.parser import parse_condition
from streams.core.rules.rulebook import Segment
from tests.core.kernel.profile import Profile, day


def next_deadline(profile: Profile, now: int, until: int = FAR) -> int:
    """Of the one rule."""
    state = profile.p, profile.w, profile.s, profile.row, now
    read_leaves(*state, profile.rule("asked"))
    return int(deadlines.next_deadline(*state, profile.rule("asked"), until))


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("idle_days >= 7 and tenure_days >= 3", day(3)),
        ("idle_days >= 7 or seats > 3", day(7)),
        ("seats > 3", FAR),
        ('sum("A", "x", days=3) > 1 or sum("A", "x", days=3) > 2 or idle_days >= 4', day(3)),
        ('sum("A", "x", days=3) > 1 or sum("A", "x", days=2) > 1', day(2)),
    ],
)
def test_the_first_flip_of_any_condition_is_due(text: str, due: int) -> None:
    profile = Profile(asked=text)
    profile.count(day(0), value=5.0)
    assert next_deadline(profile, day(0)) == due


def test_a_flip_is_due_whether_or_not_the_level_follows_from_it() -> None:
    profile = Profile(asked="idle_days >= 2 and idle_days >= 9")
    assert next_deadline(profile, day(0)) == day(2)
    assert next_deadline(profile, day(2)) == day(9)


@pytest.mark.parametrize(("level", "due"), [(0, day(5)), (1, day(3))])
def test_the_end_of_min_stay_is_due_for_who_is_in(level: int, due: int) -> None:
    profile = Profile(Segment("asked", parse_condition("idle_days >= 5"), min_stay_ms=2 * DAY_MS))
    profile.set_level("asked", level, since_ms=day(1))
    assert next_deadline(profile, day(2)) == due
    assert next_deadline(profile, day(3)) == day(5)


def test_what_is_due_later_than_until_is_due_then() -> None:
    profile = Profile(asked="idle_days >= 7")
    assert next_deadline(profile, day(0), until=day(2)) == day(2)
