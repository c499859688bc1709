"""Which conditions an event flips, and which rules are dirty then: by small rules, one event at a time."""

from collections.abc import Callable

import pytest

from streams.core.kernel import propagation
from streams.core.kernel.dirty_rules import note_rule
from streams.core.kernel.layout import (
    BLOCKED,
    DIRTY,
    EVENTS,
    FAR,
    INDEX,
    LEAF_FLIPPED,
    NEWEST_ACTIVITY,
    RULE_SET_WORDS,
    SET_BIT,
    SET_WORD,
    TIME_DRIVEN,
)
from streams.core.language.parser import parse_value
from streams.core.rules.nodes import EventSet, LastSeen, Lifetime
from streams.core.rules.rulebook import Edges, Scores
from tests.core.kernel.profile import Profile, day

EVENT = "A"


def event_class(profile: Profile, name: str = EVENT) -> int:
    return profile.program.classes.get(name, profile.program.unread)[True]


def happens(profile: Profile, change: Callable[[Profile], None], now: int = day(0), name: str = EVENT) -> set[str]:
    """The conditions that flip as an event of a name makes a change in the row."""
    asked = profile.p, profile.w, profile.s, profile.row, now, event_class(profile, name)
    propagation.capture(*asked)
    change(profile)
    propagation.propagate(*asked)
    events = profile.s[profile.p[EVENTS]]
    flipped = profile.p[LEAF_FLIPPED]
    return {text for text in profile.texts if profile.s[flipped + profile.p[profile.leaf(text) + INDEX]] == events}


def dirty(profile: Profile) -> set[str]:
    """The rules that are; they are not from then on."""
    words = profile.s[profile.p[DIRTY] : profile.p[DIRTY] + profile.p[RULE_SET_WORDS]]
    rules = {name: profile.rule(name) for name in profile.rulebook.names}
    found = {name for name, at in rules.items() if words[profile.p[at + SET_WORD]] & profile.p[at + SET_BIT]}
    words[:] = 0
    return found


def count_is(number: int) -> Callable[[Profile], None]:
    def change(profile: Profile) -> None:
        profile.w[0, profile.word(Lifetime(EventSet((EVENT,))))] = number

    return change


def test_of_a_value_compared_again_and_again_those_flip_whose_limit_it_passes() -> None:
    profile = Profile(**{f"at_least_{limit}": f'count("A") >= {limit}' for limit in range(1, 6)}, odd='count("A") == 2')
    assert happens(profile, count_is(3)) == {'count("A") >= 1', 'count("A") >= 2', 'count("A") >= 3'}
    assert dirty(profile) == {"at_least_1", "at_least_2", "at_least_3"}
    assert happens(profile, count_is(2)) == {'count("A") >= 3', 'count("A") == 2'}
    assert dirty(profile) == {"at_least_3", "odd"}


def test_an_event_that_changes_nothing_flips_nothing() -> None:
    profile = Profile(asked='count("A") >= 0 or count("A") != seats')
    assert happens(profile, lambda _: None) == set()
    assert dirty(profile) == set()


def test_what_is_compared_with_no_constant_is_asked_for_itself() -> None:
    profile = Profile(one='count("A") > seats', other='missing(sum("A", "x", days=1))')
    profile.set_traits(seats=2)
    assert happens(profile, count_is(3)) == {'count("A") > seats'}
    assert dirty(profile) == {"one"}


def test_a_value_that_comes_to_be_missing_flips_what_held_of_it_and_one_that_stays_missing_flips_nothing() -> None:
    profile = Profile(low='mrr * count("A") < 9', high='mrr * count("A") > 9')
    profile.set_traits(mrr=1)
    assert happens(profile, lambda row: row.set_traits(mrr="a text")) == {'mrr * count("A") < 9'}
    assert happens(profile, count_is(99)) == set()


def test_all_rules_with_a_condition_are_dirty_and_no_other_one() -> None:
    profile = Profile(a='count("A") >= 1', b='seats > 1 or count("A") >= 1', c='count("A") >= 2', d='count("B") >= 1')
    assert happens(profile, count_is(1)) == {'count("A") >= 1'}
    assert dirty(profile) == {"a", "b"}


def test_an_event_flips_nothing_that_its_name_does_not_bear_upon() -> None:
    profile = Profile(asked='count("A") >= 1', other='count("B") >= 1')
    assert happens(profile, count_is(1), name="B") == set()


@pytest.mark.parametrize(("text", "waits"), [('count("A", days=3) >= 1', True), ('count("A") >= 1', False)])
def test_of_a_blocked_rule_only_what_time_never_flips_counts(text: str, waits: bool) -> None:
    """What blocks it is of that sort, and may have flipped."""
    profile = Profile(asked=f"seats > 1 and {text}")
    note_rule(profile.p, profile.w, 0, profile.rule("asked"), BLOCKED, True)

    def change(row: Profile) -> None:
        if waits:
            row.count(day(0))
        else:
            count_is(1)(row)

    assert happens(profile, change) == {text}
    assert dirty(profile) == (set() if waits else {"asked"})


def due(profile: Profile, ts: int, now: int, *, is_driven: bool = True, until: int = FAR) -> int:
    for name in profile.rulebook.names:
        note_rule(profile.p, profile.w, 0, profile.rule(name), TIME_DRIVEN, is_driven)
    asked = profile.p, profile.w, profile.s, profile.row, ts, now, event_class(profile), until
    return int(propagation.advance_deadlines(*asked))


@pytest.mark.parametrize(
    ("text", "ts", "now", "expected"),
    [
        ('sum("A", "x", days=3) > 1', day(1.5), day(1.5), day(4)),
        ('sum("A", "x", days=3) > 1', day(0.5), day(1.5), day(3)),
        ('count("A", days=3, before_days=2) > 1', day(1.5), day(1.5), day(3)),
        ('count("A", days=3, before_days=2) > 1', day(0), day(2), day(5)),
        ('trend("A", hours=2) > 1', day(1.5), day(1.5), day(1.5) + 2 * 3_600_000),
        ('count("A", days=3) > 1', day(1.5), day(1.5), FAR),  # it decays: one more only puts that off
        ("idle_days >= 7", day(1.5), day(1.5), FAR),
        ('days_since("A") >= 7', day(1.5), day(1.5), day(8.5)),
        ('days_since("A") == 7', day(1.5), day(1.5), day(8.5)),
    ],
)
def test_an_event_may_bring_a_flip_nearer(text: str, ts: int, now: int, expected: int) -> None:
    profile = Profile(asked=text)
    profile.w[0, NEWEST_ACTIVITY] = ts
    if "days_since" in text:
        profile.w[0, profile.word(LastSeen(EventSet((EVENT,))))] = ts
    profile.roll(now)
    assert due(profile, ts, now) == expected


def test_no_deadline_is_looked_for_beyond_the_one_that_is_known_or_of_a_rule_that_time_does_not_drive() -> None:
    profile = Profile(asked='sum("A", "x", days=3) > 1')
    assert due(profile, day(0), day(0), until=day(2)) == day(2)
    assert due(profile, day(0), day(0), is_driven=False) == FAR


def test_an_event_may_bring_nearer_when_a_value_reaches_an_edge() -> None:
    edges = (1.0, 3.0, 7.0, 14.0)
    asked = parse_value("seats")
    rfm = Scores("rfm", parse_value('days_since("A")'), asked, asked, Edges(edges, edges, edges))
    profile = Profile(rfm, asked="rfm.r >= 4")
    profile.w[0, profile.word(LastSeen(EventSet((EVENT,))))] = day(1.5)
    assert due(profile, day(1.5), day(2)) == day(2.5, 1)
