"""The kernel at work on one profile."""

import numpy as np

from streams.core.arrays import Ints
from streams.core.events import Value
from streams.core.kernel import loop
from streams.core.kernel.layout import AT, CAUSE, CLOCK, FAR, FIRST_SEEN, NEVER, NEW_LEVEL, NEWEST_ACTIVITY, RULE
from streams.core.kernel.memory import Memory
from streams.core.kernel.occurrences import (
    ACTIVE,
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
from streams.core.rules.nodes import EventSet, Lifetime
from streams.core.rules.rulebook import Scores
from tests.core.kernel.profile import Profile

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
    def state(self) -> tuple[Ints, Memory, TransitionBuffer]:
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
