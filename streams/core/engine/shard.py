"""A shard: the profiles of one partition, and the path of an event through them. READ FIRST.

    step(batch)      deduplicate, fold documents, then for each event: catch up, fold, evaluate, diff
    tick(now)        the same with no event: the profiles whose deadline has come
    migrate(limit)   the same after the rules have changed
    erase(subjects)  their profiles are taken away
    depart, arrive   a profile leaves, to become part of another

Comes in: batches of events in the order to apply them (`streams.core.engine.inbox`), and the time (ms).
Goes out: the changes, each subject's in order, however the stream was cut. All is pure: no clock, no I/O.
What is asked of profiles, and changes none, is in `streams.core.engine.readable`; what is stored of them, and how a
shard begins, in `streams.core.engine.storable`.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec
import numpy as np

from streams.core.arrays import Ints
from streams.core.batch import Batch
from streams.core.calendar import UTC, Calendar
from streams.core.changes import Cause, Change
from streams.core.engine.decoding import EventId, Memberships
from streams.core.engine.encoding import EventEncoder
from streams.core.engine.erasure import Erasure
from streams.core.engine.leaving import beyond, leave, rules_by_segment
from streams.core.engine.merging import Merged, pack, unpack
from streams.core.engine.storable import NO_PRIVATE_TRAITS, Storable
from streams.core.events import Event
from streams.core.kernel import loop
from streams.core.kernel.layout import CLOCK, FEWEST_IDS, LEVEL, LEVEL_BITS, NEVER
from streams.core.kernel.message_ids import deduplicate
from streams.core.merges import Packed
from streams.core.rules.rulebook import Grouping, Rulebook
from streams.core.scores.quintiles import Quintiles


class Shard(Storable):
    """The profiles of one partition, as they change under one rulebook.

    duplicates, refused: how many events were passed over as repeats; as of before their subject was erased.
    """

    def __init__(
        self,
        rulebook: Rulebook,
        calendar: Calendar = UTC,
        private_traits: frozenset[str] = NO_PRIVATE_TRAITS,
        begun_ms: int = NEVER,
        remembered_ids: int = FEWEST_IDS,
    ):
        """calendar: when days begin. begun_ms: before it there were events that the shard is not told; `NEVER` where
        it is told all. remembered_ids: among how many of a subject's accepted ids a repeat is known."""
        super().__init__(rulebook, calendar, private_traits, begun_ms, remembered_ids)
        self._encoder = EventEncoder(self.catalog, self._program)
        self._coming_ms = NEVER  # the newest time of a tick, which some profiles may still wait for
        self._wave: Ints = np.empty(0, np.int64)  # those that were due by then and have not had their turn
        self.duplicates = self.refused = 0
        self._rule_of = rules_by_segment(rulebook)

    def step(self, batch: Batch) -> list[Change]:
        """Apply events in the order of the batch."""
        come_first = self._settle(event.subject for event in batch.events) if self.is_stale else []
        rows, batch = self._accept(batch)
        occurrences, caused_by = self._encoder.of(self.table, rows, batch)
        come_ms = self._come_ms
        changes = self._run(
            lambda start: loop.step(*self._state, occurrences, come_ms, start),
            stop=len(occurrences.words),
            event_id=lambda occurrence: batch.events[caused_by[occurrence]].message_id,
        )
        return come_first + changes + self._catch_up(rows)

    def _catch_up(self, rows: Ints) -> list[Change]:
        """What late events made due at instants that have come already. It is told at once: a shard that is loaded
        takes it for granted that all until `time_ms` has been worked off."""
        return self._catch_up_to(np.unique(rows[self.table.memory.due[rows] <= self.time_ms]), self.time_ms)

    def tick(self, now_ms: int, limit: int = 10_000) -> list[Change]:
        """Work off deadlines up to `now_ms`, of at most `limit` profiles: repeat until `time_ms` is there.

        A step in between finds that the time has come for all.
        """
        if now_ms > self._coming_ms or not len(self._wave):
            self._coming_ms = max(self._coming_ms, now_ms)
            self._wave = np.flatnonzero(self.table.memory.due[: len(self.table)] <= now_ms)
        due, self._wave = self._wave[:limit], self._wave[limit:]
        changes = self._catch_up_to(due, now_ms)
        # What an event has made due since the wave was looked for is found when the rest of it is done.
        if not len(self._wave) and self.due > now_ms:
            self.time_ms = max(self.time_ms, now_ms)
        return changes

    def migrate(self, limit: int = 10_000) -> list[Change]:
        """Evaluate at most `limit` profiles that other rules wrote: repeat while `is_stale`."""
        if self._before is not None:
            self._bring(self._before.next(limit))
        return self._evaluate_anew(self._migration.take(limit))

    def _settle(self, subjects: Iterable[str]) -> list[Change]:
        """The same of these subjects, to whom something is about to happen."""
        if not self.is_stale:
            return []
        subjects = list(dict.fromkeys(subjects))
        self._bring(subjects)
        rows = self.table.find_all(subjects)
        return self._evaluate_anew(self._migration.take_of(rows[rows >= 0].tolist()))

    def _bring(self, subjects: Iterable[str]) -> None:
        """Have those be here who are still with the shard of before."""
        if self._before is not None:
            self._derive(self._before.bring(subjects))
            self._before = self._before or None

    def _evaluate_anew(self, rows: Ints) -> list[Change]:
        at, leavers = self.time_ms, self._migration.take_leavers(rows)
        self._evaluate_united(self._migration.take_united(rows), at)
        changes = self._run(
            lambda start: loop.reevaluate(*self._state, rows, leavers, at, start),
            stop=len(rows),
        )
        changes = self._migration.adopt(self.table, rows, changes, at, self._arrival, self.all_memberships)
        return self._migration.with_ends(self.table, rows, changes, at, self.memberships)

    def _evaluate_united(self, rows: Ints, at_ms: int) -> None:
        """Have those be where their past would have them, had it known all that was counted: each as of its clock, and
        then as time has come."""
        if not len(rows):
            return
        before = self.table.memory.words[rows].copy()
        as_of_then = np.zeros(len(rows), np.int64)
        self._run(lambda start: loop.reevaluate(*self._state, rows, as_of_then, NEVER, start), stop=len(rows))
        self._catch_up_to(rows, at_ms)
        self._migration.adopt_levels(rows, before, self.table)

    def _arrival(self, row: int, rule: int, before: int, at_ms: int, subject: str, segments: tuple[str, ...]) -> Change:
        """As what its state makes of it: live, or in shadow."""
        at_ms = max(at_ms, int(self.table.memory.words[row, CLOCK]))
        loop.look(*self._state, row, at_ms)
        return self._decoder.arrival(self.table, self._transitions.words[rule], subject, at_ms, segments, before)

    def erase(self, erasures: Sequence[Erasure]) -> list[Change]:
        """Take away what is known of subjects up to the time of each command, and refuse what comes of it later."""
        self.dirty_at_most += len(erasures)
        come_first = self._settle(erasure.subject for erasure in erasures)
        return come_first + self._erased.erase(self.table, erasures, self._held)

    def erase_one(self, subject: str, ts: int, message_id: str | None) -> list[Change]:
        return self.erase([Erasure(subject, ts, message_id)])

    def is_refused(self, event: Event) -> bool:
        """Whether it is of before its subject was erased."""
        return self._erased.is_refused(event)

    def refused_until(self, subject: str) -> int:
        return self._erased.until(subject)

    def refuse(self, subject: str, until_ms: int) -> None:
        """Refuse what is of up to then of a subject who has no profile: an alias."""
        self.dirty_at_most += 1
        self._erased.refuse(subject, until_ms)

    def depart(self, subject: str, survivor: str, at_ms: int, message_id: str | None) -> tuple[Packed, list[Change]]:
        """Take a profile away, for it is another's from `at_ms` on; deadlines up to then come first."""
        changes = self._settle([subject])
        row = np.array([self.table.row_of(subject)])
        changes += self._catch_up_to(row, max(at_ms, self._come_ms))
        at_ms = max(at_ms, int(self.table.memory.words[row[0], CLOCK]))
        packed = pack(self.table, int(row[0]), self.catalog, self._head.current)
        held = self._held(subject)
        self._erased.take_out(self.table, subject)
        self.dirty_at_most += 1
        return packed, changes + leave(self._rule_of, subject, held, at_ms, "merge", message_id, survivor)

    def beyond(self, subject: str, told: Memberships, packed: Packed | None = None) -> Memberships:
        """Of what was told of a profile in another life, what has not come to pass. packed: of one that departed."""
        if packed is not None:
            return beyond(unpack(self.table, self.catalog, self.calendar, packed).row, self.catalog, told)
        row = self.table.find(subject)
        return beyond(None if row is None else self.table.memory.words[row], self.catalog, told)

    def leave_as_told(
        self, subject: str, told: Memberships, at_ms: int, message_id: str | None, survivor: str | None = None
    ) -> list[Change]:
        """How whoever is erased, or is the survivor, leaves what has not come to pass: as of `at_ms`, or of when it was
        told where that is later."""
        at_ms = max([at_ms, *(since for since, _ in told.values())])
        cause: Cause = "erase" if survivor is None else "merge"
        return leave(self._rule_of, subject, told, at_ms, cause, message_id, survivor)

    def count_on(self, rule: Grouping, rows: Ints, ordinals: Ints, told_ms: Ints) -> None:
        """What was told of these by a rule counts, up to its ordinal and as of then, though it is no part of what has
        happened here: what comes is told after it."""
        words, word = self.table.memory.words, self._program.rule_words[self.catalog.rulebook.groupings.index(rule)] + 1
        words[rows, word] = ordinals << LEVEL_BITS | words[rows, word] & LEVEL
        words[rows, CLOCK] = np.maximum(words[rows, CLOCK], told_ms)
        self.table.memory.dirty[rows] = 1
        self.dirty_at_most += len(rows)

    def lead_on(self, subject: str, rule: str, told: str | None, ordinal: int) -> Change:
        """How a subject comes to where it stands from where it was told to be, by nothing that happens: the next change
        after that of `ordinal`, as of now. told: a segment of the rule, None for none of them."""
        rules = self.catalog.rulebook.groupings
        number = next(number for number, each in enumerate(rules) if each.name == rule and not each.is_shadow)
        segments, row = rules[number].segments, self.table.row_of(subject)
        counted = int(self.table.memory.words[row, self._program.rule_words[number] + 1]) >> LEVEL_BITS
        until = np.array([max(counted, ordinal + 1)])
        self.count_on(rules[number], np.array([row]), until, np.array([self.time_ms]))  # what comes late comes after it
        before = segments.index(told) + 1 if told in segments else 0
        change = self._arrival(row, number, before, self.time_ms, subject, tuple(self.memberships(subject)))
        return msgspec.structs.replace(
            change,
            segment=change.segment or told,
            previous=told if change.type == "segment.changed" else None,
            cause="backfill",
            ordinal=ordinal + 1,
        )

    def arrive(self, survivor: str, packed: Packed, at_ms: int, message_id: str | None) -> list[Change]:
        """Make a profile that left elsewhere part of one here, as of `at_ms`; deadlines up to then come first."""
        changes = self._settle([survivor])
        row = self.table.row_of(survivor)
        merged = Merged(self.table, self.catalog, self.calendar, row, packed)
        at_ms, rows = max(at_ms, merged.clock_ms), np.array([row])
        changes += self._catch_up_to(rows, max(at_ms, self._come_ms))
        at_ms = max(at_ms, int(self.table.memory.words[row, CLOCK]))
        merged.take_in(at_ms)
        changes += self._run(lambda _: loop.merge(*self._state, row, at_ms), stop=1, event_id=lambda _: message_id)
        merged.date_levels()
        return changes + self._catch_up(rows)

    def _catch_up_to(self, rows: Ints, until_ms: int) -> list[Change]:
        return self._run(lambda start: loop.tick(*self._state, rows, until_ms, start), stop=len(rows))

    @property
    def _come_ms(self) -> int:
        """The time that has come for all, or is about to."""
        return max(self.time_ms, self._coming_ms)

    @property
    def is_stale(self) -> bool:
        """Whether profiles wait to be evaluated under rules that did not write them."""
        return bool(self._migration) or self._before is not None

    @property
    def profiles(self) -> int:
        """How many subjects there are."""
        return self.table.profiles + (len(self._before) if self._before is not None else 0)

    def __contains__(self, subject: str) -> bool:
        """Whether there is a profile."""
        return subject in self.table or (self._before is not None and subject in self._before)

    def members(self) -> dict[str, int]:
        """How many subjects are in each segment, those of rules in shadow too; as it was told."""
        found = self._migration.as_told(super().members(), self.table, self._decoder.segment)
        return found + self._before.members() if self._before is not None else found

    def quintiles(self, rule: str) -> Quintiles | None:
        """The newest edges of a scores rule."""
        return self._edges.newest(rule)

    def set_edges(self, quintiles: Quintiles) -> None:
        """Score by these from their instant on, or after all that has been applied; `tick` then tells what changes."""
        since_ms = self._edges.agree(quintiles, self._newest_ms + 1)
        if since_ms is not None:
            due, rows = self.table.memory.due, self.table.taken()
            due[rows] = np.minimum(due[rows], since_ms)

    def _accept(self, batch: Batch) -> tuple[Ints, Batch]:
        """Drop what is refused, and the events whose messageId is among their subject's last ones. Also returns the
        rows of their subjects."""
        refused = self._erased.refused(batch)
        if len(refused):
            self.refused += len(refused)
            batch = batch.take(np.delete(np.arange(len(batch)), refused))
        rows = self.table.rows([event.subject for event in batch.events])
        repeated = np.zeros(len(batch), np.uint8)
        words, dirty = self.table.memory.words, self.table.memory.dirty
        deduplicate(words, dirty, rows, batch.ids, self.catalog.remembered_ids, repeated)
        if not repeated.any():
            return rows, batch
        kept = np.flatnonzero(repeated == 0)
        self.duplicates += len(batch) - len(kept)
        return rows[kept], batch.take(kept)

    def _run(self, work: Callable[[int], int], stop: int, event_id: EventId = lambda _: None) -> list[Change]:
        """Call a kernel function until all is done, emptying the buffer it fills."""
        self.dirty_at_most += stop
        changes: list[Change] = []
        start = 0
        while start < stop:
            self._transitions.filled[0] = 0
            start = work(start)
            changes += self._decoder.changes(self.table, self._transitions, event_id)
        return changes
