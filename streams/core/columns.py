"""Events to the columns the kernel reads; documents are folded on the way.

Comes in: accepted events and their rows, in the order to apply them. Goes out: `Occurrences`, and for each
occurrence the place of its event. What is rare is done here, in plain Python: traits and the ledger of
subscriptions, whose values the kernel sees as words to write and whose derived events follow their cause.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from streams.core import kernel
from streams.core.batch import Batch
from streams.core.catalog import Catalog
from streams.core.documents import Derived, Document
from streams.core.events import Event, Value
from streams.core.kernel import Occurrences
from streams.core.program import Ints, Program, number_bits
from streams.core.table import Table
from streams.core.windows import LARGEST_AMOUNT

Writes = list[tuple[int, int]]


def as_amount(value: Value) -> float:
    """A number to add up; NaN for what is none or too large to count."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_AMOUNT:
        return float(value)
    return np.nan


class Columns:
    """Makes occurrences for one catalog and its program."""

    def __init__(self, catalog: Catalog, program: Program):
        self._properties = catalog.columns
        self._classes = program.classes
        self._unread = program.unread
        self._amounts = program.amounts

    def of(self, table: Table, rows: Ints, batch: Batch) -> tuple[Occurrences, Sequence[int]]:
        """The occurrences of a batch, and for each the place of its event."""
        events, classes_of, unread = batch.events, self._classes.get, self._unread
        writes, derived = self._fold_documents(table, rows, events)
        classes = [classes_of(event.name, unread)[event.active] for event in events]
        columns = np.zeros((len(events), kernel.NUMBERS + len(self._properties)), np.int64)
        columns[:, kernel.O_ROW] = rows
        columns[:, kernel.TS] = batch.ts
        columns[:, kernel.CLASS] = classes
        columns[:, kernel.ACTIVE] = np.fromiter([event.active for event in events], np.bool_, len(events))
        columns[:, kernel.LAST] = 1
        if self._amounts and not self._amounts.isdisjoint(classes):
            for i, event_class in enumerate(classes):
                if event_class in self._amounts:
                    columns[i, kernel.NUMBERS :] = self._numbers(events[i].properties)
        flat = self._place_writes(columns, writes)
        columns, caused_by = self._insert(columns, derived)
        return Occurrences(columns, np.array(flat, np.int64).reshape(-1, 2)), caused_by

    def _numbers(self, properties: Mapping[str, Value]) -> list[int]:
        return [number_bits(as_amount(properties.get(name))) for name in self._properties]

    @staticmethod
    def _place_writes(columns: Ints, writes: dict[int, Writes]) -> Writes:
        """Tell each occurrence where its writes are in the one list of all of them."""
        flat: Writes = []
        for i, words in writes.items():
            columns[i, kernel.WRITES] = len(flat)
            flat += words
            columns[i, kernel.WRITES_END] = len(flat)
        return flat

    def _insert(self, columns: Ints, derived: dict[int, tuple[Derived, ...]]) -> tuple[Ints, Sequence[int]]:
        """Put derived events behind their cause."""
        if not derived:
            return columns, range(len(columns))
        counts = np.ones(len(columns), np.int64)
        for i, followers in derived.items():
            counts[i] += len(followers)
        place = np.repeat(np.arange(len(columns)), counts)
        result = columns[place]
        ends = np.cumsum(counts)
        for i, followers in derived.items():
            for at, each in enumerate(followers, start=int(ends[i]) - len(followers)):
                result[at - 1, kernel.LAST] = 0
                result[at, kernel.CLASS] = self._classes.get(each.name, self._unread)[False]
                result[at, [kernel.ACTIVE, kernel.WRITES, kernel.WRITES_END]] = 0
                result[at, kernel.NUMBERS :] = self._numbers({"delta": each.delta})
        return result, place.tolist()

    def _fold_documents(
        self, table: Table, rows: Ints, events: list[Event]
    ) -> tuple[dict[int, Writes], dict[int, tuple[Derived, ...]]]:
        """Fold traits and the ledger; by event: what it writes into the row, and the events that follow from it."""
        writes: dict[int, Writes] = {}
        derived: dict[int, tuple[Derived, ...]] = {}
        opened: dict[int, Document] = {}
        for i in [i for i, event in enumerate(events) if event.traits or event.touches_ledger]:
            row = int(rows[i])
            document = opened.get(row)
            if document is None:
                document = opened[row] = Document.decode(table.documents[row])
            followers = document.fold(events[i])
            if followers:
                derived[i] = followers
            writes[i] = table.trait_words(document)
        for row, document in opened.items():
            table.fold_document(row, document)
        table.rank_texts()
        return writes, derived
