"""Who is in what, by the truths of the conditions: by small rules, one profile at a time."""

import pytest

from streams.core.arrays import Ints
from streams.core.instants import DAY_MS
from streams.core.kernel import memberships
from streams.core.kernel.layout import EVER, HOLDS, INDEX, NO, NOW, YES
from streams.core.language.parser import parse_condition, parse_value
from streams.core.rules.nodes import Always
from streams.core.rules.rulebook import Level, Scores, Segment, Tier
from tests.core.kernel.profile import Profile, day

MAYBE, FOR_NOW = EVER, HOLDS | EVER  # truths that time alone may change


def decide(profile: Profile, rule: str, level: int, now: int = day(0), **truths: int) -> tuple[int, bool]:
    """The level, and whether time alone may change it, by truths that are noted already."""
    for text, truth in truths.items():
        profile.s[profile.p[NOW] + profile.p[profile.leaf(text) + INDEX]] = truth
    found, may_change = memberships.decide(*state(profile, now), profile.rule(rule), level)
    return int(found), bool(may_change)


def state(profile: Profile, now: int) -> tuple[Ints, Ints, Ints, int, int]:
    return profile.p, profile.w, profile.s, profile.row, now


def segment(enter: str, leave: str | None = None, min_stay_ms: int = 0) -> Profile:
    return Profile(Segment("s", parse_condition(enter), parse_condition(leave) if leave else None, min_stay_ms))


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize(
    ("truth", "expected"), [(NO, (0, False)), (MAYBE, (0, True)), (FOR_NOW, (1, True)), (YES, (1, False))]
)
def test_without_an_exit_a_segment_is_as_its_condition_is(level: int, truth: int, expected: tuple[int, bool]) -> None:
    assert decide(segment("a"), "s", level, a=truth) == expected


@pytest.mark.parametrize(
    ("level", "a", "b", "expected"),
    [
        (0, YES, NO, (1, False)),
        (0, YES, YES, (0, False)),  # who would leave at once does not enter
        (0, NO, NO, (0, False)),
        (1, NO, NO, (1, False)),  # `enter` need not hold any more
        (1, YES, YES, (0, False)),
        (1, NO, MAYBE, (1, True)),
        (0, MAYBE, NO, (0, True)),
        (1, MAYBE, YES, (0, False)),
        (1, YES, FOR_NOW, (0, True)),  # back in, once `exit` no longer holds
    ],
)
def test_with_an_exit_a_member_stays_until_it_holds(level: int, a: int, b: int, expected: tuple[int, bool]) -> None:
    assert decide(segment("a", "b"), "s", level, a=a, b=b) == expected


@pytest.mark.parametrize(("now", "found"), [(day(1, -1), 1), (day(1), 0), (day(1, 1), 0)])
def test_nobody_leaves_before_min_stay_is_over(now: int, found: int) -> None:
    profile = segment("a", min_stay_ms=DAY_MS)
    profile.set_level("s", 1, day(0))
    level, may_change = decide(profile, "s", 1, now, a=NO)
    assert (level, may_change) == (found, bool(found))  # to stay against the condition is to leave later
    assert decide(profile, "s", 0, now, a=NO) == (0, False)


def tier(*levels: str) -> Profile:
    named = tuple(Level(f"level {text}", parse_condition(text)) for text in levels)
    return Profile(Tier("t", (*named, Level("otherwise", Always(True)))))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (YES, YES, (1, False)),
        (NO, YES, (2, False)),
        (NO, NO, (3, False)),
        (MAYBE, YES, (2, True)),
        (FOR_NOW, YES, (1, True)),
        (YES, MAYBE, (1, False)),  # what always holds ends the search for what may change
        (FOR_NOW, NO, (1, True)),
        (NO, FOR_NOW, (2, True)),
    ],
)
def test_a_tier_gives_the_first_level_that_holds(a: int, b: int, expected: tuple[int, bool]) -> None:
    assert decide(tier("a", "b"), "t", 0, a=a, b=b) == expected


def test_a_grid_without_edges_leaves_the_level_and_waits_for_them() -> None:
    asked = parse_value("seats")
    profile = Profile(Scores("rfm", parse_value("idle_days"), asked, asked))
    assert [decide(profile, "rfm", level) for level in (0, 3)] == [(0, True), (3, True)]


def test_truths_are_noted_of_every_condition_of_a_rule_and_say_whether_time_may_change_them() -> None:
    noted = {
        "seats > 1": YES,
        "seats > 9": NO,
        "idle_days >= 7": FOR_NOW,
        "idle_days >= 8": MAYBE,
        "missing(plan)": YES,
        'in_segment("in")': YES,
        'in_segment("out")': NO,
    }
    profile = Profile(asked=" or ".join(noted), **{"in": "true", "out": "true"})
    profile.set_traits(seats=5)
    profile.set_level("in", 1)
    memberships.read_leaves(*state(profile, day(7)), profile.rule("asked"))
    assert {text: profile.truth(text) for text in noted} == noted


def test_who_lacks_what_only_events_bring_cannot_enter() -> None:
    text = 'plan == "pro" and idle_days >= 7 and in_segment("vip")'
    profile = Profile(asked=text, vip="seats > 1")
    found = []
    for plan, vip in [("free", 1), ("pro", 0), ("pro", 1)]:
        profile.set_traits(plan=plan)
        profile.set_level("vip", vip)
        found.append(memberships.may_enter(*state(profile, day(0)), profile.rule("asked")))
    assert found == [False, False, True]


@pytest.mark.parametrize(("truth", "expected"), [(NO, (0, False)), (MAYBE, (0, True)), (FOR_NOW, (1, True))])
def test_whom_a_tier_is_not_of_is_at_no_level_whatever_else_holds(truth: int, expected: tuple[int, bool]) -> None:
    levels = (Level("first", Always(True)), Level("last", Always(True)))
    profile = Profile(Tier("t", levels, among=parse_condition("a")))
    assert decide(profile, "t", 1, a=truth) == expected
