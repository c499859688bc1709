"""Erasure: a profile is taken away, and what happened before does not bring it back.

Comes in: commands to erase a subject, and events. Goes out: who leaves what because of it, and which events are
refused. What stays of a subject is a mark: a hash of the id, and the time up to which events are refused.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Final

import msgspec
import numpy as np

from streams.core.arrays import Ints
from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.decoding import Memberships
from streams.core.engine.leaving import leave, rules_by_segment
from streams.core.events import Event
from streams.core.kernel.layout import CLOCK, FIRST_SEEN, NEVER
from streams.core.profiles.table import Table
from streams.core.rules.rulebook import Rulebook

NO_MARKS: Final[Mapping[bytes, int]] = MappingProxyType({})


class Erasure(msgspec.Struct, frozen=True, gc=False):
    """The command to erase all of a subject up to `ts` (ms). of: the user whose alias it was, if it is that alone."""

    subject: str
    ts: int
    message_id: str | None = None
    of: str | None = None


def mark_of(subject: str) -> bytes:
    """What is kept of an id: its SHA-256, which whoever knows the id can find again."""
    return sha256(subject.encode()).digest()


class Erased:
    """Who was erased from a shard. marks: by `mark_of` the subject, the time (ms) up to which events are refused."""

    def __init__(self, rulebook: Rulebook, marks: Mapping[bytes, int] = NO_MARKS):
        self._rule_of = rules_by_segment(rulebook)
        self._marks = dict(marks)
        self._newest_ms = max(marks.values(), default=NEVER)
        self._gone: set[str] = set()
        self._moved: set[str] = set()
        self._changed: set[bytes] = set()

    def erase(
        self, table: Table, erasures: Sequence[Erasure], memberships: Callable[[str], Memberships]
    ) -> list[Change]:
        """Take profiles out of the table; the changes by which their subjects leave what they were in.

        A profile goes whole, with what it counted after the time of the command; and all up to its clock is refused, so
        that a later profile has no change at an instant of this one. A profile that began after that time stays.
        """
        changes: list[Change] = []
        leaving: set[str] = set()
        for erasure in erasures:
            subject, until_ms = erasure.subject, erasure.ts
            row = table.find(subject)
            if row is not None and subject not in leaving:
                words = table.memory.words[row]
                if words[FIRST_SEEN] > until_ms:
                    self.refuse(subject, until_ms)
                    continue
                until_ms = max(until_ms, int(words[CLOCK]))
                held = memberships(subject)
                changes += leave(self._rule_of, subject, held, until_ms, "erase", erasure.message_id)
                leaving.add(subject)
            self.refuse(subject, until_ms)
            self._gone.add(subject)
        _remove(table, leaving)
        return changes

    @property
    def marks(self) -> Mapping[bytes, int]:
        return self._marks

    def refuse(self, subject: str, until_ms: int) -> None:
        """Refuse what is of up to then."""
        mark = mark_of(subject)
        self._marks[mark] = max(until_ms, self._marks.get(mark, NEVER))
        self._newest_ms = max(self._newest_ms, until_ms)
        self._changed.add(mark)

    def take_out(self, table: Table, subject: str) -> None:
        """Of a subject who is another from then on; nothing is refused that comes of it."""
        self._moved.add(subject)
        _remove(table, [subject])

    def refused(self, batch: Batch) -> Ints:
        """The places of the events that are of before their subject was erased."""
        # Events are mostly newer than the newest mark: then nobody's id is hashed.
        old = np.flatnonzero(batch.ts <= self._newest_ms).tolist()
        return np.array([i for i in old if self.is_refused(batch.events[i])], np.int64)

    def is_refused(self, event: Event) -> bool:
        return event.ts <= self._newest_ms and event.ts <= self.until(event.subject)

    def until(self, subject: str) -> int:
        """Up to when (ms) events of a subject are refused."""
        return self._marks.get(mark_of(subject), NEVER)

    @property
    def untold(self) -> int:
        """How many subjects were erased or taken out since `take`."""
        return max(len(self._changed), len(self._gone) + len(self._moved))

    def take(self) -> tuple[list[str], list[tuple[bytes, int]], list[str]]:
        """Since the last call: the subjects of whom nothing of before may be kept, the marks that were set, and the
        subjects who are others."""
        gone, marks = sorted(self._gone), [(mark, self._marks[mark]) for mark in sorted(self._changed)]
        moved = sorted(self._moved - self._gone)
        self._gone, self._moved, self._changed = set(), set(), set()
        return gone, marks, moved


def _remove(table: Table, subjects: Collection[str]) -> None:
    rows = table.memory.words[[table.row_of(subject) for subject in subjects]]
    for subject in subjects:
        table.remove(subject)
    table.forget_texts(rows)
