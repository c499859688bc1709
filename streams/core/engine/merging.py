"""A profile that leaves its shard to become part of another, and its arrival there.

    pack      a profile as it travels: what is stored of it, with the schema of its row
    take_in   the survivor has what either had, and was in what either was in, since the earlier

Comes in: a table and a row; what another shard packed, perhaps under other rules. Goes out: bytes; the survivor's row
and document, changed in place, and a copy of the row as it was, by which the kernel tells what has changed
(`streams.core.kernel.merging`).
"""

import msgspec
import numpy as np

from streams.core.arrays import Ints
from streams.core.calendar import Calendar
from streams.core.compiler.catalog import Catalog
from streams.core.kernel.layout import CLOCK, LEVEL
from streams.core.merges import Packed
from streams.core.profiles import merging
from streams.core.profiles.document import Document
from streams.core.profiles.kinds import RULE, Crossing
from streams.core.profiles.merging import Profile
from streams.core.profiles.snapshot import OldestBuckets, RowSchema, carry_over, read_rows, write_rows
from streams.core.profiles.table import Table


class Merged:
    """One profile taken into another. `was`, `other`: the words of both before that, aged to the same instant."""

    def __init__(self, table: Table, catalog: Catalog, calendar: Calendar, row: int, packed: Packed):
        self._table, self._catalog, self._calendar, self._row = table, catalog, calendar, row
        self.other = unpack(table, catalog, calendar, packed)
        self._was: Ints = table.memory.words[row].copy()

    @property
    def clock_ms(self) -> int:
        """Of the one that is taken in."""
        return int(self.other.row[CLOCK])

    def take_in(self, at_ms: int) -> None:
        """Leaves the row as it was in the kernel's first spare one."""
        table, words = self._table, self._table.memory.words
        self._was = words[self._row].copy()
        words[len(table.memory.due)] = self._was
        one = Profile(words[self._row], table.document(self._row))
        merging.merge(one, self.other, self._catalog.fields, at_ms, self._calendar)
        table.rewrite(np.array([self._row]))

    def date_levels(self) -> None:
        """Since when the survivor is where one of both was already: since the earlier."""
        now = self._table.memory.words[self._row]
        for field in self._catalog.fields:
            if field.name.startswith(RULE):
                since, state = field.start, field.start + 1
                level = now[state] & LEVEL
                held = [each[since] for each in (self._was, self.other.row) if each[state] & LEVEL == level]
                if level and held:
                    now[since] = min(held)
                elif not level and not self._was[state] & LEVEL:
                    now[since] = self._was[since]


def pack(table: Table, row: int, catalog: Catalog, schema: int) -> Packed:
    """schema: the number of today's; what stands for it where the row arrives is told there."""
    [words] = write_rows(table, np.array([row]), catalog.kept, schema)
    return Packed(words, table.stored_document(row), msgspec.json.encode(RowSchema.of(catalog)))


def unpack(table: Table, catalog: Catalog, calendar: Calendar, packed: Packed) -> Profile:
    """A profile in today's words, as if it had been stored here under the rules that wrote it."""
    then, today = msgspec.json.decode(packed.schema, type=RowSchema), RowSchema.of(catalog)
    old = read_rows([packed.row], then)
    words = table.empty_row()[None]
    carry_over(words, catalog.fields, old, then, Crossing(calendar, then.segments, today.segments))
    document = Document.decode(packed.document)
    if then != today:
        kept_in = OldestBuckets(then.by_name, int(old[0, CLOCK]), calendar)
        document.forget_others(kept_in)
        document.forget_before(kept_in)
    return Profile(words[0], document)
