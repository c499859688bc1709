"""A shard: the profiles of one partition, and the path of an event through them. READ FIRST.

    step(batch)   deduplicate, fold documents, then for each event: catch up, fold, evaluate, diff
    tick(now)     the same with no event: the profiles whose deadline has come
    renew(limit)  the same after the rules have changed

Comes in: batches of events in the order to apply them (`streams.core.inbox`), and the time (ms).
Goes out: the changes, each user's in order, however the stream was cut. All is pure: no clock, no I/O.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from streams.core import kernel
from streams.core.batch import Batch
from streams.core.catalog import CLOCK, Catalog
from streams.core.changes import Change, Reason
from streams.core.columns import Columns
from streams.core.flips import empty_lines
from streams.core.layout import AT, ENTERED, FAR, NEVER, ORDINAL
from streams.core.program import Ints, write_program
from streams.core.reasons import EventId, Reasons
from streams.core.renewal import Renewal
from streams.core.rules import Rulebook
from streams.core.snapshot import Head, Layout, write_rows
from streams.core.table import Table

ROOM_FOR_FLIPS = 1_024
NO_PRIVATE_TRAITS: frozenset[str] = frozenset()


class Dirty(NamedTuple):
    """What has changed since it was last taken: packed rows and JSON documents, by user."""

    rows: list[tuple[str, bytes]]
    documents: list[tuple[str, bytes]]


class Standing(NamedTuple):
    """What a rule says of a user: in or out since when (ms), after how many changes, and each condition's state."""

    rule: str
    member: bool
    since_ms: int | None
    ordinal: int
    because: tuple[Reason, ...]


class Shard:
    """The profiles of one partition under one rulebook.

    time_ms: how far time has come for all profiles; `NEVER` before the first tick.
    duplicates: how many events were passed over as repeats.
    """

    def __init__(
        self,
        rulebook: Rulebook,
        utc_offset_ms: int = 0,
        private_traits: frozenset[str] = NO_PRIVATE_TRAITS,
    ):
        self.catalog = Catalog(rulebook)
        text_code: dict[str, int] = {}
        self._program = write_program(self.catalog, utc_offset_ms, text_code)
        self.table = Table(self.catalog, self._program, text_code)
        self._columns = Columns(self.catalog, self._program)
        self._reasons = Reasons(self.catalog, self._program, private_traits)
        self._lines = empty_lines(len(rulebook.segments), ROOM_FOR_FLIPS, self._program.line_words)
        self._head = Head(NEVER, utc_offset_ms, 0, {0: Layout.of(self.catalog)})
        self._renewal = Renewal.none()
        self.time_ms = NEVER
        self.duplicates = 0

    @classmethod
    def restore(
        cls,
        rulebook: Rulebook,
        head: bytes,
        rows: Sequence[tuple[str, bytes]],
        documents: Mapping[str, bytes],
        utc_offset_ms: int = 0,
        private_traits: frozenset[str] = NO_PRIVATE_TRAITS,
    ) -> "Shard":
        """The shard as it was stored. If other rules wrote it, `renew` before the first step."""
        shard = cls(rulebook, utc_offset_ms, private_traits)
        stored = Head.decode(head)
        shard._renewal, in_use = Renewal.load(shard.table, shard.catalog, stored, utc_offset_ms, rows, documents)
        shard._head = stored.under(Layout.of(shard.catalog), in_use)
        shard.time_ms = stored.time_ms
        kernel.derive(shard._program.words, shard.table.memory, shard._lines, np.arange(len(shard.table)))
        return shard

    def step(self, batch: Batch) -> list[Change]:
        """Apply events in the order of the batch."""
        rows, batch = self._accept(batch)
        occurrences, caused_by = self._columns.of(self.table, rows, batch)
        return self._run(
            lambda start: kernel.step(
                self._program.words, self.table.memory, self._lines, occurrences, self.time_ms, start
            ),
            stop=len(occurrences.words),
            event_id=lambda occurrence: batch.events[caused_by[occurrence]].message_id,
        )

    def tick(self, now_ms: int, limit: int = 10_000) -> list[Change]:
        """Work off deadlines up to `now_ms`, of at most `limit` profiles: repeat while `due` is not later."""
        memory, rows = self.table.memory, len(self.table)
        due = np.flatnonzero(memory.due[:rows] <= now_ms)[:limit]
        changes = self._run(
            lambda start: kernel.tick(self._program.words, memory, self._lines, due, now_ms, start), stop=len(due)
        )
        if self.due > now_ms:
            self.time_ms = max(self.time_ms, now_ms)
        return changes

    def renew(self, limit: int = 10_000) -> list[Change]:
        """Evaluate at most `limit` profiles that other rules wrote: repeat while `is_stale`."""
        at = self.time_ms
        rows = self._renewal.take(limit)
        gone = self._renewal.exits(self.table, rows, at)
        changed = np.array([row in gone for row in rows.tolist()], np.int64)
        changes = self._run(
            lambda start: kernel.evaluate_anew(
                self._program.words, self.table.memory, self._lines, rows, changed, at, start
            ),
            stop=len(rows),
        )
        return self._renewal.merged(self.table, changes, gone, self.memberships)

    @property
    def is_stale(self) -> bool:
        """Whether profiles wait to be evaluated under rules that did not write them."""
        return bool(self._renewal)

    @property
    def due(self) -> int:
        """The next deadline of any profile (ms; a lower bound), `FAR` if there is none."""
        return int(self.table.memory.due[: len(self.table)].min(initial=FAR))

    def _accept(self, batch: Batch) -> tuple[Ints, Batch]:
        """Drop the events whose messageId is among their user's last ones. Also returns the rows of their users."""
        rows = self.table.rows([event.user for event in batch.events])
        repeated = np.zeros(len(batch), np.uint8)
        kernel.deduplicate(self.table.memory.words, self.table.memory.dirty, rows, batch.ids, repeated)
        if not repeated.any():
            return rows, batch
        kept = np.flatnonzero(repeated == 0)
        self.duplicates += len(batch) - len(kept)
        return rows[kept], batch.take(kept)

    def _run(self, work: Callable[[int], int], stop: int, event_id: EventId = lambda _: None) -> list[Change]:
        """Call a kernel function until all is done, emptying the flips it fills."""
        changes: list[Change] = []
        start = 0
        while start < stop:
            self._lines.filled[0] = 0
            start = work(start)
            changes += self._reasons.changes(self.table, self._lines, event_id)
        return changes

    @property
    def dirty_count(self) -> int:
        return int(np.count_nonzero(self.table.memory.dirty[: len(self.table)]))

    def take_dirty(self) -> Dirty:
        """All profiles changed since the last call. With `head()`, this is what a checkpoint stores of the shard."""
        table = self.table
        rows = np.flatnonzero(table.memory.dirty[: len(table)])
        table.memory.dirty[rows] = 0
        places = rows.tolist()
        users = [table.users[row] for row in places]
        packed = write_rows(table, rows, self.catalog.kept, self._head.current)
        documents = [(table.users[row], table.documents[row]) for row in sorted(table.take_changed_documents())]
        return Dirty(list(zip(users, packed, strict=True)), documents)

    def head(self) -> bytes:
        return self._head.at(self.time_ms).encode()

    def memberships(self, user: str) -> dict[str, tuple[int, int]]:
        """The segments a user is in: name -> (since when, ordinal)."""
        row = self.table.row_of[user]
        found: dict[str, tuple[int, int]] = {}
        for name, word in zip(self.catalog.rulebook.names, self._program.rule_words, strict=True):
            since, count = self.table.memory.words[row, word : word + 2].tolist()
            if count & 1:
                found[name] = since, count >> 1
        return found

    def explain(self, user: str, at_ms: int) -> Iterable[Standing]:
        """Every rule's standing, as its conditions are at `at_ms`, not before the profile's newest event."""
        row = self.table.row_of[user]
        at = max(at_ms, int(self.table.memory.words[row, CLOCK]))
        kernel.look(self._program.words, self.table.memory, self._lines, row, at)
        for line, rule in zip(self._lines.words, self.catalog.rulebook.segments, strict=False):
            since, ordinal = int(line[AT]), int(line[ORDINAL])
            because = self._reasons.because(self.table, line)
            yield Standing(rule.name, bool(line[ENTERED]), since if ordinal else None, ordinal, because)
