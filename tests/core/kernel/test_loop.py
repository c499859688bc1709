"""The ways into the kernel, by small rules: what each does to a row, and what it notes of it.

That all of them together find what the judge finds is in the tests against the oracle.
"""

import numpy as np
import pytest

from streams.core.kernel import loop
from streams.core.kernel.layout import FAR, NEVER, OCCURRENCE, TOTAL_WORD
from streams.core.kernel.loop import BY_EVENT, BY_RULE_CHANGE, BY_TIMER
from tests.core.kernel.kernel import Kernel, Told
from tests.core.kernel.profile import day


def test_the_first_event_begins_a_profile() -> None:
    kernel = Kernel(active='count("A") >= 1', idle="idle_days >= 7")
    assert kernel.step(kernel.occurs(day(0))) == 1
    assert kernel.told == [("active", 1, day(0), BY_EVENT)]
    assert kernel.times() == [day(0)] * 3
    assert (kernel.count, kernel.memory.due[kernel.row], kernel.memory.dirty[kernel.row]) == (1, day(7), 1)


def test_what_is_no_activity_moves_the_clock_alone() -> None:
    kernel = Kernel(asked="idle_days >= 7")
    kernel.step(kernel.occurs(day(0)), kernel.occurs(day(1), active=False))
    assert kernel.times() == [day(1), day(0), day(0)]


def test_a_late_event_is_counted_and_moves_no_clock_back() -> None:
    kernel = Kernel(asked='count("A") >= 2')
    kernel.step(kernel.occurs(day(2)), kernel.occurs(day(1)))
    assert kernel.told == [("asked", 1, day(2), BY_EVENT)]
    assert kernel.times() == [day(2), day(1), day(2)]


def test_all_occurrences_of_an_event_are_one_instant() -> None:
    kernel = Kernel(once='count("A") == 1', twice='count("A") == 2')
    kernel.step(kernel.occurs(day(0), last=False), kernel.occurs(day(0), active=False), kernel.occurs(day(1), "B"))
    assert kernel.told == [("twice", 1, day(0), BY_EVENT)]
    assert kernel.f.words[0, OCCURRENCE] == 0


def test_what_an_event_sets_is_written_with_it() -> None:
    kernel = Kernel(asked='seats >= 5 and count("A") >= 1')
    kernel.step(kernel.occurs(day(0)), kernel.occurs(day(1), "", active=False, seats=5))
    assert kernel.told == [("asked", 1, day(1), BY_EVENT)]
    assert kernel.f.words[0, OCCURRENCE] == 1


@pytest.mark.parametrize(("told", "level"), [(0.0, 0), (1.0, 1)])
def test_an_event_that_is_not_meant_is_not_counted(told: float, level: int) -> None:
    kernel = Kernel(asked='count(event("A", where=properties.x > 1)) >= 1')
    kernel.step(kernel.occurs(day(0), told=told))
    assert kernel.profile.level("asked") == level


@pytest.mark.parametrize(("told", "level"), [(2.0, 1), (1.0, 0), (float("nan"), 0)])
def test_an_amount_is_summed_if_it_is_one(told: float, level: int) -> None:
    kernel = Kernel(asked='sum("A", "x", days=2) >= 2')
    kernel.step(kernel.occurs(day(0), told=told))
    assert kernel.profile.level("asked") == level


def test_what_was_due_before_an_event_comes_first() -> None:
    kernel = Kernel(idle="idle_days >= 7")
    kernel.step(kernel.occurs(day(0)), kernel.occurs(day(9)))
    assert kernel.told == [("idle", 1, day(7), BY_TIMER), ("idle", 0, day(9), BY_EVENT)]


def test_what_a_late_event_makes_due_comes_before_the_next_event_once_the_time_has_come() -> None:
    told: list[Told] = []
    for come in (NEVER, day(20)):
        kernel = Kernel(since='days_since("A") >= 7', other='count("B") >= 2')
        kernel.step(kernel.occurs(day(0)), kernel.occurs(day(3), "B"), kernel.occurs(day(4), "B"), come=come)
        told.append(kernel.told)
    assert told == [
        [("other", 1, day(4), BY_EVENT)],
        [("since", 1, day(7), BY_TIMER), ("other", 1, day(7), BY_EVENT)],
    ]


def test_a_deadline_that_flips_nothing_leaves_no_trace() -> None:
    kernel = Kernel(asked="idle_days >= 2 and idle_days >= 9")
    kernel.step(kernel.occurs(day(0)))
    row = kernel.w[kernel.row].copy()
    kernel.memory.dirty[kernel.row] = 0
    assert kernel.tick(day(5)) == 1
    assert (kernel.told, kernel.memory.due[kernel.row], kernel.memory.dirty[kernel.row]) == ([], day(9), 0)
    assert kernel.w[kernel.row].tolist() == row.tolist()


def test_time_alone_flips_to_the_millisecond_and_moves_the_clock_there() -> None:
    kernel = Kernel(asked="idle_days > 2")
    kernel.step(kernel.occurs(day(0)))
    kernel.tick(day(2))
    assert kernel.told == []
    kernel.tick(day(5))
    assert kernel.told == [("asked", 1, day(2, 1), BY_TIMER)]
    assert (kernel.times()[0], kernel.memory.due[kernel.row]) == (day(2, 1), FAR)


def test_all_deadlines_up_to_now_are_worked_off_in_order() -> None:
    kernel = Kernel(a="idle_days >= 2", b="idle_days >= 1 and idle_days < 3")
    kernel.step(kernel.occurs(day(0)))
    kernel.tick(day(3, -1))
    assert [each[:3] for each in kernel.told] == [("b", 1, day(1)), ("a", 1, day(2))]
    kernel.tick(day(30))
    assert [each[:3] for each in kernel.told] == [("b", 0, day(3, 0))]


def test_where_the_lines_are_full_it_stops_and_goes_on_there() -> None:
    texts = {"a": 'count("A") >= 1', "b": 'count("A") == 2', "c": "idle_days >= 1"}
    roomy, narrow = Kernel(room=99, **texts), Kernel(room=0, **texts)
    assert len(narrow.f.words) == len(texts)
    assert roomy.step(*[roomy.occurs(day(number)) for number in range(4)]) == 4
    events = [narrow.occurs(day(number)) for number in range(4)]
    told: Told = []
    starts = [0]
    while starts[-1] < len(events):
        starts.append(narrow.step(*events, start=starts[-1]))
        told += narrow.told
    assert len(starts) > 2
    assert told == roomy.told
    assert narrow.w[narrow.row].tolist() == roomy.w[roomy.row].tolist()


@pytest.mark.parametrize(("at", "clock"), [(day(1), day(2)), (day(5), day(5))])
def test_under_changed_rules_all_is_evaluated_at_the_time_that_has_come(at: int, clock: int) -> None:
    kernel = Kernel(asked="seats >= 1")
    kernel.step(kernel.occurs(day(2)))
    kernel.profile.set_traits(seats=5)
    kernel.memory.dirty[kernel.row] = 0
    assert loop.reevaluate(*kernel.state, np.array([kernel.row]), np.array([0]), at, 0) == 1
    assert kernel.told == [("asked", 1, clock, BY_RULE_CHANGE)]
    assert (kernel.times()[0], kernel.memory.dirty[kernel.row]) == (clock, 1)


@pytest.mark.parametrize(("changed", "clock"), [(0, day(2)), (1, day(5))])
def test_the_clock_moves_there_where_there_is_a_change_anyway(changed: int, clock: int) -> None:
    kernel = Kernel(asked="seats >= 1")
    kernel.step(kernel.occurs(day(2)))
    loop.reevaluate(*kernel.state, np.array([kernel.row]), np.array([changed]), day(5), 0)
    assert (kernel.told, kernel.times()[0]) == ([], clock)


def test_what_is_derived_is_made_anew_from_what_is_kept() -> None:
    kernel = Kernel(busy='count("A", days=3) >= 2', idle="idle_days >= 7")
    kernel.step(kernel.occurs(day(0)), kernel.occurs(day(1)))
    row, due = kernel.w[kernel.row].copy(), kernel.memory.due[kernel.row]
    (window,) = kernel.profile.windows(kernel.profile.rings[0])
    kernel.w[kernel.row, kernel.profile.catalog.kept :] = 0
    kernel.memory.due[kernel.row] = 0
    loop.derive(*kernel.state, np.array([kernel.row]))
    assert kernel.w[kernel.row, kernel.p[window + TOTAL_WORD]] == 2
    assert kernel.w[kernel.row].tolist() == row.tolist()
    assert kernel.memory.due[kernel.row] == due == day(3)
