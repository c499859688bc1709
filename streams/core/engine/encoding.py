"""Events to the columns the kernel reads; documents are folded on the way.

Comes in: accepted events and their rows, in the order to apply them. Goes out: `Occurrences`, and for each
occurrence the place of its event. What is rare is done here, in plain Python: traits and the ledger of
subscriptions, whose values the kernel sees as words to write and whose derived events follow their cause; and the
properties that rules read.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np

from streams.core.arrays import Ints
from streams.core.batch import Batch
from streams.core.compiler.catalog import Catalog
from streams.core.compiler.extraction import Extraction, KeptLatest, KeptSeen, as_amount, reading
from streams.core.compiler.program import Program
from streams.core.events import Event, Value
from streams.core.kernel.layout import FAR
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
from streams.core.profiles.document import Derived
from streams.core.profiles.table import Table
from streams.core.profiles.values import Writes

Properties = Mapping[str, Value]


class EventEncoder:
    """Makes occurrences for one catalog and its program."""

    def __init__(self, catalog: Catalog, program: Program):
        self._width = COLUMNS + len(catalog.columns)
        self._classes = program.classes
        self._unread = program.unread
        self._calendar = program.calendar
        self._read_from = catalog, program

    # What follows is worked out at the first event: a shard that is only asked never has one.

    @cached_property
    def _readings(self) -> Mapping[int, Extraction]:
        return dict(_readings(*self._read_from))

    @cached_property
    def _meant(self) -> Mapping[int, int]:
        """To each column of a `where` that is asked of what is kept, its place among them."""
        asked = {each for what in self._readings.values() for each in what.asked_of_kept}
        return {column: i for i, column in enumerate(sorted(asked))}

    @cached_property
    def _heads(self) -> Sequence[int]:
        return [O_ROW, TS, CLASS, *(COLUMNS + column for column in self._meant)]

    def of(self, table: Table, rows: Ints, batch: Batch) -> tuple[Occurrences, Sequence[int]]:
        """The occurrences of a batch, and for each the place of its event."""
        events, classes_of, unread = batch.events, self._classes.get, self._unread
        writes, derived = self._fold_documents(table, rows, events)
        columns = np.zeros((len(events), self._width), np.int64)
        columns[:, O_ROW] = rows
        columns[:, TS] = batch.ts
        columns[:, CLASS] = [classes_of(event.name, unread)[event.active] for event in events]
        columns[:, ACTIVE] = np.fromiter([event.active for event in events], np.bool_, len(events))
        columns[:, LAST] = 1
        columns[list(writes), SETS_TRAITS] = 1
        if derived:
            columns, caused_by, followers, firsts = self._insert(columns, derived)
            writes = {firsts[i]: words for i, words in writes.items()}
        else:
            caused_by, followers = range(len(columns)), {}
        if self._readings:
            properties = [events[i].properties for i in caused_by]
            for i, follower in followers.items():
                properties[i] = {"delta": follower.delta}
            self._read(table, columns, properties, writes)
        table.rank_texts()
        flat = self._place_writes(columns, writes)
        return Occurrences(columns, np.array(flat, np.int64).reshape(-1, 2)), caused_by

    def _insert(
        self, columns: Ints, derived: dict[int, tuple[Derived, ...]]
    ) -> tuple[Ints, Sequence[int], dict[int, Derived], Sequence[int]]:
        """Put derived events behind their cause. Also returns for each occurrence the place of its event, the derived
        events by their places, and for each event the place of its occurrence.
        """
        counts = np.ones(len(columns), np.int64)
        counts[list(derived)] = [1 + len(followers) for followers in derived.values()]
        caused_by = np.repeat(np.arange(len(columns)), counts)
        result, firsts = columns[caused_by], (np.cumsum(counts) - counts).tolist()
        placed = {at: each for i, some in derived.items() for at, each in enumerate(some, start=firsts[i] + 1)}
        places = np.array(list(placed))
        result[places - 1, LAST] = 0
        result[places, CLASS] = [self._classes.get(each.name, self._unread)[False] for each in placed.values()]
        result[places, ACTIVE] = result[places, SETS_TRAITS] = 0
        return result, caused_by.tolist(), placed, firsts

    @staticmethod
    def _place_writes(columns: Ints, writes: dict[int, Writes]) -> Writes:
        """Tell each occurrence where its writes are in the one list of all of them."""
        flat: Writes = []
        for i, words in writes.items():
            columns[i, WRITES] = len(flat)
            flat += words
            columns[i, WRITES_END] = len(flat)
        return flat

    @staticmethod
    def _fold_documents(
        table: Table, rows: Ints, events: list[Event]
    ) -> tuple[dict[int, Writes], dict[int, tuple[Derived, ...]]]:
        """Fold traits and the ledger; by event: what it writes into the row, and the events that follow from it."""
        writes: dict[int, Writes] = {}
        derived: dict[int, tuple[Derived, ...]] = {}
        for i in [i for i, event in enumerate(events) if event.traits or event.touches_ledger]:
            event, row = events[i], int(rows[i])
            document = table.document(row)
            refused = document.refused
            followers, traits = document.fold(event)
            table.traits_refused += document.refused - refused
            if followers:
                derived[i] = followers
            words = table.trait_words(traits)
            if words:
                writes[i] = words
            table.document_changed(row)
        return writes, derived

    def _read(self, table: Table, columns: Ints, properties: Sequence[Properties], writes: dict[int, Writes]) -> None:
        """Read what rules read of the properties of each occurrence; what is kept of them is written, too."""
        classes, kept = columns[:, CLASS], []
        for event_class, what in self._readings.items():
            places = np.flatnonzero(classes == event_class).tolist()
            if places:
                _tell(columns, places, what, properties)
            if what.keeps:
                kept += places
        if kept:
            self._keep(table, columns, sorted(kept), properties, writes)

    def _keep(
        self,
        table: Table,
        columns: Ints,
        kept: list[int],
        properties: Sequence[Properties],
        writes: dict[int, Writes],
    ) -> None:
        """Put what documents keep into them, in order; tell the kernel where each value was counted before."""
        counted: list[tuple[int, int, int]] = []
        for i, (row, ts, event_class, *meant) in zip(kept, columns[kept][:, self._heads].tolist(), strict=True):
            what, document, changed = self._readings[event_class], table.document(row), False
            for seen in what.seen:
                value = properties[i].get(seen.prop) if self._is_meant(seen, meant) else None
                if value is not None:
                    bucket = seen.bucket(ts, self._calendar)
                    before = document.see(seen.field, value, bucket)
                    counted.append((i, COLUMNS + seen.column, before))
                    changed = changed or before < bucket
            for latest in what.latest:
                if latest.prop not in properties[i] or not self._is_meant(latest, meant):
                    continue
                value = properties[i][latest.prop]
                if document.keep_latest(latest.field, value, ts):
                    writes[i] = writes.get(i, []) + table.values.written(latest.places, value)
                    changed = True
            if changed:
                table.document_changed(row)
        if counted:
            places, told, before_then = np.array(counted, np.int64).T
            columns[places, told] = before_then

    def _is_meant(self, each: KeptLatest | KeptSeen, meant: list[int]) -> bool:
        """Whether that is asked of this event. meant: whether each `where` holds that anything kept asks for."""
        return each.where is None or bool(meant[self._meant[each.where]])


def _readings(catalog: Catalog, program: Program) -> Iterator[tuple[int, Extraction]]:
    """By the address of their class."""
    for name, classes in [(None, program.unread), *program.classes.items()]:
        for active in (False, True):
            what = reading(catalog, name, active)
            if what is not None:
                yield classes[active], what


def _tell(columns: Ints, places: list[int], what: Extraction, properties: Sequence[Properties]) -> None:
    """Fill the columns of the occurrences of one class."""
    for prop, column in what.numbers:
        numbers = [as_amount(properties[i].get(prop)) for i in places]
        columns[places, COLUMNS + column] = np.array(numbers).view(np.int64)
    for ask, column in what.truths:
        columns[places, COLUMNS + column] = [ask(properties[i]) for i in places]
    for seen in what.seen:
        columns[places, COLUMNS + seen.column] = FAR
