"""When time alone flips a condition: to the millisecond, by small profiles, and against looking at every moment."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.kernel import flip_times
from streams.core.kernel.interpreter import truth
from streams.core.kernel.layout import CLOCK, EVER, FAR, HOLDS, NEWEST_ACTIVITY, NO, STEPWISE, TIME_DEPENDENCE, YES
from streams.core.language.parser import parse_value
from streams.core.rules.rulebook import Edges, Scores
from streams.core.scores.edges import edge_words
from tests.core.kernel.profile import START_MS, Profile, day

FIXED = Edges((1.0, 3.0, 7.0, 14.0), (1.0, 2.0, 3.0, 4.0), (1.0, 10.0, 100.0, 1000.0))


def rfm(edges: Edges | None = FIXED) -> Scores:
    return Scores("rfm", parse_value("idle_days"), parse_value('count("A", days=3)'), parse_value("tenure_days"), edges)


def holds(profile: Profile, text: str, now: int) -> bool:
    """Whether it holds at an instant to which the windows have not moved yet."""
    w = profile.w.copy()
    profile.roll(now)
    found = bool(truth(profile.p, profile.w, profile.s, 0, now, profile.leaf(text)))
    profile.w[:] = w
    return found


def next_flip(profile: Profile, text: str, now: int, until: int = FAR) -> int:
    noted = EVER | (HOLDS if holds(profile, text, now) else 0)
    leaf = profile.leaf(text)
    return int(flip_times.next_flip(profile.p, profile.w, profile.s, 0, now, leaf, noted, until))


@pytest.mark.parametrize(
    ("text", "flips_at"),
    [
        ("idle_days >= 7", day(7)),
        ("idle_days > 7", day(7, 1)),
        ("idle_days <= 7", day(7, 1)),
        ("7 > idle_days", day(7)),
        ("idle_days < tenure_days", FAR),
        ("idle_days / 3 >= 1 / 3", day(1)),
        ("2 * idle_days >= 3 + idle_days / 2", day(2)),
        ("idle_days >= seats", day(5)),
        ("idle_days >= plan", FAR),
        ("idle_days >= nothing", FAR),
        ("tenure_days < 0.00000001", day(0, 1)),
        ("days_until(ends_at) < 1", day(9, 1)),
        ("days_until(ends_at) <= 1", day(9)),
        ("days_since(ends_at) > 0", day(10, 1)),
        ("days_since(nothing) > 0", FAR),
        ("idle_days in [2, 4]", day(2)),
        ("idle_days not in [4, 3]", day(3)),
        ("idle_days == 2", day(2)),
    ],
)
def test_where_lines_cross_a_condition_flips(text: str, flips_at: int) -> None:
    profile = Profile(asked=text)
    profile.set_traits(seats=5, plan="pro", ends_at="2024-10-14")
    assert next_flip(profile, text, day(0)) == flips_at


@pytest.mark.parametrize("text", ["idle_days == 2", "idle_days in [2, 4]"])
def test_what_holds_for_a_millisecond_flips_back_in_the_next(text: str) -> None:
    assert next_flip(Profile(asked=text), text, day(2)) == day(2, 1)


@pytest.mark.parametrize(
    ("text", "flips_at"),
    [
        ('count("A", days=4) >= 3', day(4)),
        ('count("A", days=4) >= 2', day(5)),
        ('count("A", days=4) < 1', day(6)),
        ('count("A", days=4) > 4', FAR),
        ('count("A", hours=96) <= 3', day(4.5)),
        ('active_days("A", days=4) >= 3', day(4)),
        ('active_days("A", days=4) <= 1', day(5)),
    ],
)
def test_a_count_decays_as_its_days_leave_the_window(text: str, flips_at: int) -> None:
    profile = Profile(asked=text)
    profile.count(day(0.5), day(0.6), day(1.5), day(2.5))
    assert next_flip(profile, text, day(2.5)) == flips_at


@pytest.mark.parametrize(
    ("text", "may_flip_at"),
    [
        ('count("A", days=1, before_days=2) >= 1', [day(2), day(3)]),
        ('sum("A", "amount", days=2) > 1', [day(2)]),
        ('max("A", "amount", days=3) > 1', [day(3)]),
        ('trend("A", days=2) < 1', [day(2), day(4)]),
        ("rfm.r >= 4", [day(1, 1), day(3, 1), day(7, 1), day(14, 1)]),
        ("rfm.f >= 2", [day(3)]),
        ("rfm.m >= 2", [day(1), day(10), day(100), day(1000)]),
    ],
)
def test_what_steps_may_flip_at_each_step(text: str, may_flip_at: list[int]) -> None:
    profile = Profile(rfm(), asked=text)
    profile.count(day(0.5), value=2.0)
    found, now = [], day(0.5)
    while (now := next_flip(profile, text, now)) != FAR:
        found.append(now)
        profile.roll(now)
    assert found == may_flip_at


def test_a_value_that_falls_reaches_its_edges_from_above() -> None:
    asked = parse_value("days_until(ends_at)")
    profile = Profile(Scores("rfm", asked, asked, asked, FIXED), asked="rfm.f >= 3 or rfm.r >= 3")
    profile.set_traits(ends_at="2024-10-08")  # in four days
    # On an edge a value is on the side of more as frequency, and of less as recency.
    assert next_flip(profile, "rfm.f >= 3", day(0)) == day(0, 1)
    assert [next_flip(profile, "rfm.f >= 3", now) for now in (day(0, 1), day(1, 1))] == [day(1, 1), day(2, 1)]
    assert next_flip(profile, "rfm.r >= 3", day(0)) == day(1)


def test_a_score_steps_when_other_edges_come_to_hold() -> None:
    profile = Profile(rfm(edges=None), asked="rfm.r >= 4")
    at = profile.program.edges["rfm"]
    words = edge_words(day(2), None, FIXED)
    profile.p[at : at + len(words)] = words
    assert next_flip(profile, "rfm.r >= 4", day(0)) == day(2)


@pytest.mark.parametrize("noted", [NO, YES])
def test_what_never_or_always_holds_is_not_looked_at(noted: int) -> None:
    profile = Profile(asked="idle_days >= 7")
    leaf = profile.leaf("idle_days >= 7")
    assert flip_times.next_flip(profile.p, profile.w, profile.s, 0, day(0), leaf, noted, FAR) == FAR


@pytest.mark.parametrize(
    ("text", "flips_at"),
    [("idle_days >= 7", day(7)), ('count("A", days=4) >= 1', day(4)), ('sum("A", "amount", days=4) > 1', day(4))],
)
def test_nobody_looks_beyond_until(text: str, flips_at: int) -> None:
    profile = Profile(asked=text)
    profile.count(day(0.5), value=2.0)
    profile.w[0, CLOCK] = day(0.5)
    assert next_flip(profile, text, day(0.5), until=flips_at + 1) == flips_at
    assert next_flip(profile, text, day(0.5), until=flips_at - DAY_MS) == FAR


TEXTS = [
    "idle_days > 2",
    'idle_days == 3 or count("A", days=2) != 1',
    'count("A", days=3) >= 2',
    'active_days("A", days=3) < 2',
    'count("A", days=2, before_days=1) == 1',
    'trend("A", days=2) >= 1',
    "rfm.r > 3",
    'rfm.name == "champions"',
    'idle_days > count("A", days=2)',
]


STEP_MS = 6 * HOUR_MS


@given(st.sampled_from(TEXTS), st.lists(st.integers(0, 20), min_size=1, max_size=5), st.integers(0, 8))
def test_a_flip_is_where_looking_at_every_moment_finds_it(text: str, active: list[int], idle: int) -> None:
    """Nothing flips unforeseen; and what a line or decay is told to flip does flip then."""
    profile = Profile(rfm(), asked=text)
    profile.count(*(START_MS + steps * STEP_MS for steps in sorted(active)))
    profile.w[0, NEWEST_ACTIVITY] = profile.w[0, CLOCK]
    now = int(profile.w[0, CLOCK]) + idle * STEP_MS
    profile.roll(now)
    for leaf in profile.texts:
        held, told = holds(profile, leaf, now), next_flip(profile, leaf, now)
        first = next((at for at in moments(now) if holds(profile, leaf, at) != held), FAR)
        assert told <= first
        if profile.p[profile.leaf(leaf) + TIME_DEPENDENCE] < STEPWISE:
            assert told == first


def moments(now: int) -> Iterator[int]:
    """All at which anything may flip in the next eight days, and one millisecond before and after each."""
    return (at + ms for at in range(now, now + 8 * DAY_MS, STEP_MS) for ms in (-1, 0, 1) if at + ms > now)


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ('sum("A", "x", days=3) > 1', 'sum("A", "x", days=3) <= 7', True),
        ('sum("A", "x", days=3) > 1', 'sum("A", "x", days=4) > 1', False),
        ('sum("A", "x", days=3) > 1', 'sum("A", "x", days=3) > seats', False),
        ('sum("A", "x", days=3) > 1', 'missing(sum("A", "x", days=3))', False),
        ("idle_days > 1", "idle_days > 2", False),
        ('count("A", days=3) > 1', 'count("A", days=3) > 2', False),
    ],
)
def test_two_conditions_that_compare_one_value_with_constants_step_together(
    one: str, other: str, together: bool
) -> None:
    profile = Profile(asked=f"{one} or {other}")
    leaves = profile.leaf(one), profile.leaf(other)
    assert flip_times.step_together(profile.p, *leaves) == together
    assert flip_times.step_together(profile.p, *reversed(leaves)) == together
