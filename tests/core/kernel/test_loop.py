"""The ways into the kernel, by small rules: what each does to a row, and what it notes of it.

That all of them together find what the judge finds is in the tests against the oracle.
"""

import numpy as np
import pytest

from streams.core.arrays import Ints
from streams.core.events import Value
from streams.core.instants import DAY_MS
from streams.core.kernel import loop
from streams.core.kernel.layout import (
    AT,
    CAUSE,
    CLOCK,
    FAR,
    FIRST_SEEN,
    NEVER,
    NEW_LEVEL,
    NEWEST_ACTIVITY,
    OCCURRENCE,
    RULE,
    SHOWN,
    TOTAL_WORD,
)
from streams.core.kernel.loop import (
    ACTIVE,
    BY_EVENT,
    BY_RULE_CHANGE,
    BY_TIMER,
    CLASS,
    COLUMNS,
    LAST,
    O_ROW,
    SETS_TRAITS,
    TS,
    WRITES,
    WRITES_END,
    Occurrences,
)
from streams.core.kernel.transitions import TransitionBuffer, empty_buffer
from streams.core.language.parser import parse_value
from streams.core.rules.nodes import EventSet, Lifetime
from streams.core.rules.rulebook import Edges, Scores
from tests.core.kernel.profile import Profile, day

Told = list[tuple[str, int, int, int]]


class Kernel:
    """The kernel at work on one profile, of whom nothing has been heard yet."""

    def __init__(self, *rules: Scores, room: int = 8, **enter: str):
        self.profile = Profile(*rules, **enter)
        self.names, self.row = self.profile.rulebook.names, self.profile.row
        self.p, self.memory, self.w = self.profile.p, self.profile.memory, self.profile.w
        self.w[self.row] = self.profile.unseen
        self.memory.due[self.row] = FAR
        self.f = empty_buffer(len(self.names), room, self.profile.program.transition_words)
        self.writes: list[tuple[int, int]] = []

    @property
    def state(self) -> tuple[Ints, loop.Memory, TransitionBuffer]:
        """What every way in is given; nothing is told yet."""
        self.f.filled[0] = 0
        return self.p, self.memory, self.f

    def occurs(
        self, at: int, name: str = "A", *, active: bool = True, last: bool = True, told: float = 0.0, **traits: Value
    ) -> Ints:
        """An occurrence: `told` stands in all of its columns."""
        words = np.zeros(COLUMNS + len(self.profile.catalog.columns), np.int64)
        words[[O_ROW, TS, ACTIVE, LAST, SETS_TRAITS]] = self.row, at, active, last, bool(traits)
        words[CLASS] = self.profile.program.classes.get(name, self.profile.program.unread)[active]
        words[COLUMNS:] = np.array([told]).view(np.int64)[0]
        words[WRITES] = len(self.writes)
        self.writes += self.profile.table.trait_words(traits)
        words[WRITES_END] = len(self.writes)
        return words

    def step(self, *occurrences: Ints, come: int = NEVER, start: int = 0) -> int:
        writes = np.array(self.writes, np.int64).reshape(-1, 2)
        return loop.step(*self.state, Occurrences(np.array(occurrences), writes), come, start)

    def tick(self, now: int) -> int:
        return loop.tick(*self.state, np.array([self.row]), now, 0)

    @property
    def told(self) -> Told:
        """Of each change: rule, level, instant, cause."""
        lines = self.f.words[: self.f.filled[0]].tolist()
        return [(self.names[each[RULE]], each[NEW_LEVEL], each[AT], each[CAUSE]) for each in lines]

    @property
    def count(self) -> int:
        return int(self.w[self.row, self.profile.word(Lifetime(EventSet(("A",))))])

    def times(self) -> list[int]:
        found: list[int] = self.w[self.row, [CLOCK, FIRST_SEEN, NEWEST_ACTIVITY]].tolist()
        return found


def test_an_id_among_those_that_are_kept_is_a_repeat_and_one_that_is_none_never() -> None:
    kernel = Kernel(asked='count("A") > 9')
    kept = kernel.profile.catalog.remembered_ids
    ids = [1, 0, 2, 1, 0, *range(3, kept + 2), 2, 1]
    repeated = np.zeros(len(ids), np.uint8)
    rows = np.full(len(ids), kernel.row)
    loop.deduplicate(kernel.w, kernel.memory.dirty, rows, np.array(ids), kept, repeated)
    assert np.flatnonzero(repeated).tolist() == [3, len(ids) - 2]  # the 1 has been forgotten meanwhile
    assert kernel.memory.dirty[kernel.row] == 1


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


def test_a_look_says_how_each_rule_stands_later_and_changes_nothing() -> None:
    kernel = Kernel(a='count("A", days=3) >= 1', b="idle_days >= 7")
    kernel.step(kernel.occurs(day(1)))
    row = kernel.w[kernel.row].copy()
    loop.look(*kernel.state, kernel.row, day(9))
    # The levels are as they were told last; what shows why is as of then.
    assert [each[:3] for each in kernel.told] == [("a", 1, day(1)), ("b", 0, 0)]
    values = kernel.f.words[:2, kernel.p[SHOWN]].copy().view(np.float64)
    assert values.tolist() == [0.0, 8.0]
    assert kernel.w[kernel.row].tolist() == row.tolist()


def measured(kernel: Kernel, at: int) -> list[float]:
    """Recency, frequency and monetary value of the one profile."""
    at_measures = kernel.profile.program.measures["rfm"]
    found: list[float] = loop.measure(kernel.p, kernel.memory, np.array([kernel.row]), at, at_measures)[0].tolist()
    return found


def rfm(fixed: Edges | None) -> Scores:
    recency, frequency, monetary = map(parse_value, ("idle_days", 'count("A", days=2)', "seats"))
    return Scores("rfm", recency, frequency, monetary, fixed)


FOUR = (1.0, 2.0, 3.0, 4.0)


@pytest.mark.parametrize(("at", "recency", "frequency"), [(day(0), 0.0, 1.0), (day(2), 1.0, 1.0), (day(3.5), 2.5, 0.0)])
def test_what_is_scored_is_measured_as_of_an_instant_but_not_before_the_clock(
    at: int, recency: float, frequency: float
) -> None:
    kernel = Kernel(rfm(Edges(FOUR, FOUR, FOUR)))
    kernel.step(kernel.occurs(day(1)))
    row = kernel.w[kernel.row].copy()
    assert measured(kernel, at) == pytest.approx([recency, frequency, np.nan], nan_ok=True)
    assert kernel.w[kernel.row].tolist() == row.tolist()


def test_recency_by_quintiles_is_measured_as_of_1970_whatever_the_instant() -> None:
    kernel = Kernel(rfm(None))
    kernel.step(kernel.occurs(day(1)))
    found = [measured(kernel, at)[0] for at in (day(1), day(9))]
    assert found == [-day(1) / DAY_MS] * 2
