"""Loading a shard, and what to do with profiles that other rules wrote (docs/semantics.md#other-rules-than-before).

Comes in: stored rows and documents. Goes out: filled rows of the table, and the list of those to be evaluated
anew. Whoever is in a segment or level that was taken out leaves it: by the change to another level of the same tier,
or else by a change of its own. Where a rule is live that was in shadow, or the other way round, who was in stays in,
and that is told as an entry by the one and an exit by the other.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple, TypeVar

import msgspec
import numpy as np

from streams.core.arrays import Ints
from streams.core.calendar import Calendar
from streams.core.changes import Change
from streams.core.compiler.catalog import Catalog
from streams.core.engine.past import Past
from streams.core.kernel.layout import CLOCK, LEVEL, LEVEL_BITS
from streams.core.profiles.kinds import RULE, Crossing
from streams.core.profiles.snapshot import Head, OldestBuckets, RowSchema, carry_over, read_rows
from streams.core.profiles.table import Table
from streams.core.rules.rulebook import SHADOW, key_of, other_state
from streams.errors import UsageError

ROWS_AT_ONCE: Final = 4_000  # some ten milliseconds
T = TypeVar("T")


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


Arrival = Callable[[int, int, int, int], Change]  # of a row and a rule's number, from a level, at an instant


class Migration:
    """The profiles still to be evaluated anew, in the order of their rows. known: of which of them the past says where
    they are: telling it moves no clock of theirs, as nothing has happened to them."""

    def __init__(
        self,
        today: RowSchema,
        rows: list[int],
        orphans: dict[int, list[Orphan]],
        told: dict[int, list[tuple[str, int]]],
        adopted: dict[int, list[Adopted]],
        known: set[int],
    ):
        self._today = today
        self._rows = rows
        self._orphans = orphans
        self._told = told
        self._adopted = adopted
        self._known = known

    @classmethod
    def none(cls, today: RowSchema) -> "Migration":
        return cls(today, [], {}, {}, {}, set())

    def __bool__(self) -> bool:
        return bool(self._rows)

    @classmethod
    def of(cls, loading: "Loading") -> "Migration":
        """What a shard that is loaded has still to do."""
        told = loading.orphans, loading.told, loading.adopted
        return cls(loading.today, sorted(loading.stale), *told, loading.known)

    def take(self, limit: int) -> Ints:
        taken, self._rows = self._rows[:limit], self._rows[limit:]
        return np.array(taken, np.int64)

    def leavers(self, rows: Ints) -> Ints:
        """1 for a row that comes to the instant of its evaluation, as something is told of it in any case, or most
        likely."""
        told = self._orphans.keys() | self._adopted.keys()
        return np.array([row in told and row not in self._known for row in rows.tolist()], np.int64)

    def adopt(self, table: Table, rows: Ints, changes: list[Change], at_ms: int, arrival: Arrival) -> list[Change]:
        """The changes of `rows` at `at_ms`, in which who was at a level that nobody was told of has come there, or has
        not: in the place of what the kernel found, for which she was there already."""
        if not self._adopted:
            return changes
        found = {(change.subject, key_of(change.rule, change.is_shadow)) for change in changes}
        passed_over: set[tuple[str, str]] = set()
        arrivals: list[Change] = []
        for subject, row in zip(table.subjects_of(rows), rows.tolist(), strict=True):
            for one in self._adopted.pop(row, ()):
                key = subject, one.key
                passed_over.add(key)
                words = table.memory.words[row]
                ordinal, level = int(words[one.word]) >> LEVEL_BITS, int(words[one.word]) & LEVEL
                ordinal += (level != one.told) - (key in found)  # the kernel counted what it found
                words[one.word] = ordinal << LEVEL_BITS | level
                if not one.is_dated:
                    words[one.word - 1] = max(at_ms, int(words[CLOCK]))
                if level != one.told:
                    arrivals.append(arrival(row, one.rule, one.told, at_ms))
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
            for orphan in self._orphans.pop(row, ()):
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
        for rule, count in self._told.pop(row, ()):
            table.document(row).ordinals[rule] = count
            table.document_changed(row)

    def _count_exit(self, table: Table, row: int, rule: str) -> None:
        """Where there is another rule of that name now, it counts on."""
        field = self._today.field(RULE + rule)
        if field is not None:
            table.memory.words[row, field.start + 1] += 1 << LEVEL_BITS


class Loading:
    """What is found as rows and documents are read.

    in_use: the numbers of their schemas. stale, orphans, told, adopted, known: as `Migration` has them.
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
        self.stale: list[int] = []
        self.orphans: dict[int, list[Orphan]] = defaultdict(list)
        self.told: dict[int, list[tuple[str, int]]] = defaultdict(list)
        self.adopted: dict[int, list[Adopted]] = defaultdict(list)
        self.known: set[int] = set()
        self._table, self._catalog, self._calendar = table, catalog, calendar
        self._kept_in: dict[str, Mapping[str, int]] = {}
        self._come: dict[str, set[str]] = {}
        self._stale_rows: list[tuple[RowSchema, Sequence[str], Ints]] = []
        self._has_others = any(schema != self.today for schema in head.schemas.values())
        self._waiting: list[tuple[str, bytes]] = []

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
            _note(self.adopted, places, _adopted(schema, today, new))

    def _take_stale(self, schema: RowSchema, subjects: Sequence[str], places: Ints, old: Ints) -> None:
        self.stale += places.tolist()
        self._stale_rows.append((schema, subjects, places))
        new_rules = self.today.rules.keys() - schema.rules.keys()
        fields = schema.by_name()
        for subject, clock in zip(subjects, old[:, CLOCK].tolist(), strict=True):
            self._kept_in[subject] = OldestBuckets(fields, clock, self._calendar)
            self._come[subject] = new_rules
        _note(self.orphans, places, _orphans(schema, self.today, old))
        _note(self.told, places, _told(schema, self.today, old))

    def _take_past(self, past: Past) -> Iterator[None]:
        """What these rows lack, and where they are by it, where it is known from where the shard began."""
        is_whole, keys = past.is_whole(self.head), list(self.today.rules)
        for schema, subjects, places in self._stale_rows:
            rows, theirs = past.fill(self._table, schema, subjects, places)
            self.known.update(rows.tolist() if is_whole else ())
            for row, rule, told in past.take_levels(self._table, rows, theirs) if is_whole else ():
                field = self.today.field(RULE + keys[rule])
                adopted = self.adopted[row]
                if field is not None and all(one.rule != rule for one in adopted):
                    adopted.append(Adopted(rule, keys[rule], field.start + 1, told, is_dated=True))
            yield

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
