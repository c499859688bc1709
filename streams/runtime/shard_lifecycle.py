"""The owner of one shard, from the moment the group gives it until it is let go: load, work, flush.

Comes in: what fetches bring, the time, and other rules when they are live. Goes out: the shard's checkpoints.

Other rules are taken over at a last checkpoint under those of before. The profiles follow from memory: each before
anything happens to it, the others in slices (`streams.core.engine.predecessor`). Records that had been fetched are read
again, as other rules read other things of them.

A shard that was ours before is not loaded again where nobody else has claimed it since: what we have is what Redis has.

Redis is the truth. Where it holds something else than was written (it came back from a crash without its last
second), the shard is loaded again and goes on from there: the same events give the same changes with the same ids.
Where another worker has claimed the shard, it is let go at once; `streams.state.claiming` says why that is the one to
which Kafka gave it.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final, NamedTuple

from aiokafka.errors import KafkaError
from faust.types import TP

from streams.core.engine.past import Past
from streams.core.engine.shard import Shard
from streams.core.kernel.layout import FAR
from streams.core.profiles.snapshot import Head
from streams.errors import Fenced, StateError, StateTooNew, Unreachable, UsageError
from streams.lifecycle.awaiting import Made
from streams.log import log, seconds
from streams.monitoring.health import Obstacle
from streams.outputs.cloudevents import decode_headers
from streams.outputs.membership import NOWHERE
from streams.retry import Retry
from streams.runtime.checkpoints.checkpoint import Checkpoints
from streams.runtime.checkpoints.loading import identities_of, offsets_of, shard_of
from streams.runtime.checkpoints.owed import NOTHING, Owed
from streams.runtime.checkpoints.pending import Kept, Pending
from streams.runtime.checkpoints.resumable import Resumable
from streams.runtime.checkpoints.starting import Begin, begin, where_to_begin
from streams.runtime.intake.held_back import HeldBack
from streams.runtime.intake.intake import Intake
from streams.runtime.pace import Unhurried
from streams.runtime.past.maker import Running
from streams.runtime.past.shard_past import ShardPast
from streams.runtime.shard_loop import SAVED_WITHIN_S, WRITTEN_WITHIN_S, ShardLoop, Stand
from streams.runtime.transport.fetching import Fetched, Membership
from streams.runtime.worker import Worker
from streams.state.claiming import claim, claim_back
from streams.state.format import COUNTED, MEMBERSHIPS, OWED
from streams.state.store import Stored
from streams.topics import REROUTED_EVENTS, SEGMENT_CHANGES

# How long a shard that is taken away may still be written; the next owner waits for it.
LET_GO_WITHIN_S: Final = WRITTEN_WITHIN_S + SAVED_WITHIN_S


class Found(NamedTuple):
    """What a shard goes on from. left: what the owner before left, if Redis has just that; else stored: what it has,
    None where nothing is. past: as `Shard.finish` has it."""

    left: Resumable | None
    stored: Stored | None
    past: Past | None


class ShardLifecycle:
    """One shard on this worker. `number` is its partition, `membership` that by which the group gave it to us.

    left: what the one before us left of it, then what we leave; None where there is nothing to go on with. pace:
    that of all in a worker that is not urgent.
    """

    def __init__(
        self,
        worker: Worker,
        number: int,
        tps: Sequence[TP],
        membership: Membership,
        left: Resumable | None = None,
        pace: Unhurried | None = None,
    ):
        self.number = number
        self.left = left
        self.loaded: ShardLoop | None = None
        self._worker = self._next = worker
        self._turned = asyncio.Event()
        self._tps = tuple(tps)
        self._membership = membership
        self._leaving = self._was_overtaken = False
        self._loading = f"shard {number}, loading"
        self._retry = Retry()
        self._told = TP(worker.settings.topic(REROUTED_EVENTS.name), number)
        self._told_until: dict[int, int] = {}
        self._past = ShardPast(number, self._tps, self._is_ours, self._running, self._retry, pace or Unhurried())

    @property
    def obstacle(self) -> Obstacle | None:
        """What does not answer it, and is asked again and again."""
        return self._retry.obstacle

    def receive(self, fetched: Fetched) -> None:
        if self.loaded is not None:
            self.loaded.receive(fetched)

    def leave(self) -> None:
        """Write one last checkpoint and let go, soon."""
        self._leaving = True
        self._retry.limit(LET_GO_WITHIN_S)
        self._past.leave()
        if self.loaded is not None:
            self.loaded.leave()

    def runs_under(self, worker: Worker) -> bool:
        """Whether its rules are those of the shard, or will be once it is loaded."""
        return self._next is worker

    async def take_over(self, worker: Worker) -> None:
        """Go on under its rules; until the shard is loaded again, or let go."""
        await self._past.settled(worker)
        self._next = worker
        if not self._leaving:  # else it may be over, and nobody would be left to turn
            self._turned.clear()
            if self.loaded is not None:
                self.loaded.leave()
        await self._turned.wait()

    def overtake(self, worker: Worker) -> None:
        """Where it waits for the past of rules that are live no more, go on under these."""
        if self._past.is_awaited:
            self._next = worker

    @property
    def made(self) -> Made | None:
        """How far the past is that is made here, if any is."""
        return self._past.made

    async def await_past(self, worker: Worker | None) -> None:
        """Make the past of its rules beside; None: none is awaited any more."""
        await self._past.make(worker, self._next.version)

    def has_taken(self, version: int) -> bool:
        """Whether all profiles are under that version of the rules, and stored so."""
        saved = self.loaded.saved if self.loaded is not None else None
        return saved is not None and not saved.is_stale and self._worker.version == version

    async def has_heard(self, version: int) -> bool:
        """Whether all has been applied, and is stored so, that others had told it when this was asked first: once all
        shards have that version of the rules, nobody is told any more what lacks something."""
        saved = self.loaded.saved if self.loaded is not None else None
        if saved is None or not self.has_taken(version):
            return False
        position = saved.positions.get(self._told, 0)
        if version not in self._told_until:
            with suppress(KafkaError):
                ends = await self._worker.consumer.ends({self._told: position})
                if self._told in ends:
                    self._told_until[version] = ends[self._told]
        return position >= self._told_until.get(version, FAR)

    async def forget_past(self, version: int) -> None:
        """Nobody needs it any more."""
        await self._past.forget(self._worker, version)

    def _running(self) -> Running | None:
        loop = self.loaded
        if loop is None or loop.saved is None:
            return None
        return Running(loop.shard, loop.saved, loop.rebuilds)

    async def run(self) -> None:
        """Until `leave`, or until another worker owns the shard."""
        try:
            while not self._leaving:
                self._worker, since = self._next, time.monotonic()
                found = await self._find()
                if self._next is self._worker and not self._leaving:  # as we may have been told meanwhile
                    await self._work(found, await self._begin(found), since)
        except Fenced as error:
            log.error("shard %d - let go without a last checkpoint: %s", self.number, error)
        except (Unreachable, KafkaError) as error:
            if not self._leaving:
                raise
            log.error("shard %d - let go without a last checkpoint, the next owner repeats it: %s", self.number, error)
        finally:
            self.loaded, self._leaving = None, True
            self._turned.set()
            self._worker.consumer.stop_reading(self._tps)
            await self._past.end(forget=False)

    async def _find(self) -> Found:
        """Claim it; where other rules wrote it, wait for the past of ours."""
        left = await self._claim_back()
        stored = await self._retry(self._loading, self._claim) if left is None else None
        is_ours = left is not None and left.rulebook is self._worker.rulebook
        past = await self._past_of(left, stored) if self._worker.version and not is_ours else None
        return Found(left, stored, past)

    async def _begin(self, found: Found) -> Begin:
        """Where to go on. StateError where that is not to be had any more: to load it again would change nothing."""
        worker, left = self._worker, found.left
        if left is None:
            return await begin(worker, self.number, self._tps, found.stored, self._retry)
        where = partial(where_to_begin, worker.consumer, self._tps, left.positions, worker.settings)
        return Begin(await self._retry(self._loading, where), max(left.number, worker.clock()))

    async def _claim_back(self) -> Resumable | None:
        """What was left of it, where Redis has just that; whatever becomes of it, it is not left any more."""
        (left, self.left), worker = (self.left, None), self._worker
        if left is None:
            return None
        back = partial(claim_back, worker.store, self.number, left.epoch, left.number, self._is_ours, worker.clock)
        epoch = await self._retry(self._loading, back)
        if epoch is None:
            return None
        self._checkpoints = self._checkpoints_by(epoch)
        return left

    async def _claim(self) -> Stored | None:
        worker = self._worker
        epoch, stored = await claim(worker.store, self.number, self._is_ours, worker.clock)
        self._checkpoints = self._checkpoints_by(epoch)
        return stored

    def _checkpoints_by(self, epoch: int) -> Checkpoints:
        worker, took = self._worker, self._worker.counters.seconds
        return Checkpoints(worker.store, worker.producer, self.number, epoch, self._retry, took)

    def _stands(self, left: Resumable | None, stored: Stored | None) -> Stand | None:
        if left is not None:
            return Stand(offsets_of(left.positions, self._tps), left.shard.time_ms)
        return Stand(offsets_of(stored.positions, self._tps), Head.decode(stored.head).time_ms) if stored else None

    async def _past_of(self, left: Resumable | None, stored: Stored | None) -> Past | None:
        """If our rules come with one: as `ShardPast.finish` has it."""
        stands = self._stands(left, stored)
        raw = left.shard.head() if left is not None else stored.head if stored is not None else None
        if stands is None or raw is None:
            return None
        return await self._past.finish(self._worker, stands, Head.decode(raw), partial(self.runs_under, self._worker))

    async def _is_ours(self) -> bool:
        return await self._worker.consumer.is_current(self._membership)

    def _resumed(self, left: Resumable, begun: Begin, past: Past | None) -> ShardLoop:
        worker, stands = self._worker, self._stands(left, None)
        if left.rulebook is not worker.rulebook:
            left = left.under(worker.rulebook, past)
        held = self._held_back(left.shard)
        intake = Intake(worker, begun.offsets, left.positions, reached_ms=left.shard.reached_ms, held=held)
        kept = Kept(left.shard.calendar, worker.settings.timeline)
        pending = Pending(worker.outputs, kept=kept)
        loop = ShardLoop(worker, left.shard, left.identities, intake, self._checkpoints, begun.number, pending)
        loop.saved = stands and stands._replace(is_stale=left.shard.is_stale)
        return loop

    def _held_back(self, shard: Shard) -> HeldBack | None:
        """Of a shard that goes on from what is stored, under rules that come with a past."""
        worker = self._worker
        if not (worker.version and worker.has_past):
            return None
        return HeldBack(worker, self.number, shard, self._told.topic)

    async def _load(self, stored: Stored | None, begun: Begin, past: Past | None) -> ShardLoop:
        worker = self._worker
        load = partial(worker.store.load, self.number, self._checkpoints.epoch)
        fill = partial(shard_of, worker, stored, load, begun.begun_ms, past)
        shard = await self._retry(self._loading, fill)
        held = self._held_back(shard) if stored is not None and begun.published is None else None
        applied = stored.positions if stored else {}
        intake = Intake(worker, begun.offsets, applied, reached_ms=shard.reached_ms, held=held)
        kept = Kept(shard.calendar, worker.settings.timeline, _counts_from(shard, stored))
        identities = await identities_of(worker, shard, stored)
        if begun.published is not None and stored:  # what is told again was read before that
            begun.published.say(stored.outbox)
        pending = Pending(worker.outputs, begun.published, kept, Owed(stored[OWED] if stored else NOTHING))
        loop = ShardLoop(worker, shard, identities, intake, self._checkpoints, begun.number, pending)
        stands = self._stands(None, stored)
        loop.saved = stands and stands._replace(is_stale=shard.is_stale)
        if stored is not None:
            await self._publish_again(shard, stored, loop.number)
        return loop

    async def _work(self, found: Found, begun: Begin, since: float) -> None:
        """Until `leave`, or until Redis turns out to hold something else than was found or written."""
        try:
            left, stored, past = found
            loaded = await self._load(stored, begun, past) if left is None else self._resumed(left, begun, past)
            await self._retry(self._loading, loaded.start)
            self.loaded = loaded
            if self._next is self._worker:
                self._turned.set()
            self._worker.counters.seconds.load.observe(time.monotonic() - since)
            profiles, took = f"{loaded.shard.profiles:,}", seconds(since)
            log.info("shard %d - loaded %s profiles of checkpoint %d in %s", self.number, profiles, loaded.number, took)
            if not self._leaving and self._next is self._worker:  # as we may have been told otherwise meanwhile
                self.left = await loaded.work()
        except StateTooNew:
            raise
        except Fenced as error:
            await self._overtaken(error)
        except StateError as error:
            log.error("shard %d - loading it again: %s", self.number, error)
        except (Unreachable, KafkaError) as error:
            if self._leaving or self._next is self._worker:
                raise
            log.error("shard %d - loading it again without a last checkpoint: %s", self.number, error)
        finally:
            self.loaded = None
            self._worker.consumer.stop_reading(self._tps)

    async def _overtaken(self, error: Fenced) -> None:
        """Another worker claimed it after us: its own by Kafka, or else an error of somebody's; to claim it back again
        and again would help nobody."""
        if not await self._retry(f"shard {self.number}, asking whose it is", self._is_ours):
            raise error
        if self._was_overtaken:
            settings = self._worker.settings
            raise UsageError(
                f"{error}, again, although it is this one's by the consumer group {settings.group} of Kafka at"
                f" {settings.kafka}. Do workers of another Kafka have the same SEGMENTER_REDIS and SEGMENTER_GROUP?"
                " Give them another group."
            ) from error
        self._was_overtaken = True
        log.error("shard %d - loading it again, as it is ours by the consumer group: %s", self.number, error)

    async def _publish_again(self, shard: Shard, stored: Stored, number: int) -> None:
        """What the last owner saved and may not have published; its users' memberships are as it saved them, and newer
        than what any owner said of them. Profiles under other rules may say something else until they are evaluated."""
        topic = self._worker.settings.topic(SEGMENT_CHANGES.name)
        changes = [decode_headers(message.headers) for message in stored.outbox if message.topic == topic]
        changed_at = {change.subject: change.time for change in changes}
        users = [user for user in changed_at if user in shard]  # who was erased has a tombstone in the outbox
        ask = partial(self._worker.store.values, self.number, MEMBERSHIPS, users)
        saved = await self._retry(self._loading, ask) if users else {}
        memberships = [
            self._worker.outputs.memberships(user, saved.get(user, NOWHERE), changed_at[user], number) for user in users
        ]
        await self._checkpoints.publish(stored.number, stored.outbox, memberships)


def _counts_from(shard: Shard, stored: Stored | None) -> int | None:
    """From when on flows are counted: all that happened, or, where an older version began, what happens from now on;
    None where the state says it."""
    if stored is None:
        return 0
    return None if stored[COUNTED] else shard.time_ms
