"""A shard at rest: what is stored of it, and how rows written under other rules are carried over.

Comes in: the head (JSON), packed rows and documents that a store kept. Goes out: the rows in today's layout.
Every packed row begins with the number of the layout it was written in, and the head describes each layout that
a stored row may still have. So rows can be written anew a slice at a time, and a crash between two slices
leaves both kinds readable.
"""

import msgspec
import numpy as np

from streams.core.catalog import CLOCK, Catalog, Field
from streams.core.features import DAY_MS, HOUR_MS
from streams.core.packing import pack, unpack
from streams.core.program import Ints
from streams.core.table import Table

LAYOUTS = 256  # a layout's number is one byte


class Layout(msgspec.Struct, frozen=True):
    """How rows are written: their fields, and the rules (name -> version) whose memberships they hold."""

    fields: list[tuple[str, int, int, int]]
    words: int
    rules: dict[str, str]

    @classmethod
    def of(cls, catalog: Catalog) -> "Layout":
        fields = [(f.name, f.start, f.words, f.length) for f in catalog.fields]
        return cls(fields, catalog.kept, {rule.name: rule.version for rule in catalog.rulebook.segments})

    def field(self, name: str) -> Field | None:
        return next((Field(*each) for each in self.fields if each[0] == name), None)


class Head(msgspec.Struct, frozen=True):
    """What holds for the whole shard. `time_ms`: how far time had come for all of its profiles."""

    time_ms: int
    utc_offset_ms: int
    current: int
    layouts: dict[int, Layout]

    def encode(self) -> bytes:
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, raw: bytes) -> "Head":
        return msgspec.json.decode(raw, type=cls)

    def at(self, time_ms: int) -> "Head":
        return msgspec.structs.replace(self, time_ms=time_ms)

    def under(self, layout: Layout, in_use: set[int]) -> "Head":
        """The head for rows that are from now on written in `layout`; those `in_use` stay readable."""
        kept = {number: each for number, each in self.layouts.items() if number in in_use | {self.current}}
        if kept[self.current] == layout:
            return Head(self.time_ms, self.utc_offset_ms, self.current, kept)
        free = next(number for number in range(LAYOUTS) if number not in kept)
        return Head(self.time_ms, self.utc_offset_ms, free, kept | {free: layout})


def write_rows(table: Table, rows: Ints, words: int, layout: int) -> list[bytes]:
    return pack(table.memory.words, rows, words, mark=layout)


def _copy_ring(new: Ints, field: Field, old: Ints, source: Field, utc_offset_ms: int) -> None:
    """Carry over the newest buckets, as many as both rings hold."""
    clock = old[:, CLOCK]
    head = (clock + utc_offset_ms) // DAY_MS if field.name.startswith("days") else clock // HOUR_MS
    sums = field.words == 2 * field.length
    wide = (np.int64, 2) if sums else (np.uint32, 1)
    to = new[:, field.start : field.start + field.words].copy().view(wide[0])
    start = old[:, source.start : source.start + source.words].copy().view(wide[0])
    rows = np.arange(len(new))
    for back in range(min(field.length, source.length)):
        for part in range(wide[1]):
            target = (head - back) % field.length * wide[1] + part
            to[rows, target] = start[rows, (head - back) % source.length * wide[1] + part]
    new[:, field.start : field.start + field.words] = to.view(np.int64)


def carry_over(new: Ints, today: Layout, old: Ints, then: Layout, utc_offset_ms: int) -> None:
    """Copy rows of another layout field by field, by name; what was not kept before stays empty."""
    for each in today.fields:
        field = Field(*each)
        source = then.field(field.name)
        if source is None:
            continue
        if field.length and field.length != source.length:
            _copy_ring(new, field, old, source, utc_offset_ms)
        else:
            new[:, field.start : field.start + field.words] = old[:, source.start : source.start + source.words]


def read_rows(packed: list[bytes], layout: Layout) -> Ints:
    """Rows of a layout: (rows, words)."""
    return unpack(packed, layout.words)
