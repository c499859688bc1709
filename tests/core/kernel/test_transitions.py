"""What is noted of each level that changed: by small rules, with the words read back."""

from typing import NamedTuple

import pytest

from streams.core.events import Value
from streams.core.kernel import transitions
from streams.core.kernel.bits import real_of
from streams.core.kernel.layout import (
    AT,
    CAUSE,
    CLOCK,
    EVENTS,
    INCLUDED,
    INCLUDED_WORDS,
    INDEX,
    LEAF_FLIPPED,
    LEAVES,
    LEVEL_BEFORE,
    LEVELS_HELD,
    NEW_LEVEL,
    OCCURRENCE,
    OLD_LEVEL,
    ORDINAL,
    ROW,
    RULE,
    SHOWN,
    SHOWN_WORDS,
    WORD,
)
from streams.core.kernel.transitions import BY_LEAF_FLIPS, NEW_PROFILE, TransitionBuffer, empty_buffer
from streams.core.language.parser import parse_condition
from streams.core.rules.rulebook import Segment
from tests.core.kernel.profile import Profile, day

CAUSE_GIVEN, OCCURRENCE_GIVEN = 1, 42


class Shown(NamedTuple):
    """What is noted of a condition: its value, and whether it held before and holds now."""

    value: Value
    was: bool
    now: bool


def room(profile: Profile) -> TransitionBuffer:
    return empty_buffer(len(profile.rulebook.rules), 1, profile.program.transition_words)


def level_changes(profile: Profile, rule: str, before: int, after: int) -> None:
    """As evaluation would have it."""
    word = profile.p[profile.rule(rule) + WORD]
    profile.w[0, word + 1] += 1 << 8
    profile.set_level(rule, after)
    profile.s[profile.p[LEVEL_BEFORE] + profile.rulebook.names.index(rule)] = 1 + before


def record(profile: Profile, now: int, before: int, before_at: int = 0) -> list[list[int]]:
    """The words of each transition."""
    f = room(profile)
    transitions.record_transitions(
        profile.p, profile.memory, f, 0, now, before, before_at, CAUSE_GIVEN, OCCURRENCE_GIVEN
    )
    found: list[list[int]] = f.words[: f.filled[0]].tolist()
    return found


def shown(profile: Profile, words: list[int], rule: str) -> list[Shown]:
    found = []
    for i in range(len(profile.listed(profile.p[profile.rule(rule) + LEAVES]))):
        bits, kind, was, now = words[profile.p[SHOWN] + SHOWN_WORDS * i :][:SHOWN_WORDS]
        found.append(Shown(profile.table.values.decoded(float(real_of(bits)), kind), bool(was), bool(now)))
    return found


def test_the_words_of_a_transition_say_whose_when_why_and_from_which_level_to_which() -> None:
    profile = Profile(a="seats > 1", b="seats > 2", c="true")
    profile.set_traits(seats=2)
    profile.set_level("c", 1)
    level_changes(profile, "a", 0, 1)
    (words,) = record(profile, day(3), NEW_PROFILE)
    head = {ROW: 0, RULE: 0, AT: day(3), CAUSE: CAUSE_GIVEN, OCCURRENCE: OCCURRENCE_GIVEN}
    assert {place: words[place] for place in head} == head
    assert [words[place] for place in (ORDINAL, NEW_LEVEL, OLD_LEVEL)] == [1, 1, 0]
    assert words[profile.p[LEVELS_HELD] :][:3] == [1, 0, 1]


def test_each_level_that_changed_has_one_in_the_order_of_names_and_is_then_told() -> None:
    profile = Profile(a="seats > 1", b="seats > 2", c="seats < 9")
    for rule in ("c", "a"):
        level_changes(profile, rule, 0, 1)
    assert [words[RULE] for words in record(profile, day(1), NEW_PROFILE)] == [0, 2]
    assert record(profile, day(1), NEW_PROFILE) == []


TEXTS = ("idle_days >= 2", "seats > 1", "missing(plan)")


def of_three() -> Profile:
    profile = Profile(a=" and ".join(TEXTS))
    profile.set_traits(seats=5)
    level_changes(profile, "a", 0, 1)
    return profile


def test_of_a_new_profile_nothing_held_before() -> None:
    (words,) = record(of_three(), day(2), NEW_PROFILE)
    assert shown(of_three(), words, "a") == [Shown(2, False, True), Shown(5, False, True), Shown(None, False, True)]


def test_of_an_event_that_held_before_which_it_did_not_flip() -> None:
    profile = of_three()
    profile.s[profile.p[EVENTS]] = 7
    profile.s[profile.p[LEAF_FLIPPED] + profile.p[profile.leaf("seats > 1") + INDEX]] = 7
    profile.s[profile.p[LEAF_FLIPPED] + profile.p[profile.leaf("missing(plan)") + INDEX]] = 6  # another event's
    (words,) = record(profile, day(2), BY_LEAF_FLIPS)
    assert shown(profile, words, "a") == [Shown(2, True, True), Shown(5, False, True), Shown(None, True, True)]


def test_of_time_that_passed_what_held_before_is_read_from_the_row_as_it_was() -> None:
    profile = of_three()
    spare = 1
    profile.w[spare] = profile.w[0]
    profile.w[spare, CLOCK] = day(1)
    (words,) = record(profile, day(2), spare, day(2, -1))
    assert shown(profile, words, "a") == [Shown(2, False, True), Shown(5, True, True), Shown(None, True, True)]


@pytest.mark.parametrize(("level_before", "was"), [(0, False), (1, True)])
def test_a_segment_that_is_read_held_before_if_its_level_has_not_changed_since(level_before: int, was: bool) -> None:
    profile = Profile(a='in_segment("z") or seats > 1', z="seats > 1")
    profile.set_traits(seats=5)
    profile.set_level("z", 1)
    level_changes(profile, "a", 0, 1)
    if level_before == 0:
        level_changes(profile, "z", 0, 1)
    words = record(profile, day(1), BY_LEAF_FLIPS)[0]
    assert shown(profile, words, "a")[0][1:] == (was, True)


def test_included_traits_are_noted_as_they_are_now() -> None:
    profile = Profile(Segment("a", parse_condition("seats > 1"), include=("plan", "nothing")))
    profile.set_traits(seats=5, plan="pro")
    level_changes(profile, "a", 0, 1)
    (words,) = record(profile, day(1), NEW_PROFILE)
    at = profile.p[INCLUDED]
    included = [words[at + INCLUDED_WORDS * i :][:INCLUDED_WORDS] for i in range(2)]
    assert [profile.table.values.decoded(float(real_of(bits)), kind) for bits, kind in included] == ["pro", None]


def test_how_a_rule_stands_is_noted_without_a_change_too() -> None:
    profile = Profile(a="seats > 1", b="seats > 2")
    profile.set_traits(seats=2)
    profile.set_level("a", 1)
    f = room(profile)
    transitions.describe(profile.p, profile.w, profile.s, f.words[0], 0, profile.rule("a"), day(1))
    assert [f.words[0][place] for place in (RULE, NEW_LEVEL, ORDINAL)] == [0, 1, 0]


@pytest.mark.parametrize(("rules", "least", "room_for"), [(3, 1, 3), (3, 8, 8)])
def test_there_is_room_for_all_rules_flipping_at_once(rules: int, least: int, room_for: int) -> None:
    buffer = empty_buffer(rules, least, 11)
    assert (buffer.words.shape, buffer.filled.tolist()) == ((room_for, 11), [0])
