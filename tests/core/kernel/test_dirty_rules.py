"""Rules that wait to be evaluated, a bit for each: over more rules than a word has bits."""

from collections.abc import Collection

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.arrays import Ints
from streams.core.kernel import dirty_rules
from streams.core.kernel.layout import BLOCKED, DIRTY, RULE_SET_WORDS, RULES_A_WORD, TIME_DRIVEN
from tests.core.kernel.profile import Profile

COUNT = 2 * RULES_A_WORD + 7
RULES = [f"r{number:03}" for number in range(COUNT)]
sets = st.sets(st.integers(0, COUNT - 1))


@pytest.fixture(scope="module")
def profile() -> Profile:
    """Rules whose places in the order of evaluation are those of their names; no leaf is of two of them."""
    return Profile(**{name: f"seats > {place}" for place, name in enumerate(RULES)})


def rule_set(places: Collection[int]) -> Ints:
    """A rule set as a program has it: how many words, then the place of each and its bits."""
    words = sorted({place // RULES_A_WORD for place in places})
    bits = [sum(1 << place % RULES_A_WORD for place in places if place // RULES_A_WORD == word) for word in words]
    return np.array([len(words), *(each for pair in zip(words, bits, strict=True) for each in pair)], np.int64)


def places_in(words: Ints) -> set[int]:
    return {RULES_A_WORD * i + at for i, word in enumerate(words.tolist()) for at in range(64) if word >> at & 1}


def with_sets(profile: Profile, *places: Collection[int]) -> tuple[Ints, list[int]]:
    """The program with rule sets behind its end, and their addresses."""
    found = [rule_set(each) for each in places]
    ends = np.cumsum([len(profile.p), *map(len, found)])
    return np.concatenate([profile.p, *found]), ends[:-1].tolist()


def dirty(profile: Profile) -> set[int]:
    start, count = profile.p[DIRTY], profile.p[RULE_SET_WORDS]
    return places_in(profile.s[start : start + count])


def known(profile: Profile, kind: int) -> set[int]:
    start, count = profile.p[kind], profile.p[RULE_SET_WORDS]
    return places_in(profile.w[0, start : start + count])


def clean(profile: Profile) -> Profile:
    profile.s[:] = 0
    for kind in (TIME_DRIVEN, BLOCKED):
        profile.w[0, profile.p[kind] : profile.p[kind] + profile.p[RULE_SET_WORDS]] = 0
    return profile


def note(profile: Profile, kind: int, places: Collection[int]) -> None:
    for place in places:
        dirty_rules.note_rule(profile.p, profile.w, 0, profile.rule(RULES[place]), kind, True)


@given(st.lists(sets, max_size=3))
def test_rules_of_a_set_are_marked_beside_those_that_are(profile: Profile, marked: list[set[int]]) -> None:
    clean(profile)
    p, addresses = with_sets(profile, *marked)
    for address in addresses:
        dirty_rules.mark_dirty(p, profile.s, address)
    assert dirty(profile) == set[int]().union(*marked)


@given(sets, sets)
def test_blocked_rules_are_left_out(profile: Profile, marked: set[int], blocked: set[int]) -> None:
    note(clean(profile), BLOCKED, blocked)
    p, (address,) = with_sets(profile, marked)
    dirty_rules.mark_dirty_unless_blocked(p, profile.w, profile.s, 0, address)
    assert dirty(profile) == marked - blocked


@given(sets, sets)
def test_time_driven_rules_are_known_and_marked(profile: Profile, driven: set[int], asked: set[int]) -> None:
    note(clean(profile), TIME_DRIVEN, driven)
    p, (address,) = with_sets(profile, asked)
    assert dirty_rules.any_time_driven(p, profile.w, 0, address) == bool(driven & asked)
    dirty_rules.mark_time_driven(p, profile.w, profile.s, 0)
    assert dirty(profile) == driven


@given(st.lists(st.tuples(st.integers(0, COUNT - 1), st.booleans())), st.sampled_from([TIME_DRIVEN, BLOCKED]))
def test_of_each_rule_the_last_note_holds(profile: Profile, notes: list[tuple[int, bool]], kind: int) -> None:
    clean(profile)
    for place, is_so in notes:
        dirty_rules.note_rule(profile.p, profile.w, 0, profile.rule(RULES[place]), kind, is_so)
    assert known(profile, kind) == {place for place, is_so in dict(notes).items() if is_so}
    assert known(profile, TIME_DRIVEN + BLOCKED - kind) == set()


@given(st.sets(st.integers(0, RULES_A_WORD - 1), min_size=1), st.integers(0, RULES_A_WORD - 1))
def test_bits_are_found_one_by_one(places: set[int], first: int) -> None:
    bits = sum(1 << place for place in places)
    if bits >> first:
        assert dirty_rules.first_from(bits, first) == min(place for place in places if place >= first)
