"""What is stored of a shard, made rows of today's table.

Comes in: stored rows and documents, under any rules. Goes out: filled rows of the table, and those of them that are to
be evaluated anew, as other rules wrote them (`streams.core.engine.migration`).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple, TypeVar

import numpy as np

from streams.core.arrays import Ints
from streams.core.calendar import Calendar
from streams.core.compiler.catalog import Catalog
from streams.core.engine.migration import Adopted, Migration, Orphan
from streams.core.engine.past import Past
from streams.core.kernel.layout import CLOCK, LEVEL, LEVEL_BITS
from streams.core.profiles.kinds import RULE, Crossing
from streams.core.profiles.snapshot import Head, OldestBuckets, RowSchema, carry_over, read_rows
from streams.core.profiles.table import Table
from streams.core.rules.rulebook import SHADOW, other_state
from streams.errors import UsageError

ROWS_AT_ONCE: Final = 4_000  # some ten milliseconds
T = TypeVar("T")


class Some(NamedTuple):
    """Some profiles as they are stored."""

    rows: Sequence[tuple[str, bytes]]
    documents: Sequence[tuple[str, bytes]]


class Loading:
    """Rows and documents as they are read, into a table of today's.

    in_use: the numbers of their schemas. migration: what is to be evaluated anew of what has been read.
    """

    def __init__(self, table: Table, catalog: Catalog, head: Head, calendar: Calendar):
        if head.timezone != calendar.name:
            raise UsageError(
                f"the state was written with the time zone {head.timezone}, which is fixed at first start; this worker "
                f"has {calendar.name}: set SEGMENTER_TIMEZONE (or its old name SEGMENTER_UTC_OFFSET) back, or use "
                "another SEGMENTER_GROUP"
            )
        self.head = head
        self.today = RowSchema.of(catalog)
        self.in_use: set[int] = set()
        self.migration = Migration(self.today)
        self._table, self._catalog, self._calendar = table, catalog, calendar
        self._has_others = any(schema != self.today for schema in head.schemas.values())
        self._begin()

    def _begin(self) -> None:
        self._kept_in: dict[str, Mapping[str, int]] = {}
        self._come: dict[str, set[str]] = {}
        self._waiting: list[tuple[str, bytes]] = []
        self._stale_rows: list[tuple[RowSchema, Sequence[str], Ints]] = []

    def take_some(self, some: Some, past: Past | None) -> None:
        """Profiles that need no others."""
        self._begin()
        self.take_rows(some.rows)
        if some.documents:
            self.take_documents(some.documents)
        for _ in self.finish(past):
            pass

    def take_rows(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Some rows, each subject's once."""
        by_schema: dict[int, list[tuple[str, bytes]]] = defaultdict(list)
        for each in rows:
            by_schema[each[1][0]].append(each)
        self.in_use |= by_schema.keys()
        for number, members in by_schema.items():
            subjects, packed = zip(*members, strict=True)
            self._take(self.head.schemas[number], subjects, packed)

    def _take(self, schema: RowSchema, subjects: Sequence[str], packed: Sequence[bytes]) -> None:
        """Rows of one schema."""
        today = self.today
        places, old = self._table.rows(subjects), read_rows(list(packed), schema)
        words = self._table.memory.words
        new = words[places][:, : today.words].copy()
        crossing = Crossing(self._calendar, schema.segments, today.segments)
        carry_over(new, self._catalog.fields, old, schema, crossing)
        words[places, : today.words] = new
        if schema != today:
            self._take_stale(schema, subjects, places, old)
            _note(self.migration.adopted, places, _adopted(schema, today, new))

    def _take_stale(self, schema: RowSchema, subjects: Sequence[str], places: Ints, old: Ints) -> None:
        self.migration.rows |= dict.fromkeys(places.tolist())
        self._stale_rows.append((schema, subjects, places))
        new_rules = self.today.rules.keys() - schema.rules.keys()
        fields = schema.by_name
        for subject, clock in zip(subjects, old[:, CLOCK].tolist(), strict=True):
            self._kept_in[subject] = OldestBuckets(fields, clock, self._calendar)
            self._come[subject] = new_rules
        _note(self.migration.orphans, places, _orphans(schema, self.today, old))
        _note(self.migration.told, places, _told(schema, self.today, old))

    def _take_past(self, past: Past) -> Iterator[None]:
        """What these rows lack; and where they are by it, where it is known from where the shard began."""
        is_whole = past.is_whole(self.head)
        for schema, subjects, places in self._stale_rows:
            rows, theirs = past.fill(self._table, schema, subjects, places)
            if is_whole:
                self.migration.known.update(rows.tolist())
                self.migration.united.update(self._table.rows_of(past.united(subjects)).tolist())
                self._take_levels(past, rows, theirs)
            yield

    def _take_levels(self, past: Past, rows: Ints, theirs: Ints) -> None:
        """rows: which have a past; theirs: the words of it."""
        keys = list(self.today.rules)
        for row, rule, told in past.take_levels(self._table, rows, theirs):
            field = self.today.field(RULE + keys[rule])
            adopted = self.migration.adopted[row]
            if field is not None and all(one.rule != rule for one in adopted):
                adopted.append(Adopted(rule, keys[rule], field.start + 1, told, is_dated=True))

    def take_documents(self, documents: Sequence[tuple[str, bytes]]) -> None:
        """Some documents. Where other rules wrote a row, it must be there before its document is read."""
        if self._has_others:
            self._waiting += documents
        else:
            self._take_documents(documents)

    def finish(self, past: Past | None) -> Iterator[None]:
        """What has to wait until all rows are there, slice by slice."""
        for some in slices(self._waiting):
            self._take_documents(some)
            yield
        if past is not None:
            yield from self._take_past(past)
        self._table.rank_texts()

    def _take_documents(self, documents: Sequence[tuple[str, bytes]]) -> None:
        subjects, stored = zip(*documents, strict=True)
        rows = self._table.rows(subjects)
        self._table.put_documents(rows, stored, [self._kept_in.get(subject) for subject in subjects])
        for subject, row, raw in zip(subjects, rows.tolist(), stored, strict=True):
            if subject in self._come and b'"ordinals"' in raw:
                _count_on(self._table, self.today, row, self._come[subject])


def slices(items: Iterable[T]) -> Iterator[list[T]]:
    """All of them, at most `ROWS_AT_ONCE` at once."""
    left = iter(items)
    while some := list(islice(left, ROWS_AT_ONCE)):
        yield some


def _note(by_row: dict[int, list[T]], places: Ints, found: Iterable[tuple[int, T]]) -> None:
    """By its row what is found by a place among the rows of a schema."""
    for place, each in found:
        by_row[int(places[place])].append(each)


def _told(then: RowSchema, today: RowSchema, old: Ints) -> Iterator[tuple[int, tuple[str, int]]]:
    """Of rules that are no more, how many changes each will have told of rows of another schema, by their places.

    A rule that comes back counts on from there: a change that bore the id of another would be passed over by whoever
    remembers ids. What was in shadow told nobody anything.
    """
    for rule in then.rules.keys() - today.rules.keys():
        field = then.field(RULE + rule)
        if field is not None and not rule.startswith(SHADOW):
            states = old[:, field.start + 1]
            counts = (states >> LEVEL_BITS) + (states & LEVEL > 0)  # whoever is in it leaves it
            for place in np.flatnonzero(counts).tolist():
                yield place, (rule, int(counts[place]))


def _count_on(table: Table, today: RowSchema, row: int, rules: set[str]) -> None:
    """Let rules that came back count on from what they had told."""
    words = table.memory.words[row]
    for rule, count in table.document(row).ordinals.items():
        field = today.field(RULE + rule) if rule in rules else None
        if field is not None:
            words[field.start] = words[CLOCK]
            words[field.start + 1] = count << LEVEL_BITS | int(words[field.start + 1]) & LEVEL  # perhaps in from shadow


def _adopted(then: RowSchema, today: RowSchema, new: Ints) -> Iterator[tuple[int, Adopted]]:
    """The memberships that rows of another schema bring from a rule of another state, each with the row's place."""
    for number, key in enumerate(today.rules):
        field = today.field(RULE + key)
        if field is not None and key not in then.rules and other_state(key) in then.rules:
            for place in np.flatnonzero(new[:, field.start + 1] & LEVEL).tolist():
                yield place, Adopted(number, key, field.start + 1)


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
