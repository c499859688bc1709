"""Profiles that other rules wrote, evaluated under these (docs/semantics.md#other-rules-than-before).

Comes in: what loading them has found (`streams.core.engine.loading`). Goes out: which rows are to be evaluated next,
and the changes that follow. Whoever is in a segment or level that was taken out leaves it: by the change to another
level of the same tier, or else by a change of its own. Where a rule is live that was in shadow, or the other way round,
who was in stays in, and that is told as an entry by the one and an exit by the other.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

import msgspec
import numpy as np

from streams.core.arrays import Ints
from streams.core.changes import Change
from streams.core.kernel.layout import CLOCK, LEVEL, LEVEL_BITS
from streams.core.profiles.kinds import RULE
from streams.core.profiles.snapshot import RowSchema
from streams.core.profiles.table import Table
from streams.core.rules.rulebook import SHADOW, key_of


class Orphan(NamedTuple):
    """A membership of a segment that was taken out. `ordinal` is that of the change which ends it."""

    key: str
    version: str
    segment: str
    ordinal: int


class Adopted(NamedTuple):
    """A level that nobody was told of: of a rule that is live now and was in shadow, or the other way round; or of the
    past that a rule has from the start. rule: its number among all. word: of its level. told: the level that was told,
    0 for none. is_dated: whether it is known since when."""

    rule: int
    key: str
    word: int
    told: int = 0
    is_dated: bool = False


class Arrival(Protocol):
    def __call__(self, row: int, rule: int, before: int, at_ms: int, subject: str, segments: tuple[str, ...]) -> Change:
        """That a subject has come where a rule has her, from the level `before`. segments: all that she is in."""


class Migration:
    """The profiles still to be evaluated anew, in the order in which they were loaded. known: of which of them the past
    says where they are: telling it moves no clock of theirs, as nothing has happened to them. united: those of them to
    whom was added what was counted of others, without which the past had evaluated them."""

    def __init__(self, today: RowSchema):
        self.today = today
        self.rows: dict[int, None] = {}
        self.orphans: dict[int, list[Orphan]] = defaultdict(list)
        self.told: dict[int, list[tuple[str, int]]] = defaultdict(list)
        self.adopted: dict[int, list[Adopted]] = defaultdict(list)
        self.known: set[int] = set()
        self.united: set[int] = set()

    def __len__(self) -> int:
        return len(self.rows)

    def as_told(self, members: Mapping[str, int], table: Table, segment: Callable[[int, int], str]) -> Counter[str]:
        """How many are in each segment by what has been told. members: by the rows. segment: of a rule's number and a
        level, empty for none."""
        found = Counter(members)
        for row, adopted in self.adopted.items():
            for one in adopted:
                found[segment(one.rule, int(table.memory.words[row, one.word]) & LEVEL)] -= 1
                found[segment(one.rule, one.told)] += 1
        found.update(orphan.segment for orphans in self.orphans.values() for orphan in orphans)
        return found

    def take(self, limit: int) -> Ints:
        return self._take(list(islice(self.rows, limit)))

    def take_of(self, rows: Iterable[int]) -> Ints:
        """Those of these rows that are still to be evaluated."""
        return self._take([row for row in rows if row in self.rows])

    def _take(self, rows: list[int]) -> Ints:
        for row in rows:
            del self.rows[row]
        return np.array(rows, np.int64)

    def take_leavers(self, rows: Ints) -> Ints:
        """1 for a row that comes to the instant of its evaluation, as something is told of it in any case, or most
        likely."""
        comes = [(row in self.orphans or row in self.adopted) and row not in self.known for row in rows.tolist()]
        found = np.array(comes, np.int64)
        self.known.difference_update(rows.tolist())
        return found

    def take_united(self, rows: Ints) -> Ints:
        found = [row for row in rows.tolist() if row in self.united]
        self.united.difference_update(found)
        return np.array(found, np.int64)

    def adopt_levels(self, rows: Ints, before: Ints, table: Table) -> None:
        """What rules have found of rows since these words of before is as if their past had said it."""
        for row, was in zip(rows.tolist(), before, strict=True):
            words = table.memory.words[row]
            for number, key in enumerate(self.today.rules):
                field = self.today.field(RULE + key)
                state = field.start + 1 if field is not None else 0
                if state and words[state] != was[state]:
                    words[state] = was[state] & ~LEVEL | words[state] & LEVEL
                    if all(one.rule != number for one in self.adopted[row]):
                        self.adopted[row].append(Adopted(number, key, state, int(was[state]) & LEVEL, is_dated=True))

    def adopt(
        self,
        table: Table,
        rows: Ints,
        changes: list[Change],
        at_ms: int,
        arrival: Arrival,
        memberships: Callable[[Sequence[str]], Sequence[Mapping[str, object]]],
    ) -> list[Change]:
        """The changes of `rows` at `at_ms`, in which who was at a level that nobody was told of has come there, or has
        not: in the place of what the kernel found, for which she was there already."""
        if not self.adopted:
            return changes
        found = {(change.subject, key_of(change.rule, change.is_shadow)) for change in changes}
        passed_over: set[tuple[str, str]] = set()
        arrivals: list[Change] = []
        rows = np.array([row for row in rows.tolist() if row in self.adopted], np.int64)
        subjects = table.subjects_of(rows)
        for row, subject, held in zip(rows.tolist(), subjects, memberships(subjects), strict=True):
            for one in self.adopted.pop(row):
                key = subject, one.key
                passed_over.add(key)
                words = table.memory.words[row]
                ordinal, level = int(words[one.word]) >> LEVEL_BITS, int(words[one.word]) & LEVEL
                ordinal += (level != one.told) - (key in found)  # the kernel counted what it found
                words[one.word] = ordinal << LEVEL_BITS | level
                if not one.is_dated:
                    words[one.word - 1] = max(at_ms, int(words[CLOCK]))
                if level != one.told:
                    arrivals.append(arrival(row, one.rule, one.told, at_ms, subject, tuple(held)))
        kept = (each for each in changes if (each.subject, key_of(each.rule, each.is_shadow)) not in passed_over)
        return [*kept, *arrivals]

    def with_ends(
        self,
        table: Table,
        rows: Ints,
        changes: list[Change],
        at_ms: int,
        memberships: Callable[[str], Mapping[str, object]],
    ) -> list[Change]:
        """All changes of the migration of `rows` at `at_ms`, each subject's in the order of the rules' names."""
        found = {(change.subject, key_of(change.rule, change.is_shadow)): change for change in changes}
        exits: list[Change] = []
        place = {subject: place for place, subject in enumerate(table.subjects_of(rows))}
        for subject, row in zip(place, rows.tolist(), strict=True):
            self._keep_ordinals(table, row)
            for orphan in self.orphans.pop(row, ()):
                key = subject, orphan.key
                change = found.get(key)
                if change is not None and change.type == "segment.changed":
                    found[key] = msgspec.structs.replace(change, previous=orphan.segment)
                    continue
                exits.append(_exit(subject, orphan, max(at_ms, int(table.memory.words[row, CLOCK])), memberships))
                self._count_exit(table, row, orphan.key)
                if change is not None:
                    found[key] = msgspec.structs.replace(change, ordinal=change.ordinal + 1)
        return sorted([*exits, *found.values()], key=lambda change: (place[change.subject], change.rule))

    def _keep_ordinals(self, table: Table, row: int) -> None:
        for rule, count in self.told.pop(row, ()):
            table.document(row).ordinals[rule] = count
            table.document_changed(row)

    def _count_exit(self, table: Table, row: int, rule: str) -> None:
        """Where there is another rule of that name now, it counts on."""
        field = self.today.field(RULE + rule)
        if field is not None:
            table.memory.words[row, field.start + 1] += 1 << LEVEL_BITS


def _exit(subject: str, orphan: Orphan, at_ms: int, memberships: Callable[[str], Mapping[str, object]]) -> Change:
    return Change(
        subject=subject,
        rule=orphan.key.removeprefix(SHADOW),
        type="segment.exited",
        segment=orphan.segment,
        previous=None,
        occurred_at=at_ms,
        cause="rule_change",
        event_id=None,
        ordinal=orphan.ordinal,
        rule_version=orphan.version,
        because=(),
        segments=tuple(memberships(subject)),
        traits={},
        is_shadow=orphan.key.startswith(SHADOW),
    )
