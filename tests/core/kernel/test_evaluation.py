"""Levels brought up to date, and when that has to be done next: by small rules, one evaluation at a time."""

import pytest

from streams.core.kernel import evaluation
from streams.core.kernel.dirty_rules import any_time_driven, mark_dirty
from streams.core.kernel.layout import (
    BLOCKED,
    DIRTY,
    EVERY_RULE,
    FAR,
    LEVEL_BEFORE,
    LEVEL_BITS,
    RULE_SET_WORDS,
    RULES_A_WORD,
    SET_BIT,
    SET_WORD,
    TIME_DRIVEN,
    WORD,
)
from tests.core.kernel.profile import Profile, day


def evaluate(profile: Profile, now: int, *, sets_levels: bool = True, until: int = FAR) -> tuple[int, int]:
    """All rules: how many levels changed, and the next deadline."""
    mark_dirty(profile.p, profile.s, profile.p[EVERY_RULE])
    flips, due = evaluation.evaluate(profile.p, profile.w, profile.s, profile.row, now, sets_levels, until)
    return int(flips), int(due)


def before(profile: Profile) -> dict[str, int]:
    """The level before of the rules whose level changed."""
    noted = {name: int(profile.s[profile.p[LEVEL_BEFORE] + i]) for i, name in enumerate(profile.rulebook.names)}
    return {name: level - 1 for name, level in noted.items() if level}


def state(profile: Profile, rule: str) -> tuple[int, int, int]:
    """Level, since when, ordinal."""
    word = profile.p[profile.rule(rule) + WORD]
    since, packed = profile.w[0, word : word + 2].tolist()
    return profile.level(rule), since, packed >> LEVEL_BITS


def is_in(profile: Profile, kind: int, rule: str) -> bool:
    at = profile.rule(rule)
    return bool(profile.w[0, profile.p[kind] + profile.p[at + SET_WORD]] & profile.p[at + SET_BIT])


def test_a_level_that_changes_is_so_from_now_on_with_the_next_ordinal_and_the_one_before_is_noted() -> None:
    profile = Profile(a="seats > 1", b="seats > 9")
    profile.set_traits(seats=5)
    assert evaluate(profile, day(1)) == (1, FAR)
    assert before(profile) == {"a": 0}
    assert [state(profile, "a"), state(profile, "b")] == [(1, day(1), 1), (0, 0, 0)]
    profile.set_traits(seats=0)
    assert evaluate(profile, day(2)) == (1, FAR)
    assert (before(profile), state(profile, "a")) == ({"a": 1}, (0, day(2), 2))


def test_only_dirty_rules_are_evaluated_and_then_none_is_dirty() -> None:
    profile = Profile(a="seats > 1", b="seats > 2")
    profile.set_traits(seats=5)
    at = profile.rule("b")
    profile.s[profile.p[DIRTY] + profile.p[at + SET_WORD]] |= profile.p[at + SET_BIT]
    for changed in (1, 0):
        found = evaluation.evaluate(profile.p, profile.w, profile.s, 0, day(1), True, FAR)
        assert found == (changed, FAR)
    assert (profile.level("a"), profile.level("b")) == (0, 1)
    assert not profile.s[profile.p[DIRTY] : profile.p[DIRTY] + profile.p[RULE_SET_WORDS]].any()


def test_a_rule_sees_the_levels_of_those_it_reads_as_they_have_just_become() -> None:
    """Also where they come later by name, or in another word of the set."""
    others = {f"r{i:03}": "false" for i in range(RULES_A_WORD)}
    profile = Profile(**others, a='in_segment("z")', b='not in_segment("a")', z="seats > 1")
    profile.set_level("b", 1)
    profile.set_traits(seats=5)
    assert evaluate(profile, day(1))[0] == 3
    assert [profile.level(name) for name in "zab"] == [1, 1, 0]


def test_readers_of_a_rule_are_evaluated_with_it_though_nothing_marked_them() -> None:
    profile = Profile(a='in_segment("z")', z="seats > 1")
    evaluate(profile, day(1))
    profile.set_traits(seats=5)
    at = profile.rule("z")
    profile.s[profile.p[DIRTY] + profile.p[at + SET_WORD]] |= profile.p[at + SET_BIT]
    assert evaluation.evaluate(profile.p, profile.w, profile.s, 0, day(2), True, FAR)[0] == 2
    assert profile.level("a") == 1


def test_levels_may_be_left_as_they_are_and_are_then_due_as_if_time_had_changed_them() -> None:
    profile = Profile(a="seats > 1", b="idle_days >= 7")
    profile.set_traits(seats=5)
    assert evaluate(profile, day(1), sets_levels=False) == (0, day(7))
    assert (before(profile), state(profile, "a")) == ({}, (0, 0, 0))
    assert is_in(profile, TIME_DRIVEN, "a")


def test_who_lacks_what_only_events_bring_is_blocked_and_not_driven_by_time() -> None:
    profile = Profile(asked="seats > 1 and idle_days >= 7")
    assert evaluate(profile, day(1)) == (0, FAR)
    assert (is_in(profile, BLOCKED, "asked"), is_in(profile, TIME_DRIVEN, "asked")) == (True, False)
    profile.set_traits(seats=5)
    assert evaluate(profile, day(1)) == (0, day(7))
    assert (is_in(profile, BLOCKED, "asked"), is_in(profile, TIME_DRIVEN, "asked")) == (False, True)
    assert any_time_driven(profile.p, profile.w, 0, profile.p[EVERY_RULE])


def test_who_is_in_is_never_blocked() -> None:
    profile = Profile(asked="seats > 1 and idle_days >= 7")
    profile.set_level("asked", 1)
    assert evaluate(profile, day(1))[0] == 1
    assert not is_in(profile, BLOCKED, "asked")


@pytest.mark.parametrize(("until", "due"), [(FAR, day(3)), (day(2), day(2))])
def test_the_first_deadline_of_all_rules_is_returned_if_it_is_before_until(until: int, due: int) -> None:
    profile = Profile(a="idle_days >= 7", b="idle_days >= 3", c="seats > 1 and idle_days >= 2")
    assert evaluate(profile, day(0), until=until) == (0, due)
