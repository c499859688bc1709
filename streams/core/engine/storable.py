"""What is stored of a shard, and how one begins: empty, as it was stored, or as another left off under other rules.

Comes in: a rulebook, and what a checkpoint stored. Goes out: what the next one stores, of profiles that have changed.
What changes them is in `shard.py`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Self

import numpy as np

from streams.core.arrays import Ints
from streams.core.calendar import UTC, Calendar
from streams.core.engine.erasure import NO_MARKS, Erased
from streams.core.engine.handed_out import Dirty
from streams.core.engine.loading import Loading, slices
from streams.core.engine.migration import Migration
from streams.core.engine.past import Past
from streams.core.engine.predecessor import Predecessor
from streams.core.engine.readable import Readable
from streams.core.kernel import loop
from streams.core.kernel.layout import CLOCK, FEWEST_IDS, NEVER
from streams.core.profiles.snapshot import Head, RowSchema, write_rows
from streams.core.profiles.warmup import kept_from
from streams.core.rules.rulebook import Rulebook
from streams.core.scores.edges import AgreedEdges

NO_PRIVATE_TRAITS: frozenset[str] = frozenset()


class Storable(Readable):
    """The profiles of one partition under one rulebook, and all else that is kept of it.

    time_ms: how far time has come for all profiles; `NEVER` before the first tick.
    dirty_at_most: a bound of `dirty_count` that costs nothing.
    """

    def __init__(
        self, rulebook: Rulebook, calendar: Calendar, private_traits: frozenset[str], begun_ms: int, remembered_ids: int
    ):
        """As `Shard` has it."""
        super().__init__(rulebook, calendar, private_traits, remembered_ids)
        schema = RowSchema.of(self.catalog)
        zone = "" if calendar.beginnings is None else calendar.name
        since = kept_from(begun_ms, schema.filled())
        self._head = Head(NEVER, calendar.offset_ms, 0, {0: schema}, kept_since=since, zone=zone)
        self._migration = Migration(schema)
        self._before: Predecessor | None = None  # from whom others are still to be brought
        self._edges = AgreedEdges(self._program.words, self._program.edges)
        self._erased = Erased(rulebook)
        self.time_ms = NEVER
        self.dirty_at_most = 0

    @classmethod
    def restore(
        cls,
        rulebook: Rulebook,
        head: bytes,
        rows: Iterable[tuple[str, bytes]],
        documents: Mapping[str, bytes],
        calendar: Calendar = UTC,
        private_traits: frozenset[str] = NO_PRIVATE_TRAITS,
        marks: Mapping[bytes, int] = NO_MARKS,
        remembered_ids: int = FEWEST_IDS,
        past: Past | None = None,
    ) -> Self:
        """The shard as it was stored. If other rules wrote it, `migrate` before the first step."""
        shard = cls(rulebook, calendar, private_traits, NEVER, remembered_ids)
        loading = shard.loading(head)
        for some in slices(rows):
            loading.take_rows(some)
        for each in slices(documents.items()):
            loading.take_documents(each)
        for _ in shard.finish(loading, marks, past):
            pass
        return shard

    def loading(self, head: bytes) -> Loading:
        """Begin to make an empty shard what was stored: what this gives takes all rows and documents, and is then for
        `finish`. The shard is of no use before."""
        return Loading(self.table, self.catalog, Head.decode(head), self.calendar)

    def finish(
        self, loading: Loading, marks: Mapping[bytes, int] = NO_MARKS, past: Past | None = None
    ) -> Iterator[None]:
        """Slice by slice; of no use before the last. past: of the same rulebook, by which what other rules did not keep
        is filled in."""
        yield from loading.finish(past)
        self._migration = loading.migration
        self._begin_as(loading.head, loading.in_use, self._newest_ms, marks, past)
        for some in slices(range(len(self.table))):
            self._derive(np.array(some))
            yield

    def _begin_as(
        self, stored: Head, in_use: set[int], newest_ms: int, marks: Mapping[bytes, int], past: Past | None
    ) -> None:
        """Have what is not a profile's be what was stored. newest_ms: the greatest clock of any profile."""
        self._head = stored.under(RowSchema.of(self.catalog), in_use, newest_ms, self.calendar)
        if past is not None:
            self._head = past.dated(self._head, stored)
        self.time_ms = stored.time_ms
        self._erased = Erased(self.catalog.rulebook, marks)
        self._edges.restore(stored.edges_for(self.catalog.rulebook))

    def _derive(self, rows: Ints) -> None:
        """What follows from the kept part of rows.

        What was due until now has been worked off, by edges that were perhaps others. Edges hold from an instant that
        had come before they were agreed on; perhaps it was not worked off any more. If it was, to do so again changes
        nothing.
        """
        loop.derive(*self._state, rows)
        clocks, due = self.table.memory.words[rows, CLOCK], np.maximum(self.table.memory.due[rows], self.time_ms)
        for since_ms in self._edges.begun_by(self.time_ms):
            np.minimum(due, since_ms, out=due, where=clocks < since_ms)
        self.table.memory.due[rows] = due

    def under(self, rulebook: Rulebook, past: Past | None = None) -> Self:
        """The same under other rules, once nobody changes this one any more; `migrate` while it `is_stale`. That may be
        put off: whoever something happens to is brought before it. past: as `finish` has it."""
        shard = type(self)(rulebook, self.calendar, self.private_traits, NEVER, self.catalog.remembered_ids)
        stored = Head.decode(self.head())
        shard._begin_as(stored, stored.in_use(), self._newest_ms, self._erased.marks, past)
        shard._before = Predecessor(self, stored, shard.table, shard.catalog, past)
        shard._migration = shard._before.migration
        return shard

    @property
    def kept_since(self) -> Mapping[str, int]:
        """As `Head` has it."""
        return self._head.kept_since

    @property
    def unevaluated(self) -> int:
        """How many profiles wait to be evaluated under rules that did not write them."""
        return len(self._migration) + (len(self._before) if self._before is not None else 0)

    @property
    def dirty_count(self) -> int:
        """How many profiles a checkpoint would write or remove; it looks at all of them."""
        changed = int(np.count_nonzero(self.table.memory.dirty[: len(self.table)]))
        self.dirty_at_most = changed + self._erased.untold
        return self.dirty_at_most

    def take_dirty(self) -> Dirty:
        """All profiles changed since the last call. With `head()`, this is what a checkpoint stores of the shard."""
        table = self.table
        rows = np.flatnonzero(table.memory.dirty[: len(table)])
        table.memory.dirty[rows] = 0
        self.dirty_at_most = 0
        subjects = table.subjects_of(rows)
        packed = write_rows(table, rows, self.catalog.kept, self._head.current)
        return Dirty(list(zip(subjects, packed, strict=True)), table.take_changed_documents(), *self._erased.take())

    def head(self) -> bytes:
        head = self._head if self._migration or self._before is not None else self._head.of_one_schema()
        return head.at(self.time_ms, self._edges.stored(), self.unevaluated).encode()
