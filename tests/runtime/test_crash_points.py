"""A crash, or a failed answer, between any two steps of a shard's life: what comes of it is as if nothing had happened.

`LIVES` is the table: each kind of life with all that its owner asks of Kafka and Redis, in order. Whatever it asks from
now on is a step more: a test holds the table against what is asked, so that there is no step without a crash.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

import pytest
from faust.types import TP

from streams.core.calendar import UTC
from streams.core.compiler.catalog import Catalog
from streams.core.engine.erasure import Erasure
from streams.core.flows import last_days
from streams.core.rules.rulebook import Rulebook
from streams.errors import Unreachable
from streams.kafka.message import Message
from streams.outputs.messages import Outputs
from streams.runtime import retry
from streams.runtime.counters import Counters
from streams.runtime.fetching import Fetched, Membership
from streams.runtime.shard_lifecycle import ShardLifecycle
from streams.settings import Settings
from streams.sources import Decoder, profile_commands
from streams.state.format import COUNTED, DOCUMENTS, MARKS, MEMBERSHIPS, ROWS, TIMELINE
from streams.state.memory import MemoryStore
from streams.state.redis_store import RedisStore
from streams.state.store import ShardStore, Store
from streams.testing import instant, to_bytes, track
from tests.anytime import ANY_TIME
from tests.rulebooks import rulebook
from tests.runtime.records import Read
from tests.state.checkpoints import claimed

NOON: Final = instant("2026-03-01 12:00")
EVENTS, COMMANDS, REROUTED = (TP(name, 1) for name in ("product-events", "profile-commands", "rerouted-events"))
RULES = rulebook(open='count("Opened") > count("Closed")')
OTHERS = rulebook(open='count("Opened") > count("Closed")', closed='count("Closed") >= 1')
# Of two partitions, by the default partitioner.
AT_HOME, ERASED, ELSEWHERE = "dan", "max", "ann"

CLAIMS: Final = ("owner", "is_current", "claim")
BEGINS_FIRST: Final = ("committed", "earliest_offsets")
GOES_ON: Final = ("earliest_offsets", "ends")
TELLS: Final = ("publish segment-changes", "publish segment-memberships", "mark_published")
# What is asked again stands here once.
LIVES: Final[Mapping[str, Sequence[str]]] = {
    "a first checkpoint": (*CLAIMS, *BEGINS_FIRST, "start_reading", "save", *TELLS),
    "a record that cannot be used": (*CLAIMS, *BEGINS_FIRST, "start_reading", "save", "publish dead-letters"),
    "a record that is another shard's": (
        *(*CLAIMS, *BEGINS_FIRST, "start_reading", "save"),
        *("publish rerouted-events", "mark_published"),
    ),
    "an erasure": (*CLAIMS, *GOES_ON, "start_reading", "save", *TELLS),
    "other rules": (*CLAIMS, *GOES_ON, "start_reading", "save", *TELLS),
    "other rules while it works": (*CLAIMS, *GOES_ON, "start_reading", "save", *TELLS),
    "a state that was lost": (*CLAIMS, *BEGINS_FIRST, "reading_back", "start_reading", "save", *TELLS),
    "what the last owner did not publish": (*CLAIMS, *GOES_ON, *TELLS, "start_reading", "save"),
}


BEGIN: Final[Mapping[str, Rulebook]] = {"other rules while it works": RULES}
HOW: Final = ("after, a crash", "before, a crash", "after, no answer", "before, no answer")


class Crash(BaseException):
    """The worker is gone."""


@dataclass
class World:
    """What outlives an owner: what is stored, and what stands on Kafka."""

    store: ShardStore
    inputs: dict[TP, list[Read]] = field(default_factory=lambda: {EVENTS: [], COMMANDS: [], REROUTED: []})
    stands: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))
    committed: dict[TP, int] = field(default_factory=dict)
    now_ms: int = NOON
    generation: int = 0

    def arrive(self, tp: TP, key: str, value: bytes) -> None:
        there = self.inputs[tp]
        there.append(Read(len(there), NOON, key.encode(), value))

    def event(self, user: str, name: str) -> None:
        place = len(self.inputs[EVENTS])
        self.arrive(EVENTS, user, to_bytes(track(user, name, NOON + place, f"m-{place}")))


class Owner:
    """One life of a shard. steps: what it asked. at: the step, by number or name, around which something happens.

    after: the rules by which it begins, until they are taken over by `rules`; time does not come before.
    """

    def __init__(
        self, world: World, rules: Rulebook, at: int | str | None = None, how: str = "", after: Rulebook | None = None
    ):
        self.world, self.steps, self._at, self._how = world, list[str](), at, how
        world.generation += 1
        world.now_ms += 1_000
        self._reading = 0
        self._next: dict[TP, int] = {}
        self._worker = self._under(rules)
        self._taking_over: asyncio.Task[None] | None = None
        first = self._worker if after is None else self._under(after)
        self._owner = ShardLifecycle(first, 1, list(world.inputs), Membership(world.generation, "us"))

    def _under(self, rules: Rulebook) -> Any:
        settings, world = Settings(), self.world
        return SimpleNamespace(
            settings=settings,
            rulebook=rules,
            store=self,
            clock=lambda: world.now_ms,
            consumer=self,
            producer=self,
            decoder=Decoder(Catalog(rules).reads, ANY_TIME),
            outputs=Outputs(settings),
            counters=Counters(),
            recorder=self,
            partitions=2,
        )

    async def live(self) -> None:
        """Until all that is there has been applied, time has come, and the shard was let go."""
        running = asyncio.create_task(self._owner.run())
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                while not running.done() and not await self._is_done():
                    await asyncio.sleep(0)
                    self._fetch()
        self._owner.leave()
        await running

    def _fetch(self) -> None:
        if self._owner.loaded is None:
            return
        if not self._owner.runs_under(self._worker):
            self._taking_over = asyncio.create_task(self._owner.take_over(self._worker))
            return
        if self._taking_over is not None and not self._taking_over.done():
            return
        ends = {tp: len(records) for tp, records in self.world.inputs.items()}
        for tp, offset in self._next.items():
            records = self.world.inputs[tp][offset:]
            self._owner.receive(Fetched(tp, self._reading, offset, records, ends[tp], ends[tp], caught_up=True))
        self._next = {}
        if self._owner.loaded.shard.time_ms < self.world.now_ms:
            self._owner.loaded.time_came(self.world.now_ms, {tp.topic: end for tp, end in ends.items()})

    async def _is_done(self) -> bool:
        progress = await self.world.store.progress(1)
        if progress is None or self._owner.loaded is None or self._owner.loaded.shard.time_ms < self.world.now_ms:
            return False
        applied = all(progress.positions.get(tp.topic) == len(records) for tp, records in self.world.inputs.items())
        return applied and await self.world.store.is_published(1, progress.number)

    async def _step(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        self.steps.append(name)
        hit, how = self._at in (len(self.steps) - 1, name), self._how
        if hit and how.startswith("before"):
            raise Crash if how.endswith("crash") else Unreachable(how)
        answer = await call()
        if hit and how.startswith("after"):
            raise Crash if how.endswith("crash") else Unreachable(how)
        return answer

    # ---------------------------------------------------------------------------------- what it asks of Redis

    async def owner(self, shard: int) -> Any:
        return await self._step("owner", lambda: self.world.store.owner(shard))

    async def claim(self, shard: int, epoch: int, after: int | None) -> Any:
        return await self._step("claim", lambda: self.world.store.claim(shard, epoch, after))

    async def save(self, shard: int, epoch: int, checkpoint: Any) -> None:
        await self._step("save", lambda: self.world.store.save(shard, epoch, checkpoint))

    async def mark_published(self, shard: int, epoch: int, number: int) -> None:
        await self._step("mark_published", lambda: self.world.store.mark_published(shard, epoch, number))

    # ------------------------------------------------------------------------------------------- and of Kafka

    async def is_current(self, membership: Membership) -> Any:
        return await self._step("is_current", _answer(membership.generation == self.world.generation))

    async def committed(self, tps: Sequence[TP]) -> Any:
        return await self._step("committed", _answer({tp: self.world.committed.get(tp) for tp in tps}))

    async def earliest_offsets(self, *tps: TP) -> Any:
        return await self._step("earliest_offsets", _answer(dict.fromkeys(tps, 0)))

    async def ends(self, positions: Mapping[TP, int]) -> Any:
        return await self._step("ends", _answer({tp: len(self.world.inputs[tp]) for tp in positions}))

    @asynccontextmanager
    async def reading_back(self, tp: TP) -> Any:
        async def batches() -> Any:
            yield list(self.world.stands[tp.topic])

        yield await self._step("reading_back", _answer((0, batches())))

    async def start_reading(self, offsets: Mapping[TP, int]) -> Any:
        self._reading += 1
        self._next = dict(offsets)
        return await self._step("start_reading", _answer(self._reading))

    async def publish(self, topic: str, shard: int, messages: Sequence[Message]) -> None:
        async def stand() -> None:
            self.world.stands[topic] += messages

        await self._step(f"publish {topic}", stand)

    def may_commit(self, offsets: Mapping[TP, int]) -> None:
        self.world.committed |= offsets

    def stop_reading(self, tps: object) -> None: ...

    def read(self, events: object, records: object) -> None: ...


def _answer(value: Any) -> Callable[[], Awaitable[Any]]:
    async def answer() -> Any:
        return value

    return answer


# --------------------------------------------------------------------------------------- what goes before each life


async def fresh(kept: Store, life: str) -> tuple[World, Rulebook]:
    """The world as it is when such a life begins, and by which rules it is lived."""
    await lose(kept)
    world = World(kept.shards)
    match life:
        case "a first checkpoint":
            world.event(AT_HOME, "Opened")
        case "a record that cannot be used":
            world.arrive(EVENTS, AT_HOME, b"{oops")
        case "a record that is another shard's":
            world.event(ELSEWHERE, "Opened")
        case "an erasure":
            world.event(ERASED, "Opened")
            await Owner(world, RULES).live()
            world.arrive(COMMANDS, ERASED, profile_commands.encode(Erasure(ERASED, NOON + 500, "e")))
        case "other rules":
            world.event(AT_HOME, "Closed")
            await Owner(world, RULES).live()
            return world, OTHERS
        case "other rules while it works":
            world.event(AT_HOME, "Closed")
            await Owner(world, RULES).live()
            return world, OTHERS
        case "a state that was lost":
            world.event(AT_HOME, "Opened")
            await Owner(world, RULES).live()
            world.event(AT_HOME, "Closed")
            await lose(kept)
        case "what the last owner did not publish":
            world.event(AT_HOME, "Opened")
            with suppress(Crash):
                await Owner(world, RULES, "publish segment-changes", "before, a crash").live()
    return world, RULES


async def lose(kept: Store) -> None:
    """All that was stored."""
    if isinstance(kept, MemoryStore):
        kept.shards.__dict__.update(MemoryStore().shards.__dict__)
    elif isinstance(kept, RedisStore):
        await kept.shards._redis.call("FLUSHDB")
        kept.shards._seen.clear()


async def outcome(world: World) -> dict[str, Any]:
    """What others see, each once, and what is stored."""
    stored = await claimed(world.store, 1, 1 << 60)
    assert stored is not None
    changes = {message.headers: told(message) for message in world.stands["segment-changes"]}
    for message in world.stands["segment-changes"]:
        assert changes[message.headers] == told(message), "a repeat says something else"
    where = {message.key: json.loads(message.value or b"{}") for message in world.stands["segment-memberships"]}
    return {
        "changes": changes,
        "memberships": {key: said.get("segments") for key, said in where.items()},
        "letters": {message.headers for message in world.stands["dead-letters"]},
        "sent home": {message.headers for message in world.stands["rerouted-events"]},
        "stored": [stored[each] for each in (ROWS, DOCUMENTS, MARKS)],
        "read model": await world.store.get(1, MEMBERSHIPS, AT_HOME),
        "timeline": await world.store.entries(1, TIMELINE, AT_HOME),
        "counts": await world.store.counts(["open", "closed"], [each.name for each in last_days(UTC, NOON, 2)]),
        "counted": stored[COUNTED],
        "positions": stored.positions,
        "outbox": stored.outbox,
        "rebuilds": stored.rebuilds,
    }


def told(change: Message) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(change.value or b"")
    return {name: value for name, value in said.items() if name not in ("detected_at", "live")}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.0)


@pytest.mark.parametrize("life", LIVES)
async def test_the_table_has_every_step(kept: Store, life: str) -> None:
    world, rules = await fresh(kept, life)
    owner = Owner(world, rules, after=BEGIN.get(life))
    await owner.live()
    assert list(dict.fromkeys(owner.steps)) == list(LIVES[life])


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("life", LIVES)
async def test_between_any_two_steps(kept: Store, life: str, how: str) -> None:
    if isinstance(kept, RedisStore) and how != HOW[0]:
        pytest.skip("what Redis adds to the store in memory is whether a crash leaves a step done or not")
    world, rules = await fresh(kept, life)
    owner = Owner(world, rules, after=BEGIN.get(life))
    await owner.live()
    wanted = await outcome(world)
    for at, step in enumerate(owner.steps):
        world, rules = await fresh(kept, life)
        with suppress(Crash):
            await Owner(world, rules, at, how, BEGIN.get(life)).live()
        await Owner(world, rules).live()
        assert await outcome(world) == wanted, f"{how} at {step}"
