"""The shard of before, under other rules: its profiles are brought into the one that follows it, each once.

Comes in: a shard that nobody changes any more, and whom to bring. Goes out: rows of the table of the one after, as a
loading would have made them of what is stored (`streams.core.engine.loading`). So rules change without anybody's
waiting until all profiles are under them: those of an event are brought before it, the others in slices.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from streams.core.arrays import Ints
from streams.core.compiler.catalog import Catalog
from streams.core.engine.loading import Loading, Some
from streams.core.engine.migration import Migration
from streams.core.engine.past import Past
from streams.core.engine.readable import Readable
from streams.core.profiles.snapshot import Head, write_rows
from streams.core.profiles.table import Table


class Predecessor:
    """shard: as it stays. head: what holds for all of it. past: of the rules that follow."""

    def __init__(self, shard: Readable, head: Head, table: Table, catalog: Catalog, past: Past | None):
        self._shard, self._head, self._table, self._past = shard, head, table, past
        self._loading = Loading(table, catalog, head, shard.calendar)
        then = shard.table
        self._waits = np.zeros(len(then), np.bool_)  # by the row there
        self._waits[then.taken()] = True
        self._left = then.profiles
        self._next = 0  # no row before it waits

    def __bool__(self) -> bool:
        return self._left > 0

    def __len__(self) -> int:
        return self._left

    def __contains__(self, subject: str) -> bool:
        return bool(len(self._waiting([subject])))

    @property
    def migration(self) -> Migration:
        return self._loading.migration

    def next(self, limit: int) -> list[str]:
        """Who is to be brought now, if nobody else was wanted first; none only where nobody is left."""
        rows = np.empty(0, np.int64)
        while self._next < len(self._waits) and not len(rows):
            rows = self._next + np.flatnonzero(self._waits[self._next : self._next + limit])
            self._next += limit
        return self._shard.table.subjects_of(rows)

    def bring(self, subjects: Iterable[str]) -> Ints:
        """Those of these who are still there; the rows that they have now."""
        rows, then = self._waiting(list(dict.fromkeys(subjects))), self._shard.table
        if not len(rows):
            return rows
        self._waits[rows] = False
        self._left -= len(rows)
        wanted = then.subjects_of(rows)
        packed = write_rows(then, rows, self._shard.catalog.kept, self._head.current)
        stored = zip(wanted, map(then.stored_document, rows.tolist()), strict=True)
        some = Some(list(zip(wanted, packed, strict=True)), [(subject, raw) for subject, raw in stored if raw])
        self._loading.take_some(some, self._past)
        return self._table.rows_of(wanted)

    def members(self) -> Counter[str]:
        """How many of those who are still there are in each segment."""
        then = self._shard.table
        if self._left == then.profiles:
            return Counter(self._shard.members())
        where = self._shard.all_memberships(then.subjects_of(np.flatnonzero(self._waits)), with_shadow=True)
        return Counter(segment for each in where for segment in each)

    def _waiting(self, subjects: Sequence[str]) -> Ints:
        """The rows of those of these, each named once, who are still there."""
        rows = self._shard.table.find_all(subjects)
        rows = rows[rows >= 0]
        return rows[self._waits[rows]]
