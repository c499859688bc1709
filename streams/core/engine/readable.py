"""The profiles of a shard, as they can be read: who is in what, since when and why; what scores go by; what is due.

Comes in: subjects, and the time (ms). Goes out: what is so. Nothing here changes a profile: what does is in `shard.py`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from streams.core.arrays import Floats, Ints
from streams.core.calendar import Calendar
from streams.core.compiler.dependencies import by_quintiles
from streams.core.compiler.fields import CONTEXT
from streams.core.compiler.program import written
from streams.core.engine.decoding import ChangeDecoder, Memberships
from streams.core.engine.handed_out import Standing
from streams.core.events import Event, Value
from streams.core.kernel import loop
from streams.core.kernel.layout import (
    AT,
    CLOCK,
    FAR,
    FIRST_SEEN,
    LEVEL,
    LEVEL_BITS,
    NEVER,
    NEW_LEVEL,
    NEWEST_ACTIVITY,
    ORDINAL,
)
from streams.core.kernel.memory import Memory
from streams.core.kernel.transitions import TransitionBuffer, empty_buffer
from streams.core.profiles.table import Table
from streams.core.rules.rulebook import Grouping, Rulebook

ROOM_FOR_TRANSITIONS = 1_024
ALL = slice(None)


class Readable:
    """The profiles of one partition under one rulebook, and the compiled rules by which they are read.

    says_why: whether changes bear their reasons, and what else others are told with them (`decoding.Why`)."""

    says_why = True

    def __init__(self, rulebook: Rulebook, calendar: Calendar, private_traits: frozenset[str], remembered_ids: int):
        self.catalog, program, text_code = written(rulebook, calendar, remembered_ids)
        self.calendar = calendar
        self._by_quintiles = by_quintiles(rulebook)
        self.private_traits = private_traits
        self._program = replace(program, words=program.words.copy())
        self.table = Table(self.catalog, self._program, dict(text_code))
        self._decoder = ChangeDecoder(self.catalog, self._program, private_traits, self.says_why)
        self._transitions = empty_buffer(len(rulebook.rules), ROOM_FOR_TRANSITIONS, self._program.transition_words)

    @property
    def _state(self) -> tuple[Ints, Memory, TransitionBuffer]:
        """What every function of the kernel is given."""
        return self._program.words, self.table.memory, self._transitions

    def __contains__(self, subject: str) -> bool:
        """Whether there is a profile."""
        return subject in self.table

    @property
    def _newest_ms(self) -> int:
        """The greatest clock of any profile."""
        return int(self.table.memory.words[: len(self.table), CLOCK].max(initial=NEVER))

    @property
    def reached_ms(self) -> int:
        """The newest event's time, as far as profiles have it: of their activity, and of their first event."""
        return int(self.table.memory.words[: len(self.table), [FIRST_SEEN, NEWEST_ACTIVITY]].max(initial=NEVER))

    @property
    def due(self) -> int:
        """The next deadline of any profile (ms; a lower bound), `FAR` if there is none."""
        return int(self.table.memory.due[: len(self.table)].min(initial=FAR))

    def traits_of(self, event: Event) -> Mapping[str, Value]:
        """What it sets, with what these rules read of its context and those did not under which it came."""
        unread, read = event.unread_context or {}, self.catalog.reads.context
        return {f"{CONTEXT}{name}": value for name, value in unread.items() if name in read} | {**event.traits}

    def measure(self, rule: str, at_ms: int, profiles: slice = ALL) -> tuple[Floats, Floats, Floats]:
        """Recency, frequency and monetary value by a scores rule, of all profiles or a slice of them, as far as they
        are scored, as of `at_ms`; NaN for what is missing."""
        rows = self.table.taken()[profiles]
        found = loop.measure(self._program.words, self.table.memory, rows, at_ms, self._program.measures[rule])
        return found[:, 0], found[:, 1], found[:, 2]

    def memberships(self, subject: str) -> Memberships:
        """The segments a subject is in, a tier's as `lifecycle/power`; none of rules in shadow."""
        return self.all_memberships([subject])[0]

    def _held(self, subject: str) -> Memberships:
        """The same with those of rules in shadow."""
        return self.all_memberships([subject], with_shadow=True)[0]

    def all_memberships(self, subjects: Sequence[str], with_shadow: bool = False) -> list[Memberships]:
        """The memberships of each subject; KeyError names one who has no profile."""
        rows, words = self.table.rows_of(subjects)[:, None], np.array(self._program.rule_words, np.int64)
        since, states = self.table.memory.words[rows, words], self.table.memory.words[rows, words + 1]
        return self._decoder.memberships(states & LEVEL, since, states >> LEVEL_BITS, with_shadow)

    def levels(self, rows: Ints) -> Iterator[tuple[Grouping, Ints, Ints]]:
        """The level of each of these rows, and its last ordinal, by each live rule whose levels do not hang on
        quintiles."""
        for rule, word in zip(self.catalog.rulebook.groupings, self._program.rule_words, strict=True):
            if not rule.is_shadow and rule.name not in self._by_quintiles:
                states = self.table.memory.words[rows, word + 1]
                yield rule, states & LEVEL, states >> LEVEL_BITS

    def members(self) -> dict[str, int]:
        """How many subjects are in each segment, those of rules in shadow too."""
        words = self.table.memory.words[: len(self.table)]
        levels = [np.bincount(words[:, word + 1] & LEVEL).tolist() for word in self._program.rule_words]
        return self._decoder.members(levels)

    def explain(self, subject: str, at_ms: int) -> Iterable[Standing]:
        """Every rule's standing, as its conditions are at `at_ms`, not before the profile's newest event."""
        row = self.table.row_of(subject)
        at = max(at_ms, int(self.table.memory.words[row, CLOCK]))
        loop.look(*self._state, row, at)
        for line, (i, name) in zip(self._transitions.words, enumerate(self.catalog.rulebook.names), strict=False):
            since, ordinal = int(line[AT]), int(line[ORDINAL])
            segment = self._decoder.segment(i, int(line[NEW_LEVEL])) or None
            because = self._decoder.because(self.table, line)
            yield Standing(name, segment, since if ordinal else None, ordinal, because)
