"""A shard at rest: what is stored of it, and how rows written under other rules are carried over.

    head       one a shard, JSON: `Head`
    row        one a subject: a byte, the number of the schema that it was written in, then the words of the row as
               the kernel has them, packed (`streams.core.kernel.packing`)
    document   of a subject with traits, subscriptions or what is too long for a row: compact JSON, `Document`
    mark       of an erased subject: the SHA-256 of its id, and a time in ms (`streams.core.engine.erasure`)

Comes in: these, as a store kept them. Goes out: the rows in today's schema. The head describes each schema that a
stored row may still have. So rows can be written anew a slice at a time, and a crash between two slices leaves both
kinds readable. Where it all lies is the store's to say: `streams.state.format`.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache

import msgspec

from streams.core.arrays import Ints
from streams.core.calendar import Calendar, signed
from streams.core.compiler.catalog import Catalog
from streams.core.compiler.fields import Field
from streams.core.compiler.program import WRITTEN_KEPT
from streams.core.kernel.layout import NEVER
from streams.core.kernel.packing import pack, unpack
from streams.core.profiles.kinds import RULE, Crossing, handling
from streams.core.profiles.table import Table
from streams.core.profiles.warmup import kept_since
from streams.core.rules.rulebook import Rulebook, other_state

SCHEMAS = 256  # a schema's number is one byte


class RowSchema(msgspec.Struct, frozen=True, dict=True):
    """How rows are written: their fields, and the rules whose levels they hold.

    rules: key -> version. segments: key -> what each of the rule's levels is called, as in `lifecycle/power`.
    """

    fields: list[tuple[str, int, int, int]]
    words: int
    rules: dict[str, str]
    segments: dict[str, tuple[str, ...]]

    @staticmethod
    @lru_cache(maxsize=WRITTEN_KEPT)
    def of(catalog: Catalog) -> "RowSchema":
        """Kept of the latest few, as the catalogs themselves are."""
        fields = [(f.name, f.start, f.words, f.length) for f in catalog.fields]
        rules = catalog.rulebook.groupings
        versions, segments = {rule.key: rule.version for rule in rules}, {rule.key: rule.segments for rule in rules}
        return RowSchema(fields, catalog.kept, versions, segments)

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        return {each[0]: Field(*each) for each in self.fields}

    def field(self, name: str) -> Field | None:
        return self.by_name.get(name)

    def filled(self) -> list[Field]:
        """The fields that events fill: all but the rules' own."""
        return [Field(*each) for each in self.fields if not each[0].startswith(RULE)]


class OldestBuckets(Mapping[str, int]):
    """Of a row at rest: all of its fields, each with the oldest bucket that counts in it, if it is a ring. It is worked
    out when it is asked for, as of most profiles it never is."""

    def __init__(self, fields: Mapping[str, Field], clock_ms: int, calendar: Calendar):
        self._fields, self._clock_ms, self._calendar = fields, clock_ms, calendar

    def __getitem__(self, name: str) -> int:
        field = self._fields[name]
        return field.oldest_bucket(self._clock_ms, self._calendar) if field.length else NEVER

    def __contains__(self, name: object) -> bool:
        return name in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


class Head(msgspec.Struct, frozen=True):
    """What holds for the whole shard.

    time_ms: how far time had come for all of its profiles. current: the number of the schema that rows are written in;
    schemas: by number, each that a stored row may have. edges: by scores rule, the quintiles that it goes by.
    kept_since: by field of the current schema, from when on every event is in it; others have had every event.
    zone: where days go by a time zone, its name; else they go by utc_offset_ms. unevaluated: how many profiles wait
    to be evaluated under the rules of the current schema.
    """

    time_ms: int
    utc_offset_ms: int
    current: int
    schemas: dict[int, RowSchema] = msgspec.field(name="layouts")  # as what is stored calls them
    edges: dict[str, bytes] = {}
    kept_since: dict[str, int] = {}
    zone: str = ""
    unevaluated: int = 0

    @property
    def timezone(self) -> str:
        """The name of the calendar by which the days of its rows go."""
        return self.zone or signed(self.utc_offset_ms)

    def encode(self) -> bytes:
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, raw: bytes) -> "Head":
        return msgspec.json.decode(raw, type=cls)

    def at(self, time_ms: int, edges: dict[str, bytes], unevaluated: int) -> "Head":
        return msgspec.structs.replace(self, time_ms=time_ms, edges=edges, unevaluated=unevaluated)

    def edges_for(self, rulebook: Rulebook) -> dict[str, bytes]:
        """The edges of those scores rules that are still the ones they were agreed on for."""
        then = self.schemas[self.current].rules
        live = [rule for rule in rulebook.by_quintiles if rule.name in self.edges]
        versions = {rule.name: (then.get(rule.key), then.get(other_state(rule.key))) for rule in live}
        return {rule.name: self.edges[rule.name] for rule in live if rule.version in versions[rule.name]}

    def of_one_schema(self) -> "Head":
        """The same, once all rows are written in the current one."""
        return msgspec.structs.replace(self, schemas={self.current: self.schemas[self.current]})

    def in_use(self) -> set[int]:
        """The numbers of the schemas that rows have, where none of them is of other rules."""
        return {number for number, schema in self.schemas.items() if schema == self.schemas[self.current]}

    def under(self, schema: RowSchema, in_use: set[int], newest_ms: int, calendar: Calendar) -> "Head":
        """The head for rows that are from now on written in `schema`; those `in_use` stay readable.

        newest_ms: the greatest clock of any profile.
        """
        kept = {number: each for number, each in self.schemas.items() if number in in_use | {self.current}}
        if kept[self.current] == schema:
            return msgspec.structs.replace(self, schemas=kept)
        free = next(number for number in range(SCHEMAS) if number not in kept)
        fields = kept[self.current].filled()
        since = kept_since(schema.filled(), fields, self.kept_since, newest_ms, calendar)
        return msgspec.structs.replace(self, current=free, schemas=kept | {free: schema}, kept_since=since)


def write_rows(table: Table, rows: Ints, words: int, schema: int) -> list[bytes]:
    return pack(table.memory.words, rows, words, prefix=schema)


def carry_over(new: Ints, fields: Iterable[Field], old: Ints, then: RowSchema, crossing: Crossing) -> None:
    """Copy rows of another schema into those of today's fields, by name; what was not kept before stays empty."""
    before = then.by_name
    for field in fields:
        source = _source_of(field, before)
        if source is not None:
            handling(field).carry_over(new, field, old, source, crossing)


def _source_of(field: Field, before: Mapping[str, Field]) -> Field | None:
    """What a field of today is carried over from: of a rule, also from the same one live or in shadow."""
    found = before.get(field.name)
    if found is None and field.name.startswith(RULE):
        return before.get(RULE + other_state(field.name.removeprefix(RULE)))
    return found


def read_rows(packed: list[bytes], schema: RowSchema) -> Ints:
    """Rows of a schema: (rows, words)."""
    return unpack(packed, schema.words)
