"""Who owns a shard, whatever happens between any two steps: workers that claim it, one step at a time, in any order."""

import asyncio
import random
from collections.abc import Sequence
from itertools import combinations
from types import SimpleNamespace
from typing import Any, Final

import pytest

from streams.core.engine.past import Past
from streams.errors import UsageError
from streams.runtime.checkpoints.starting import Begin
from streams.runtime.counters import Counters
from streams.runtime.shard_lifecycle import Found, ShardLifecycle
from streams.runtime.shard_loop import ShardLoop
from streams.runtime.transport.fetching import Membership
from streams.settings import Settings
from streams.state.memory import MemoryShardStore
from streams.state.store import Checkpoint, ShardStore, Store, Stored

SCHEDULES: Final = 40
STEPS: Final = 40
ZOMBIE_STEPS, OWNER_STEPS = 3, 7
ENDS_WITHIN: Final = 40  # steps of each worker, once nothing happens any more


class Taker(ShardLifecycle):
    """A worker to which the group gave the shard once; each question that it asks of Redis or Kafka is a step.

    saved: how many of its checkpoints are in Redis.
    """

    def __init__(self, group: "Group", shard: int):
        self._group, self._shard_number = group, shard
        self._may_go, self._waits = asyncio.Semaphore(0), asyncio.Event()
        self.saved = self.claims = 0
        worker: Any = SimpleNamespace(
            settings=Settings(),
            store=self,
            consumer=self,
            producer=None,
            version=0,
            clock=lambda: group.now_ms,
            counters=Counters(),
        )
        super().__init__(worker, shard, [], group.membership)
        self.running = asyncio.create_task(self.run())

    async def step(self) -> None:
        if not self.running.done():
            self._waits.clear()
            self._may_go.release()
            waiting = asyncio.create_task(self._waits.wait())
            await asyncio.wait([waiting, self.running], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()

    async def _turn(self) -> None:
        self._waits.set()
        await self._may_go.acquire()

    @property
    def was_overtaken(self) -> bool:
        """By another, while the shard was its own."""
        return self._was_overtaken

    @property
    def is_rightful(self) -> bool:
        return self._membership == self._group.membership

    async def owner(self, shard: int) -> int | None:
        await self._turn()
        return await self._group.store.owner(shard)

    async def is_current(self, membership: Membership) -> bool:
        await self._turn()
        return self.is_rightful

    async def claim(self, shard: int, epoch: int, after: int | None) -> Stored | None:
        await self._turn()
        stored = await self._group.store.claim(shard, epoch, after)
        self.epoch, self.claims = epoch, self.claims + 1
        self._group.owners.append(self)
        return stored

    async def _begin(self, found: Found) -> Begin:
        return Begin({})

    async def _load(self, stored: Stored | None, begun: Begin, past: Past | None) -> ShardLoop:
        loop: Any = SimpleNamespace(number=stored.number if stored else 0, start=self._turn)
        loop.shard = SimpleNamespace(profiles=0, table=(), all_memberships=lambda users: ())

        async def work() -> None:
            while True:
                await self._turn()
                loop.number += 1
                await self._group.store.save(self._shard_number, self.epoch, Checkpoint(loop.number, b"", {}))
                self.saved += 1
                assert self._group.owners[-1] is self, "a checkpoint of a worker that is not the last to have claimed"

        loop.work = work
        return loop  # type: ignore[no-any-return]  # a mock in its place

    def stop_reading(self, tps: object) -> None: ...


class Group:
    """What Kafka knows: to whom the shard was given last. `owners`: who claimed it, in this order."""

    def __init__(self, store: ShardStore, shard: int):
        self.store, self._shard = store, shard
        self.now_ms, self._members = 0, 0
        self.membership = Membership(0, "")
        self.takers: list[Taker] = []
        self.owners: list[Taker] = []
        self.rebalance()

    def rebalance(self) -> None:
        self._members += 1
        self.membership = Membership(self.membership.generation + 1, f"member-{self._members}")
        self.takers.append(Taker(self, self._shard))

    def delete(self) -> None:
        """The group was empty, and counts from 1 again."""
        self.membership = self.membership._replace(generation=0)
        self.rebalance()

    async def forget(self) -> None:
        """Redis comes back without the last claim."""
        if len(self.owners) > 1:
            last, before = self.owners.pop(), self.owners[-1]
            if await self.store.owner(self._shard) == last.epoch:
                await self.store.claim(self._shard, before.epoch, after=last.epoch)

    @property
    def rightful(self) -> Taker:
        return self.takers[-1]


@pytest.mark.parametrize("first", range(0, SCHEDULES, 20))
async def test_the_last_to_claim_is_whom_kafka_gave_the_shard_to_and_claims_come_to_an_end(
    kept: Store, first: int
) -> None:
    for seed in range(first, first + 20):
        chance = random.Random(seed)
        group = Group(kept.shards, seed)
        for _ in range(STEPS):
            match chance.randrange(12):
                case 0:
                    group.rebalance()
                case 1:
                    group.delete()
                case _:
                    await chance.choice(group.takers).step()
        await settled(group, chance, claims=1 + len(group.takers))


@pytest.mark.parametrize("asleep_after", range(6))
async def test_a_zombie_never_takes_the_shard_from_its_rightful_owner(asleep_after: int) -> None:
    """It slept through its end after any of its steps, and wakes between any two of the other's."""
    for places in combinations(range(ZOMBIE_STEPS + OWNER_STEPS), ZOMBIE_STEPS):
        group = Group(MemoryShardStore(), 0)
        for _ in range(asleep_after):
            await group.rightful.step()
        group.rebalance()
        zombie, owner = group.takers
        for place in range(ZOMBIE_STEPS + OWNER_STEPS):
            await (zombie if place in places else owner).step()
        assert not owner.was_overtaken
        owner.running.cancel()
        zombie.running.cancel()


async def test_a_claim_that_redis_forgot_is_made_again(kept: Store) -> None:
    for seed in range(20):
        chance = random.Random(seed)
        group = Group(kept.shards, seed)
        for _ in range(STEPS):
            match chance.randrange(20):
                case 0:
                    group.rebalance()
                case _:
                    await chance.choice(group.takers).step()
        await group.forget()
        await settled(group, chance, claims=2 + len(group.takers))


async def settled(group: Group, chance: random.Random, claims: int) -> None:
    """Nothing happens any more: zombies end, and the rightful owner works, after so many claims at most."""
    before = sum(taker.claims for taker in group.takers)
    for _ in range(ENDS_WITHIN):
        for taker in shuffled(chance, group.takers):
            await taker.step()
    assert [taker for taker in group.takers if not taker.running.done()] == [group.rightful]
    assert all(taker.running.exception() is None for taker in group.takers[:-1])
    assert sum(taker.claims for taker in group.takers) - before <= claims
    assert group.owners[-1] is group.rightful
    assert group.rightful.saved > ENDS_WITHIN / 4
    group.rightful.running.cancel()


def shuffled(chance: random.Random, takers: Sequence[Taker]) -> Sequence[Taker]:
    return chance.sample(takers, len(takers))


async def test_workers_of_two_kafkas_with_one_redis_end_with_a_word_instead_of_taking_turns(kept: Store) -> None:
    """To each of them its own Kafka says yes."""
    ours, theirs = Group(kept.shards, 0), Group(kept.shards, 0)
    ours.owners = theirs.owners
    for _ in range(ENDS_WITHIN):
        await ours.rightful.step()
        await theirs.rightful.step()
    ended = [taker for taker in (ours.rightful, theirs.rightful) if taker.running.done()]
    assert len(ended) == 1
    with pytest.raises(UsageError, match="Do workers of another Kafka have the same SEGMENTER_REDIS"):
        await ended[0].running
