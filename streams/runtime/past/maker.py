"""The past of one shard under rules that read what was not kept before: made beside the running one, which goes on.

Comes in: the inputs from where the group began, up to where the running shard stands at its last checkpoint; that is
asked again and again, so that the past follows it. Goes out: a shard, once it stands where the running one was let go
(`finish`); the next loading fills in what is lacking from it (`streams.core.engine.past`).

A Redis that was emptied has lost what was made, too. Of a past that has nothing to write nobody would notice, so it is
looked at again and again, and once more in the end (`_look_at_room`); where it is gone it is made anew.

Before the running one is let go, it is waited for until there is little left to read, and nobody on the way to another
(`settled`): so events wait for no more than that.

It is a shard like any other, with checkpoints in a room of its own in Redis, from which it goes on after a crash or in
other hands. Nobody is told of its changes, and what others are to hear it does not send: the running one has sent it,
and so it is read where it stands. It is never ahead of what Redis has of the running one.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, NamedTuple

from aiokafka.errors import KafkaError
from faust.types import TP

from streams.core.engine.past import Past, without_counts
from streams.core.engine.shard import Shard
from streams.core.instants import format_time
from streams.core.kernel.layout import NEVER
from streams.core.profiles.snapshot import Head
from streams.errors import Fenced, StateError, StateLost, StateTooNew, Unreachable
from streams.kafka.errors import in_words
from streams.kafka.message import Message
from streams.lifecycle.awaiting import Made
from streams.log import Throttle, counted, log, seconds
from streams.retry import Retry
from streams.runtime.checkpoints.checkpoint import Checkpoints
from streams.runtime.checkpoints.loading import identities_of, shard_of
from streams.runtime.checkpoints.pending import Silent
from streams.runtime.checkpoints.starting import Beginning, where_the_past_begins
from streams.runtime.intake.homes import stored_homes
from streams.runtime.intake.intake import Intake
from streams.runtime.pace import Unhurried
from streams.runtime.past.departed import Departed
from streams.runtime.past.progress import Progress
from streams.runtime.past.reader import PastReader
from streams.runtime.shard_loop import ShardLoop, Stand
from streams.runtime.worker import Worker
from streams.state.claiming import Claim, claim
from streams.state.fencing import Held, owns
from streams.state.format import FORMAT, past_room
from streams.state.store import ShardStore
from streams.topics import PROFILE_COMMANDS

FOLLOW_EVERY_S: Final = 0.1
AGAIN_AFTER_S: Final = 1.0
FAILED_AGAIN_AFTER_S: Final = 30.0  # where we fail ourselves
LOOK_EVERY_S: Final = 1.0
STOPPED_AGAIN_S: Final = 0.1
HURRIED_S: Final = 0.005  # while events wait
SETTLED_WITHIN_S: Final = 60.0
TOLD_EVERY_S: Final = 30.0


class Running(NamedTuple):
    """The shard that this is the past of. stands: at its last checkpoint. rebuilds: whether it is made anew itself."""

    shard: Shard
    stands: Stand
    rebuilds: bool


class Nobody:
    """Who is told nothing, in the place of a producer and of who notes what is read."""

    async def publish(self, topic: str, shard: int, messages: Sequence[Message]) -> None: ...

    def read(self, events: object, records: object) -> None: ...


class PastMaker:
    """worker: under the rules that await their past. running: None while it is not loaded. pace: one for all that are
    made here. subject: as the log calls it.
    """

    def __init__(
        self,
        worker: Worker,
        number: int,
        tps: Sequence[TP],
        is_ours: Callable[[], Awaitable[bool]],
        running: Callable[[], Running | None],
        pace: Unhurried,
    ):
        self.version, self.rulebook = worker.version, worker.rulebook
        self.subject = f"shard {number}, past under version {worker.version}"
        self.store: ShardStore = worker.store.beside(past_room(worker.version))
        self._progress = Progress(worker, pace)
        self._worker, self._number, self._tps, self._is_ours, self._running = worker, number, tps, is_ours, running
        self._pace = pace
        self._retry = Retry()
        self._may_tell = Throttle(TOLD_EVERY_S)
        self._last: Stand | None = None
        self._head: Head | None = None  # of the running one, once it is let go
        self._epoch = 0
        self._look_at = self._room_at = 0.0
        self._is_abandoned = False
        self._settled, self._hurried = asyncio.Event(), asyncio.Event()
        self._commands = TP(worker.settings.topic(PROFILE_COMMANDS.name), number)
        self._first: dict[TP, int] = {}
        self._task = asyncio.create_task(self._run(), name=self.subject)

    @property
    def made(self) -> Made:
        """How far it is."""
        return self._progress.made

    def can_finish(self, worker: Worker) -> bool:
        """Whether it makes just what these rules are to take over, and has not ended, well or not."""
        return self.version == worker.version and self._worker.rulebook is worker.rulebook and not self.is_over

    @property
    def is_over(self) -> bool:
        """Whether nobody makes it any more."""
        return self._task.done()

    async def settled(self) -> None:
        """Until little is left to be done once the running one is let go; not for ever, as others may be needed."""
        settled = asyncio.create_task(self._settled.wait())
        await asyncio.wait({settled, self._task}, timeout=SETTLED_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        settled.cancel()

    async def finish(self, last: Stand, head: Head, is_needed: Callable[[], bool]) -> Past | None:
        """As it is where the running one was let go, at its last checkpoint; None where it was ended meanwhile, as
        nobody needs it any more. head: of that checkpoint."""
        since, self._last, self._head = time.monotonic(), last, head
        self._hurried.set()
        while not self._task.done():
            await asyncio.wait([self._task], timeout=STOPPED_AGAIN_S)
            if self._is_abandoned or not is_needed():
                self._task.cancel()  # once more: a client of Redis may have swallowed it
        if self._task.cancelled():
            return None
        past = await self._task
        log.info("%s - is there, %s after the shard", self.subject, seconds(since))
        return past

    def abandon(self) -> None:
        """Whoever waits for it is let go."""
        self._is_abandoned = True
        self._task.cancel()

    async def stop(self) -> None:
        """It goes on from its last checkpoint, here or elsewhere."""
        while not self._task.done():  # a client of Redis may have swallowed it
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=STOPPED_AGAIN_S)
        if not self._task.cancelled():
            self._task.exception()  # it was told where it happened

    async def _run(self) -> Past:
        while True:
            try:
                return await self._make()
            except Fenced:
                if not await self._retry(f"{self.subject}, asking whose it is", self._is_ours):
                    raise
            except (Unreachable, KafkaError, StateError) as error:
                if isinstance(error, StateTooNew):
                    raise
                log.warning("%s - goes on from its last checkpoint: %s", self.subject, in_words(error))
            except Exception as error:
                if self._last is not None:
                    raise  # events wait: whoever waits is to know
                self._progress.failed(in_words(error))
                log.error("%s - is tried again, after: %s", self.subject, in_words(error))
                log.debug("%s - the same with where it came from", self.subject, exc_info=error)
                await asyncio.sleep(FAILED_AGAIN_AFTER_S)
            await asyncio.sleep(AGAIN_AFTER_S)

    async def _make(self) -> Past:
        """Until it stands where it is to be in the end."""
        reader = PastReader(self._worker.consumer, self._pace)
        loop = await self._load(reader)
        await loop.start()
        working = asyncio.create_task(loop.work(), name=f"{self.subject}, at work")
        reading = asyncio.create_task(reader.run(loop.receive), name=f"{self.subject}, reading")
        following = asyncio.create_task(self._follow(loop, reader), name=f"{self.subject}, following")
        tasks: Sequence[asyncio.Task[Any]] = working, reading, following
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    await task
            loop.leave()
            await working
            await self._await_departed()
            return self._as_it_is(loop.shard)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _load(self, reader: PastReader) -> ShardLoop:
        worker = self._worker
        self._epoch, stored = await self._claim()
        self._progress.begin(self._epoch, self._first, is_anew=stored is None)
        begun = (
            Beginning({tp: stored.positions.get(tp.topic, 0) for tp in self._tps}) if stored else await self._begin()
        )
        if not stored:
            self._settled.clear()
        shard = await shard_of(worker, stored, partial(self.store.load, self._number, self._epoch), begun.since_ms)
        silent = worker.silent(reader, Nobody())
        hear = partial(without_counts, rulebook=worker.rulebook)
        intake = Intake(silent, begun.offsets, stored.positions if stored else {}, hear, shard.reached_ms)
        checkpoints = Checkpoints(self.store, silent.producer, self._number, self._epoch, self._retry)
        number = max(stored.number if stored else 0, worker.clock())
        pending, identities = Silent(worker.outputs), await identities_of(silent, shard, stored)
        self._departed = Departed(shard, identities, stored_homes(worker, self.store, self._number))
        loop = ShardLoop(silent, shard, identities, intake, checkpoints, number, pending, self._pace)
        loop.saved = Stand(begun.offsets, shard.time_ms, shard.is_stale) if stored else None
        return loop

    async def _claim(self) -> Claim:
        """With what is made of it. Where retention was quicker, and what was to follow is gone, that is nothing:
        then it begins anew, with what is there."""
        found = await claim(self.store, self._number, self._is_ours, self._worker.clock)
        self._first = dict(await self._worker.consumer.earliest_offsets(*self._tps))
        if not found.stored or all(found.stored.positions.get(tp.topic, 0) >= at for tp, at in self._first.items()):
            return found
        log.warning("%s - begins anew: topics do not reach back to its last checkpoint any more", self.subject)
        await self.store.forget(self._number)
        return await claim(self.store, self._number, self._is_ours, self._worker.clock)

    async def _await_departed(self) -> None:
        """Whoever became somebody of this shard is waited for: what was counted of them is part of it."""
        await self._retry(self.subject, self._departed.look)
        while self._departed.missing:
            await asyncio.sleep(HURRIED_S)
            await self._retry(self.subject, self._departed.look)
            if self._departed.missing and self._may_tell():
                count = counted(self._departed.missing, "user")
                log.warning("%s - waits for what was counted of %s before a merge", self.subject, count)

    async def _begin(self) -> Beginning:
        worker, head = self._worker, await self._head_of_running()
        found = await where_the_past_begins(worker.consumer, self._tps, head, worker.settings, worker.clock())
        since = "" if found.since_ms == NEVER else f" since {format_time(found.since_ms)}, as far as topics reach back"
        log.info("%s - is made from the input topics%s", self.subject, since)
        return found

    async def _head_of_running(self) -> Head:
        while True:
            if self._head is not None:
                return self._head
            if (running := self._running()) is not None:
                return Head.decode(running.shard.head())
            await asyncio.sleep(FOLLOW_EVERY_S)

    async def _follow(self, loop: ShardLoop, reader: PastReader) -> None:
        """Until it stands where the running one was let go; on the way, where that stood at one checkpoint after
        another, however much comes meanwhile: time comes for it there, as it had for the running one."""
        towards: Stand | None = None
        reached: Stand | None = None
        while True:
            await self._look_at_room()
            running, is_there = self._running(), False
            newest = self._last or (running.stands if running is not None else None)
            if towards is None and newest is not None and newest is not reached:
                await self._know_merges(loop, reader, newest)
            towards = towards or newest
            if newest is not None and towards is not None:
                await self._refuse_less(newest, towards)
                reader.let(towards.positions)
                self._progress.look(loop, newest, rebuilds=running is not None and running.rebuilds)
                is_there = self._is_there(loop, towards)
                if is_there and towards is self._last:
                    await self._look_at_room(at_once=True)
                    return
                if self.made.is_ready and self._last is None:
                    await self._look_for_departed()
            reached, towards = (towards, None) if is_there else (reached, towards)
            if not await self._count_moves(loop.shard, is_there):
                await self._pause()

    async def _look_at_room(self, *, at_once: bool = False) -> None:
        """From time to time. StateLost: Redis has not what was made. Fenced: another makes it."""
        if at_once or time.monotonic() >= self._room_at:
            epoch = await self._retry(self.subject, partial(self.store.owner, self._number))
            owns(self._number, Held() if epoch is None else Held(FORMAT, epoch), self._epoch)
            self._room_at = time.monotonic() + LOOK_EVERY_S

    async def _refuse_less(self, newest: Stand, towards: Stand) -> None:
        """StateLost: the running one stands before where it stood, as Redis went back in time; what has been read of
        more than it has is forgotten."""
        less = {tp: at for tp, at in newest.positions.items() if at < towards.positions.get(tp, 0)}
        if less:
            kept = await self._retry(self.subject, partial(self.store.progress, self._number))
            if kept is not None and any(kept.positions.get(tp.topic, 0) > at for tp, at in less.items()):
                await self.store.forget(self._number)
            raise StateLost(f"Redis has lost what shard {self._number} had, which it follows")

    async def _know_merges(self, loop: ShardLoop, reader: PastReader, towards: Stand) -> None:
        """Who became another by then, before anything is applied of up to then: the running one has written it down
        once it stands there, behind what it had read of commands."""
        at = towards.positions[self._commands]
        loop.hold_erasures_from(at)
        await reader.read_to_end(self._commands, at)

    async def _count_moves(self, past: Shard, is_there: bool) -> bool:
        """Whether there was anything to count. is_there: whether the past stands where the running one stood just now:
        then it can be begun, once all are there who became somebody here."""
        running = self._running()
        if self._last is not None or running is None:
            return False
        may_begin = is_there and self.made.is_ready and self._settled.is_set()
        return await self._progress.count(running.shard, partial(self._as_it_is, past) if may_begin else None)

    def _as_it_is(self, past: Shard) -> Past:
        return Past(past, Head.decode(past.head()), self._departed.by_user())

    async def _look_for_departed(self) -> None:
        """From time to time; again and again while somebody is on the way."""
        if not self._departed.missing and time.monotonic() < self._look_at:
            return
        await self._retry(self.subject, self._departed.look)
        self._look_at = time.monotonic() + LOOK_EVERY_S
        (self._settled.clear if self._departed.missing else self._settled.set)()

    async def _pause(self) -> None:
        """Until it is time to look again."""
        if self._last is not None:
            await asyncio.sleep(HURRIED_S)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(FOLLOW_EVERY_S):
                await self._hurried.wait()

    def _is_there(self, loop: ShardLoop, stands: Stand) -> bool:
        """Whether it has all that the running one had there; have time come for it, if that is all that it lacks."""
        inputs = loop.inputs()
        if any(inputs[tp] < end for tp, end in stands.positions.items()) or loop.shard.is_stale:
            return False
        if loop.shard.time_ms < stands.time_ms:
            loop.time_came(stands.time_ms, {tp.topic: end for tp, end in stands.positions.items()})
            return False
        return True
