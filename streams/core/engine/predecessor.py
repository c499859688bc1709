"""The shard of before, under other rules: its profiles are brought into the one that follows it, each once.

Comes in: a shard that nobody changes any more, and whom to bring. Goes out: rows of the table of the one after, as a
loading would have made them of what is stored (`streams.core.engine.loading`). So rules change without anybody's
waiting until all profiles are under them: those of an event are brought before it, the others in slices.
"""

from collections import Counter, deque
from collections.abc import Iterable

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
        self._in_order = deque(shard.table.subjects)
        self._waiting = set(self._in_order)

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, subject: str) -> bool:
        return subject in self._waiting

    @property
    def migration(self) -> Migration:
        return self._loading.migration

    def next(self, limit: int) -> list[str]:
        """Who is to be brought now, if nobody else was wanted first."""
        found: list[str] = []
        while self._in_order and len(found) < limit:
            subject = self._in_order.popleft()
            if subject in self._waiting:
                found.append(subject)
        return found

    def bring(self, subjects: Iterable[str]) -> Ints:
        """Those of these who are still there; the rows that they have now."""
        wanted = [subject for subject in dict.fromkeys(subjects) if subject in self._waiting]
        self._waiting.difference_update(wanted)
        then = self._shard.table
        wanted = [subject for subject in wanted if subject in then]
        if not wanted:
            return np.empty(0, np.int64)
        rows = then.rows_of(wanted)
        packed = write_rows(then, rows, self._shard.catalog.kept, self._head.current)
        stored = zip(wanted, map(then.stored_document, rows.tolist()), strict=True)
        some = Some(list(zip(wanted, packed, strict=True)), [(subject, raw) for subject, raw in stored if raw])
        self._loading.take_some(some, self._past)
        return self._table.rows_of(wanted)

    def members(self) -> Counter[str]:
        """How many of those who are still there are in each segment."""
        if len(self._waiting) == self._shard.table.profiles:
            return Counter(self._shard.members())
        where = self._shard.all_memberships(sorted(self._waiting), with_shadow=True)
        return Counter(segment for each in where for segment in each)
