"""A shard that is loaded: at work in slices (`streams.runtime.shard_work`), and written down again and again.

Comes in: what fetches bring (`receive`), and the time, once all that was there before it has been asked for
(`time_came`). Goes out: checkpoints (`streams.runtime.checkpoints.checkpoint`), which carry the changes.

The engine is called in slices, so that fetches and other shards get their turn. A checkpoint is written while the
next slices are applied, one at a time. While a backlog is worked off they are seconds apart; once it is, one
follows every step.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from aiokafka.errors import KafkaError
from faust.types import TP

from streams.core.engine.shard import Shard
from streams.core.identities.identities import Identities
from streams.errors import Unreachable
from streams.log import log
from streams.monitoring.health import Obstacle
from streams.runtime.checkpoints.checkpoint import Checkpoints, Snapshot
from streams.runtime.checkpoints.pending import Pending
from streams.runtime.checkpoints.resumable import Resumable
from streams.runtime.intake.held_back import LOOK_EVERY_S
from streams.runtime.intake.intake import Intake
from streams.runtime.pace import EAGER, SLICE, Pace
from streams.runtime.shard_work import ShardWork
from streams.runtime.transport.fetching import Fetched
from streams.runtime.worker import Worker

BACKLOG_CHECKPOINT_EVERY_S: Final = 1.5
WAVE_CHECKPOINT_EVERY_S: Final = 0.05
TURN_AT_MOST_S: Final = 1.0  # that a checkpoint of what other rules wrote may take before the next shard fills one
# A shard that is let go: so long for a whole checkpoint, then so long for the part of it that Redis keeps.
WRITTEN_WITHIN_S: Final = 4.0
SAVED_WITHIN_S: Final = 2.0


class Stand(NamedTuple):
    """Where a shard stands: the next offset of each input, how far time has come for it (ms), and whether profiles
    still wait to be evaluated under its rules."""

    positions: Mapping[TP, int]
    time_ms: int
    is_stale: bool = False


class Taken(NamedTuple):
    """A snapshot, and where the shard stood then."""

    snapshot: Snapshot
    stood: Stand


class ShardLoop:
    """`number` is that of the last checkpoint; pending: what becomes of its changes; pace: how much is
    done at once, and how others have their turn between slices.

    moves: another number whenever something has been done. saved: where it stood at the last checkpoint that was
    written, None before that.
    """

    def __init__(
        self,
        worker: Worker,
        shard: Shard,
        identities: Identities,
        intake: Intake,
        checkpoints: Checkpoints,
        number: int,
        pending: Pending | None = None,
        pace: Pace = EAGER,
    ):
        self._worker = worker
        self._shard = shard
        self._identities = identities
        self._intake = intake
        self._checkpoints = checkpoints
        self._number = number
        self._pending = Pending(worker.outputs) if pending is None else pending
        self._pace = pace
        self.saved: Stand | None = None
        self._saved_positions: dict[str, int] = {}
        self._saved_time_ms = shard.time_ms
        self._saved_rebuilds = self._pending.rebuilds
        self._writing: asyncio.Task[None] | None = None
        self._unwritten: list[Taken] = []
        self._written_at = time.monotonic()
        self._wake = asyncio.Event()
        self._turn: asyncio.TimerHandle | None = None
        self._leaving = False
        self.moves = 0
        self._work = ShardWork(worker, shard, identities, intake, self._pending, checkpoints.subject, pace.at_once)

    @property
    def shard(self) -> Shard:
        return self._shard

    @property
    def unlinked(self) -> tuple[int, int]:
        """Under how many aliases something waits, and the bytes that it takes."""
        return len(self._identities.aliases), self._identities.aliases.bytes

    @property
    def rebuilds(self) -> bool:
        """Whether it is made anew, as it was lost: not all that was there before has been applied again."""
        return self._pending.rebuilds

    @property
    def members(self) -> Counter[str]:
        """How many are in each segment."""
        return self._work.members

    @property
    def settled_ms(self) -> int:
        """The time that has come for all profiles, with nothing of it left to be worked off."""
        return self._work.settled_ms

    @property
    def number(self) -> int:
        """Of the last checkpoint."""
        return self._number

    @property
    def obstacle(self) -> Obstacle | None:
        """What keeps it that is another shard's."""
        return self._intake.held.obstacle if self._intake.held is not None else None

    async def start(self) -> None:
        """Have the inputs read from where they stand."""
        self._intake.know_moving(self._identities.aliases.merged, self._identities.merges.asking)
        await self._intake.start(self.inputs())

    @property
    def written(self) -> tuple[float | None, float | None]:
        """When the last checkpoint was saved, and when one was published (Unix times, s)."""
        return self._checkpoints.saved_at, self._checkpoints.published_at

    def has_work(self, now_ms: int) -> bool:
        """Whether anything waits to be done, beside what is not fetched yet."""
        return self._writing is not None or self._work.waits or self.wants_time(now_ms) or self._has_news()

    def receive(self, fetched: Fetched) -> None:
        self._intake.receive(fetched)
        self._wake.set()

    def hold_erasures_from(self, offset: int) -> None:
        """Of who is to be erased by commands from there on, until this is called with a later offset."""
        self._intake.hold_erasures_from(offset)
        self._wake.set()

    def wants_time(self, now_ms: int) -> bool:
        """Whether a deadline or a refresh has come by the wall clock, and nobody has asked yet what the inputs hold."""
        return self._work.wants_time(now_ms)

    def time_came(self, now_ms: int, ends: Mapping[str, int]) -> None:
        """Time `now_ms` comes for this shard when all that its inputs held then, up to `ends`, has been applied."""
        self._work.time_came(now_ms, ends)
        self._wake.set()

    def inputs(self) -> dict[TP, int]:
        """Where each input stands: the offset of the first record that has not been applied."""
        positions = self._intake.positions()
        return {tp: positions[tp.topic] for tp in self._intake.tps}

    def lag(self) -> dict[str, int]:
        return self._intake.lag()

    def leave(self) -> None:
        self._leaving = True
        self._wake.set()

    async def work(self) -> Resumable | None:
        """Until `leave`, and then one last checkpoint; None where not all that we have is in it, and public."""
        try:
            while not self._leaving:
                self._wake.clear()
                is_held = self._intake.held is not None and await self._intake.held.look()
                since = time.monotonic()
                busy = self._work.do_slice(may_migrate=self._may_migrate())
                self.moves += busy
                self._leaving |= self._work.must_read_again
                took_s = time.monotonic() - since
                within_s = await self._checkpoint(busy)
                within_s = LOOK_EVERY_S if is_held else within_s
                await (self._pace.rest(took_s) if busy else self._woken(within_s))
            self._intake.stop()
            is_whole = await self._last_checkpoint()
        finally:
            self._end_turn()
            if self._writing is not None:
                self._writing.cancel()
        if not is_whole or self._shard.is_stale or self._pending.rebuilds:
            return None
        epoch, rulebook = self._checkpoints.epoch, self._worker.rulebook
        return Resumable(epoch, self._number, self._saved_positions, self._shard, self._identities, rulebook)

    def _may_migrate(self) -> bool:
        """Whether it is the turn of this one, among the worker's shards with profiles that other rules wrote, to fill a
        checkpoint with them. The turn is over when that is written: where Redis or Kafka are slow, so is this. Where
        one partition takes nothing, the other shards need not wait for it."""
        if self._writing is None and self._work.may_migrate:
            return self._worker.taking_over.is_turn_of(self._wake)
        if self._turn is None and not self._work.migrated:
            self._worker.taking_over.leave(self._wake)
        return False

    def _end_turn(self) -> None:
        """What it was used for is written, or takes too long, or there was nothing to write."""
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        self._worker.taking_over.leave(self._wake)

    def _go_on(self) -> None:
        """Stand in line again, or fill the next checkpoint where it still is its turn."""
        if self._shard.is_stale:
            self._wake.set()

    async def _last_checkpoint(self) -> bool:
        """Whole, or, where that takes too long, as far as Redis: what was not published then waits for the next owner.
        Gives whether it is whole.

        Unreachable: Redis did not take it either.
        """
        try:
            async with asyncio.timeout(WRITTEN_WITHIN_S):
                if self._writing is not None:
                    await self._writing
                self._writing = None
                if self._is_worth_a_last_one():
                    await self._write(self._snapshot())
            return True
        except (TimeoutError, KafkaError, Unreachable):
            self._writing = None
        try:
            async with asyncio.timeout(SAVED_WITHIN_S):
                if self._is_worth_a_last_one():
                    self._snapshot()
                for taken in self._unwritten:
                    await self._checkpoints.save(taken.snapshot)
        except TimeoutError as error:
            raise Unreachable("Redis does not answer") from error
        log.warning("%s - let go; what Kafka does not take now, the next owner publishes", self._checkpoints.subject)
        return False

    def _is_worth_a_last_one(self) -> bool:
        """Time alone is not worth a checkpoint, but rules that are new after a restart are evaluated at it."""
        return self._has_news() or self._shard.time_ms > self._saved_time_ms

    async def _woken(self, within_s: float | None) -> None:
        """Until there may be something to do, at the latest within so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._wake.wait()

    async def _checkpoint(self, busy: bool) -> float | None:
        """Begin one if it is time for it; wait for the one before only where more would not fit into the next.

        Returns in how many seconds it is time for what has to wait, None if nothing has.
        """
        full = self._work.is_full()
        if self._writing is not None:
            if not full and not self._writing.done():
                return None
            if not await self._written():
                return None
        is_behind = sum(self.lag().values()) >= SLICE and not self._shard.is_stale
        every_s = BACKLOG_CHECKPOINT_EVERY_S if is_behind else WAVE_CHECKPOINT_EVERY_S
        wait_s = self._written_at + every_s - time.monotonic()
        # Whoever is behind and has nothing to do waits for a fetch, which is on its way.
        if (busy or is_behind) and not full and wait_s > 0:
            return wait_s
        if self._has_news():
            writing = self._write(self._snapshot())
            self._writing = asyncio.create_task(writing, name=f"{self._checkpoints.subject}, checkpoint")
            self._writing.add_done_callback(lambda _: self._wake.set())
        elif self._work.migrated:  # there was nobody to evaluate: nothing is to be written
            self._work.migrated = 0
            self._end_turn()
            self._go_on()
        return None

    async def _written(self) -> bool:
        """Whether the checkpoint under way is written; waits for that, but no longer than until `leave`."""
        while self._writing is not None:
            if self._writing.done():
                await self._writing
                self._writing = None
                if self._turn is not None:
                    self._end_turn()
                self._go_on()
            elif self._leaving:
                return False
            else:
                self._wake.clear()
                await self._wake.wait()
        return True

    def _has_news(self) -> bool:
        if self._work.has_news:
            return True
        return self._saved_rebuilds != self._pending.rebuilds or self._intake.positions() != self._saved_positions

    def _snapshot(self) -> Taken:
        self._number += 1
        if self._work.migrated:
            self._turn = asyncio.get_running_loop().call_later(TURN_AT_MOST_S, self._end_turn)
            self._work.migrated = 0
        self._written_at = time.monotonic()
        self._saved_positions = self._intake.positions()
        self._saved_time_ms = self._shard.time_ms
        self._saved_rebuilds = self._pending.rebuilds
        letters = self._intake.letters.take()
        snapshot = self._pending.snapshot(self._shard, self._identities, self._number, self._saved_positions, letters)
        positions = {tp: self._saved_positions[tp.topic] for tp in self._intake.tps}
        taken = Taken(snapshot, Stand(positions, self._shard.time_ms, self._shard.is_stale))
        self._unwritten.append(taken)
        return taken

    async def _write(self, taken: Taken) -> None:
        await self._checkpoints.write(taken.snapshot)
        self._unwritten.remove(taken)
        self.saved = taken.stood
        self._worker.consumer.may_commit(taken.stood.positions)
        self._worker.counters.checkpoints += 1
        self.moves += 1
