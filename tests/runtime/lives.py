"""A shard's life, over a world that outlives it, with a crash between any two steps where one is wanted.

Comes in: the world, and the step around which something happens. Goes out: what is stored, and what stands on Kafka.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, NoReturn

import msgspec
from aiokafka.errors import OffsetOutOfRangeError
from faust.types import TP

from streams.core.compiler.catalog import Catalog
from streams.core.rules.rulebook import Rulebook
from streams.errors import Unreachable
from streams.kafka.batches.reader import Portion
from streams.kafka.message import Message
from streams.outputs.messages import Outputs
from streams.runtime.checkpoints.resumable import Resumable
from streams.runtime.counters import Counters
from streams.runtime.shard_lifecycle import ShardLifecycle
from streams.runtime.transport.fetching import Fetched, Membership
from streams.runtime.worker import Worker
from streams.settings import Settings
from streams.sources import Decoder
from streams.state.format import past_room
from streams.state.store import Progress, ShardStore
from tests.anytime import ANY_TIME
from tests.runtime.world import PARTITIONS, World

HELD_FOR: Final = 50  # turns
HOW: Final = ("after, a crash", "before, a crash", "after, no answer", "before, no answer")


class Crash(BaseException):
    """The worker is gone."""


class Owner:
    """One life of a shard. steps: what it asked. at: the step, by number or name, around which something happens.

    after: the rules by which it begins, until they are taken over by `rules`: once their past is there, if that is
    awaited, or while it is loaded, where they go on with that of before; time does not come before.
    """

    def __init__(
        self,
        world: World,
        rules: Rulebook,
        at: int | str | None = None,
        how: str = "",
        after: Rulebook | None = None,
        number: int = 1,
    ):
        self.world, self.steps, self._at, self._how, self.number = world, list[str](), at, how, number
        world.generation[number] += 1
        world.now_ms += 1_000
        self._crashed, self._held = False, 0
        self._reading = 0
        self._next: dict[TP, int] = {}
        self._fetched = set[TP]()
        self._worker = self._under(rules)
        self._awaits = self._under(world.awaited, world.awaited_version) if world.awaited is not None else None
        self._taking_over: asyncio.Task[None] | None = None
        self._inputs = world.inputs_of(number)
        first = self._worker if after is None else self._under(after, max(0, world.version - (not world.goes_on)))
        left, world.left = world.left, None
        self._owner = ShardLifecycle(first, number, self._inputs, Membership(world.generation[number], "us"), left)

    @property
    def left(self) -> Resumable | None:
        return self._owner.left

    def _under(self, rules: Rulebook, version: int | None = None) -> Worker:
        settings, world = Settings(), self.world
        version = world.version if version is None else version
        us: Any = self
        decoder = Decoder(msgspec.structs.replace(Catalog(rules).reads, unlinked_whole=True), ANY_TIME)
        outputs, counters = Outputs(settings), Counters()
        return Worker(
            *(settings, rules, us, lambda: world.now_ms, us, us, decoder, outputs, counters, us, PARTITIONS, version),
            has_limit=world.has_limit,
            has_past=world.has_past,
        )

    async def live(self) -> None:
        """Until all that is there has been applied, time has come, and the shard was let go."""
        running = asyncio.create_task(self._owner.run())
        with suppress(TimeoutError):
            async with asyncio.timeout(300):
                while not running.done() and not self._crashed and not await self._is_done():
                    await asyncio.sleep(0)
                    self._fetch()
        if self._crashed:
            while not running.done():  # a client of Redis may have swallowed it
                running.cancel()
                await asyncio.wait({running}, timeout=0.1)
            await asyncio.gather(running, return_exceptions=True)
            raise Crash
        self._owner.leave()
        await running

    def _fetch(self) -> None:
        if self.world.goes_on and self._taking_over is None and not self._owner.runs_under(self._worker):
            self._taking_over = asyncio.create_task(self._owner.take_over(self._worker))
        if self._owner.loaded is None:
            return
        if self._awaits is not None:
            self._making = asyncio.create_task(self._owner.await_past(self._awaits))
        is_ready = self._note_made()
        is_turning = self._taking_over is not None and not self._taking_over.done()
        may_turn = is_ready or self._awaits is None or self.world.is_live
        if not is_turning and not self._owner.runs_under(self._worker) and may_turn:
            self._taking_over, self._awaits = asyncio.create_task(self._owner.take_over(self._worker)), None
            is_turning = True
        if is_turning and not self.world.is_live:
            return
        ends = {tp: len(self.world.inputs[tp]) for tp in self._inputs}
        for tp, offset in self._next.items():
            if offset < ends[tp] or tp not in self._fetched:
                found = self.world.inputs[tp][offset:]
                self._owner.receive(Fetched(tp, self._reading, offset, found, ends[tp], ends[tp], caught_up=True))
                self._fetched.add(tp)
        self._next = {tp: ends[tp] for tp in self._next}
        comes = self._owner.runs_under(self._worker) or self.world.is_live
        if comes and self._owner.loaded.shard.time_ms < self.world.now_ms:
            self._owner.loaded.time_came(self.world.now_ms, {tp.topic: end for tp, end in ends.items()})

    def _note_made(self) -> bool:
        """Whether the past is ready that is made here; what it says is noted."""
        made, world = self._owner.made, self.world
        if made is None:
            return False
        if made.is_ready:
            world.ready.add(self.number)
            world.reaches[self.number] = made.since_ms
        if made.error:
            world.errors.append(made.error)
        if made.moves is not None:
            world.moves[self.number] = made.moves
        return made.is_ready

    async def _is_done(self) -> bool:
        progress = await self.world.store.progress(self.number)
        self._held = self._held + 1 if self._is_held else 0
        if self._held > HELD_FOR:
            return True
        if progress is None or self._owner.loaded is None or self._owner.loaded.shard.time_ms < self.world.now_ms:
            return False
        if self._owner.loaded._work._ending is not None:
            return False
        if self._awaits is not None and not await self._has_past(progress):
            return False
        if self._awaits is not None and self._awaits.has_limit and self.number not in self.world.moves:
            return False
        if not await self._is_tidy():
            return False
        applied = all(progress.positions.get(tp.topic) == len(self.world.inputs[tp]) for tp in self._inputs)
        return applied and await self.world.store.is_published(self.number, progress.number)

    @property
    def _is_held(self) -> bool:
        """Whether it holds back what another's past is needed for, which may be made once that lives."""
        held = self._owner.loaded._intake.held if self._owner.loaded is not None else None
        return held is not None and bool(held.bounds({}))

    async def _has_past(self, progress: Progress) -> bool:
        """Whether the past is ready that is made here, and has what the shard has."""
        past = await self.world.store.beside(past_room(self.world.awaited_version)).progress(self.number)
        if self.number not in self.world.ready or past is None:
            return self.number in self.world.ready and not any(progress.positions.values())
        return all(past.positions.get(topic, 0) >= at for topic, at in progress.positions.items())

    async def _is_tidy(self) -> bool:
        """Whether what was made of the past is taken by all profiles here, and forgotten where all shards have it."""
        version, number, world = self._worker.version, self.number, self.world
        if await self.world.store.beside(past_room(version)).progress(number) is None:
            return True
        if self._owner.has_taken(version):
            world.taken.add(number)
        with suppress(Unreachable):
            if len(world.taken) == PARTITIONS and await self._owner.has_heard(version):
                world.heard.add(number)
            if len(world.heard) == PARTITIONS:
                await self._owner.forget_past(version)
                return False  # until it is not there any more
        return number in (world.heard if len(world.taken) == PARTITIONS else world.taken)

    async def _step(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        self.steps.append(name)
        hit, how = self._at in (len(self.steps) - 1, name), self._how
        if hit and how.startswith("before"):
            self._fail()
        if self.world.each_step is not None:
            await self.world.each_step()
        answer = await call()
        if hit and how.startswith("after"):
            self._fail()
        return answer

    def _fail(self) -> NoReturn:
        """A crash ends all tasks, whichever it comes to."""
        if self._how.endswith("a fault of ours, once"):
            self._at = None
            raise LookupError(self._how)
        self._crashed = self._how.endswith("crash")
        raise Crash if self._crashed else Unreachable(self._how)

    # ---------------------------------------------------------------------------------- what it asks of Redis

    async def owner(self, shard: int) -> Any:
        return await self._step("owner", lambda: self.world.store.owner(shard))

    async def claim(self, shard: int, epoch: int, after: int | None) -> Any:
        return await self._step("claim", lambda: self.world.store.claim(shard, epoch, after))

    async def load(self, shard: int, epoch: int, takers: Any) -> None:
        await self._step("load", lambda: self.world.store.load(shard, epoch, takers))

    async def claim_back(self, shard: int, epoch: int, after: int, number: int) -> Any:
        return await self._step("claim_back", lambda: self.world.store.claim_back(shard, epoch, after, number))

    async def save(self, shard: int, epoch: int, checkpoint: Any) -> None:
        await self._step("save", lambda: self.world.store.save(shard, epoch, checkpoint))

    async def mark_published(self, shard: int, epoch: int, number: int) -> None:
        await self._step("mark_published", lambda: self.world.store.mark_published(shard, epoch, number))

    async def progress(self, shard: int) -> Any:
        return await self._step("progress", lambda: self.world.store.progress(shard))

    async def values(self, shard: int, collection: Any, names: Sequence[str]) -> Any:
        return await self._step("values", lambda: self.world.store.values(shard, collection, names))

    async def head(self, shard: int) -> Any:
        return await self._step("head", lambda: self.world.store.head(shard))

    def beside(self, room: str) -> Any:
        return Room(self, self.world.store.beside(room))

    # ------------------------------------------------------------------------------------------- and of Kafka

    async def is_current(self, membership: Membership) -> Any:
        return await self._step("is_current", _answer(membership.generation == self.world.generation[self.number]))

    async def committed(self, tps: Sequence[TP]) -> Any:
        return await self._step("committed", _answer({tp: self.world.committed.get(tp) for tp in tps}))

    async def earliest_offsets(self, *tps: TP) -> Any:
        return await self._step("earliest_offsets", _answer({tp: self.world.begins.get(tp, 0) for tp in tps}))

    async def ends(self, positions: Mapping[TP, int]) -> Any:
        return await self._step("ends", _answer({tp: len(self.world.inputs[tp]) for tp in positions}))

    @asynccontextmanager
    async def reading_back(self, tp: TP) -> Any:
        async def batches() -> Any:
            yield list(self.world.stands[tp])

        yield await self._step("reading_back", _answer((0, batches())))

    @asynccontextmanager
    async def reading_on(self, offsets: Mapping[TP, int]) -> Any:
        await self._step("reading_on", _answer(None))
        yield Beside(self.world, offsets)

    async def start_reading(self, offsets: Mapping[TP, int]) -> Any:
        self._reading += 1
        self._next, self._fetched = dict(offsets), set()
        return await self._step("start_reading", _answer(self._reading))

    async def publish(self, topic: str, shard: int, messages: Sequence[Message]) -> None:
        async def stand() -> None:
            self.world.publish(topic, shard, messages)

        await self._step(f"publish {topic}", stand)

    def may_commit(self, offsets: Mapping[TP, int]) -> None:
        self.world.committed |= offsets

    def stop_reading(self, tps: object) -> None: ...

    def read(self, events: object, records: object) -> None: ...


class Room:
    """What an owner asks of Redis about the past of its shard."""

    def __init__(self, owner: Owner, store: ShardStore):
        self._owner, self._store = owner, store

    def __getattr__(self, name: str) -> Any:
        async def asked(*arguments: Any, **named: Any) -> Any:
            return await self._owner._step(f"past {name}", lambda: getattr(self._store, name)(*arguments, **named))

        return asked


class Beside:
    """A second consumer: one record of each partition a fetch."""

    def __init__(self, world: World, offsets: Mapping[TP, int]):
        self._world, self._next = world, dict(offsets)

    async def portions(self, tps: Set[TP], timeout_s: float) -> dict[TP, Portion]:
        await asyncio.sleep(0)
        found: dict[TP, Portion] = {}
        for tp in tps:
            if self._next[tp] < self._world.begins.get(tp, 0):
                raise OffsetOutOfRangeError(tp)
            records = self._world.inputs[tp][self._next[tp] :][:2]
            if records:
                self._next[tp] += len(records)
                found[tp] = Portion([*records], [], self._next[tp])
        return found


def _answer(value: Any) -> Callable[[], Awaitable[Any]]:
    async def answer() -> Any:
        return value

    return answer
