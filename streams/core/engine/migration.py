"""Loading a shard, and what to do with profiles that other rules wrote (docs/semantics.md#other-rules-than-before).

Comes in: stored rows and documents. Goes out: filled rows of the table, and the list of those to be evaluated
anew. Whoever is in a segment or level that was taken out leaves it: by the change to another level of the same tier,
or else by a change of its own.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec
import numpy as np

from streams.core.arrays import Ints
from streams.core.calendar import Calendar
from streams.core.changes import Change
from streams.core.compiler.catalog import Catalog
from streams.core.kernel.layout import CLOCK, LEVEL, LEVEL_BITS
from streams.core.profiles.kinds import RULE, Crossing
from streams.core.profiles.snapshot import Head, RowSchema, carry_over, read_rows
from streams.core.profiles.table import Table
from streams.errors import StateError


class Orphan(NamedTuple):
    """A membership of a segment that was taken out. `ordinal` is that of the change which ends it."""

    rule: str
    version: str
    segment: str
    ordinal: int


class Migration:
    """The profiles still to be evaluated anew, in the order of their rows."""

    def __init__(
        self,
        today: RowSchema,
        rows: list[int],
        orphans: dict[int, list[Orphan]],
        told: dict[int, list[tuple[str, int]]],
    ):
        self._today = today
        self._rows = rows
        self._orphans = orphans
        self._told = told

    @classmethod
    def none(cls, today: RowSchema) -> "Migration":
        return cls(today, [], {}, {})

    def __bool__(self) -> bool:
        return bool(self._rows)

    @classmethod
    def load(
        cls,
        table: Table,
        catalog: Catalog,
        head: Head,
        calendar: Calendar,
        rows: Iterable[tuple[str, bytes]],
        documents: Mapping[str, bytes],
    ) -> "tuple[Migration, set[int]]":
        """Fill the table. Also returns the numbers of the schemas that the rows were written in."""
        if head.timezone != calendar.name:
            raise StateError(
                f"the state was written with the time zone {head.timezone}, which is fixed at first start; this worker "
                f"has {calendar.name}: set SEGMENTER_TIMEZONE (or its old name SEGMENTER_UTC_OFFSET) back, or use "
                "another SEGMENTER_GROUP"
            )
        today = RowSchema.of(catalog)
        by_schema: dict[int, list[tuple[str, bytes]]] = defaultdict(list)
        for subject, packed in rows:
            by_schema[packed[0]].append((subject, packed))
        stale: list[int] = []
        kept_in: dict[str, Mapping[str, int]] = {}
        orphans: dict[int, list[Orphan]] = defaultdict(list)
        told: dict[int, list[tuple[str, int]]] = defaultdict(list)
        come: dict[str, set[str]] = {}
        for number, members in by_schema.items():
            schema = head.schemas[number]
            places = table.rows([subject for subject, _ in members])
            old = read_rows([packed for _, packed in members], schema)
            new = table.memory.words[places][:, : today.words].copy()
            carry_over(new, catalog.fields, old, schema, Crossing(calendar, schema.segments, today.segments))
            table.memory.words[places, : today.words] = new
            if schema != today:
                stale += places.tolist()
                clocks = old[:, CLOCK].tolist()
                new_rules = today.rules.keys() - schema.rules.keys()
                for (subject, _), clock in zip(members, clocks, strict=True):
                    kept_in[subject], come[subject] = schema.oldest_buckets(clock, calendar), new_rules
                for place, each in _orphans(schema, today, old):
                    orphans[int(places[place])].append(each)
                for place, rule, count in _told(schema, today, old):
                    told[int(places[place])].append((rule, count))
        for row, (subject, raw) in zip(table.rows(list(documents)).tolist(), documents.items(), strict=True):
            table.put_document(row, raw, kept_in.get(subject))
            if subject in come and b'"ordinals"' in raw:
                _count_on(table, today, row, come[subject])
        table.rank_texts()
        return cls(today, sorted(stale), orphans, told), set(by_schema)

    def take(self, limit: int) -> Ints:
        taken, self._rows = self._rows[:limit], self._rows[limit:]
        return np.array(taken, np.int64)

    def leavers(self, rows: Ints) -> Ints:
        """1 for a row with an orphaned membership."""
        return np.array([row in self._orphans for row in rows.tolist()], np.int64)

    def with_ends(
        self, table: Table, rows: Ints, changes: list[Change], memberships: Callable[[str], Mapping[str, object]]
    ) -> list[Change]:
        """All changes of the migration of `rows`, each subject's in the order of the rules' names."""
        found = {(change.subject, change.rule): change for change in changes}
        exits: list[Change] = []
        place = {subject: place for place, subject in enumerate(table.subjects_of(rows))}
        for subject, row in zip(place, rows.tolist(), strict=True):
            self._keep_ordinals(table, row)
            for orphan in self._orphans.pop(row, ()):
                key = subject, orphan.rule
                change = found.get(key)
                if change is not None and change.type == "segment.changed":
                    found[key] = msgspec.structs.replace(change, previous=orphan.segment)
                    continue
                exits.append(_exit(table, subject, row, orphan, memberships))
                self._count_exit(table, row, orphan.rule)
                if change is not None:
                    found[key] = msgspec.structs.replace(change, ordinal=change.ordinal + 1)
        return sorted([*exits, *found.values()], key=lambda change: (place[change.subject], change.rule))

    def _keep_ordinals(self, table: Table, row: int) -> None:
        for rule, count in self._told.pop(row, ()):
            table.document(row).ordinals[rule] = count
            table.document_changed(row)

    def _count_exit(self, table: Table, row: int, rule: str) -> None:
        """Where there is another rule of that name now, it counts on."""
        field = self._today.field(RULE + rule)
        if field is not None:
            table.memory.words[row, field.start + 1] += 1 << LEVEL_BITS


def _exit(
    table: Table, subject: str, row: int, orphan: Orphan, memberships: Callable[[str], Mapping[str, object]]
) -> Change:
    return Change(
        subject=subject,
        rule=orphan.rule,
        type="segment.exited",
        segment=orphan.segment,
        previous=None,
        occurred_at=int(table.memory.words[row, CLOCK]),
        cause="rule_change",
        event_id=None,
        ordinal=orphan.ordinal,
        rule_version=orphan.version,
        because=(),
        segments=tuple(memberships(subject)),
        traits={},
    )


def _told(then: RowSchema, today: RowSchema, old: Ints) -> Iterator[tuple[int, str, int]]:
    """Of rules that are no more, how many changes each will have told of rows of another schema, by their places.

    A rule that comes back counts on from there: a change that bore the id of another would be passed over by whoever
    remembers ids.
    """
    for rule in then.rules.keys() - today.rules.keys():
        field = then.field(RULE + rule)
        if field is not None:
            states = old[:, field.start + 1]
            counts = (states >> LEVEL_BITS) + (states & LEVEL > 0)  # whoever is in it leaves it
            for place in np.flatnonzero(counts).tolist():
                yield place, rule, int(counts[place])


def _count_on(table: Table, today: RowSchema, row: int, rules: set[str]) -> None:
    """Let rules that came back count on from what they had told."""
    words = table.memory.words[row]
    for rule, count in table.document(row).ordinals.items():
        field = today.field(RULE + rule) if rule in rules else None
        if field is not None:
            words[field.start], words[field.start + 1] = words[CLOCK], count << LEVEL_BITS


def _orphans(then: RowSchema, today: RowSchema, old: Ints) -> Iterator[tuple[int, Orphan]]:
    """The orphaned memberships in rows of another schema, each with the row's place among them."""
    for rule, segments in then.segments.items():
        field = then.field(RULE + rule)
        if field is None:
            continue
        states = old[:, field.start + 1]
        for level, segment in enumerate(segments, 1):
            if segment not in today.segments.get(rule, ()):
                for place in np.flatnonzero(states & LEVEL == level).tolist():
                    ordinal = (int(states[place]) >> LEVEL_BITS) + 1
                    yield place, Orphan(rule, then.rules[rule], segment, ordinal)
