"""The shards of this worker: which the group gave us, and who works on each.

Comes in: what the consumer group says, fetches, and the ticks of a timer. Goes out: one owner a shard, in a task of
its own; a failure of one that is not its own affair ends the worker.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final

from aiokafka.errors import KafkaError
from faust.types import TP

from streams.errors import InternalError, Unreachable
from streams.kafka.errors import in_words
from streams.kafka.outcomes import may_pass
from streams.kafka.provisioning import refuse_others, sharded
from streams.lifecycle.awaiting import Made
from streams.log import Throttle, log
from streams.monitoring.health import JOINED_WITHIN_S
from streams.runtime.checkpoints.resumable import Resumable
from streams.runtime.pace import Unhurried
from streams.runtime.shard_lifecycle import LET_GO_WITHIN_S, ShardLifecycle
from streams.runtime.shard_loop import ShardLoop
from streams.runtime.transport.fetching import Fetched
from streams.runtime.worker import Worker
from streams.topics import READ_BY_WORKERS

# For an owner that waits for an answer when its time is over.
GRACE_S: Final = 0.5


class Assignment:
    """`fail` is told of an error that nobody here can handle, and whose it is.

    has_joined: whether the group has said which shards are ours, perhaps none.
    """

    def __init__(self, worker: Worker, fail: Callable[[str, Exception], Awaitable[None]]):
        self._worker = worker
        self._fail = fail
        self._owners: dict[int, tuple[ShardLifecycle, asyncio.Task[None]]] = {}
        self._left: dict[int, Resumable | None] = {}  # of the shards that we had when the group was last balanced anew
        self._given_up: dict[int, float] = {}  # since when
        self._asking: asyncio.Task[None] | None = None
        self._taking_over: asyncio.Task[None] | None = None
        self._may_tell = Throttle()
        self._pace = Unhurried()
        self.has_joined = False

    def assigned(self, tps: Iterable[TP]) -> None:
        """Own the shards of these partitions: those of which all inputs are given. Whoever leads the group may not know
        yet of a topic where Kafka has just begun, and gives them anew once it does."""
        membership = self._worker.consumer.membership
        self.has_joined = True
        by_number: dict[int, list[TP]] = defaultdict(list)
        for tp in sorted(tps):
            if tp.partition < self._worker.partitions:  # `look_at_topics` tells of others
                by_number[tp.partition].append(tp)
        whole = {number: inputs for number, inputs in by_number.items() if self._are_whole(number, inputs)}
        for number, inputs in whole.items():
            owner = ShardLifecycle(self._worker, number, inputs, membership, self._left.get(number), self._pace)
            self._owners[number] = owner, asyncio.create_task(self._watch(owner), name=f"shard {number}")
        self._left.clear()
        numbers = ", ".join(map(str, whole)) or "none"
        log.info("worker - owns shards %s, generation %d", numbers, membership.generation)

    def _are_whole(self, number: int, inputs: Sequence[TP]) -> bool:
        lacking = {self._worker.settings.topic(each.name) for each in READ_BY_WORKERS} - {tp.topic for tp in inputs}
        if lacking:
            log.warning("shard %d - was given without %s, and waits for all", number, ", ".join(sorted(lacking)))
        return not lacking

    async def look_at_topics(self) -> None:
        """UsageError: one has another number of partitions than there are shards."""
        settings = self._worker.settings
        with suppress(KafkaError):
            counts = await self._worker.consumer.partitions(sharded(settings))
            refuse_others(settings, counts, self._worker.partitions)

    def look_at_given_up(self) -> None:
        """Unreachable: a shard was let go, as Kafka said that it is another's, and we were not told since what is ours.
        It may be nobody's, and nobody would see that: whoever joins anew has the group balanced."""
        now_s = time.monotonic()
        over = [number for number, (_, task) in self._owners.items() if task.done()]
        self._given_up = {number: self._given_up.get(number, now_s) for number in over}
        for number, since_s in self._given_up.items():
            if now_s - since_s > JOINED_WITHIN_S:
                raise Unreachable(f"Kafka said that shard {number} is another worker's, and never what is ours")

    def take_over(self, worker: Worker) -> None:
        """Run the rules of `worker` from now on: shards that we are given at once; those we have one after the other,
        so that most events never wait."""
        self._worker = worker
        for owner in self.owners():
            owner.overtake(worker)
        if not self.is_taking_over:
            self._taking_over = asyncio.create_task(self._turn_all(), name="taking over rules")

    async def _turn_all(self) -> None:
        while behind := [owner for owner in self.owners() if not owner.runs_under(self._worker)]:
            if self._worker.has_past:  # as one may wait for that of another
                for owner in behind:
                    await owner.await_past(self._worker)
            await behind[0].take_over(self._worker)

    @property
    def is_taking_over(self) -> bool:
        return self._taking_over is not None and not self._taking_over.done()

    async def await_past(self, worker: Worker | None) -> None:
        """Have the past of its rules made for all shards that we have; None: none is awaited any more."""
        for owner in self.owners():
            await owner.await_past(worker)

    def made(self) -> dict[int, Made]:
        """How far the past of each shard is that is made here."""
        return {owner.number: owner.made for owner in self.owners() if owner.made is not None}

    async def let_go(self) -> None:
        """Give all shards up, each after a last checkpoint, and commit."""
        for owner, _ in self._owners.values():
            owner.leave()
        if numbers := await self._ended(LET_GO_WITHIN_S + GRACE_S):
            await self._worker.consumer.commit()
            log.info("worker - let go of shards %s", numbers)

    async def drop(self) -> None:
        """Give all shards up as they are: the next owners go on from the last checkpoints."""
        if numbers := await self._ended(0):
            log.error("worker - dropped shards %s", numbers)

    async def _ended(self, within_s: float) -> str:
        """Wait for the owners to end, and end those that do not."""
        owners, self._owners, self.has_joined = self._owners, {}, False
        tasks = [task for _, task in owners.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=within_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._left |= {number: owner.left for number, (owner, _) in owners.items()}
        return ", ".join(map(str, owners))

    def receive(self, fetched: Fetched) -> None:
        """Give a fetch to its shard; one for a shard that is not ours any more is dropped."""
        if fetched.tp.partition in self._owners:
            self._owners[fetched.tp.partition][0].receive(fetched)

    def owners(self) -> list[ShardLifecycle]:
        """Those who own a shard: one that was let go, because another worker has it, is not ours any more."""
        return [owner for owner, task in self._owners.values() if not task.done()]

    def now_ms(self) -> int:
        return self._worker.clock()

    def is_held_back(self, tp: TP, position: int, end: int) -> bool:
        """Whether all that is committed has been read up to `position`, and there is more up to `end`."""
        open_from = self._worker.consumer.open_from(tp)
        return open_from is not None and open_from <= position < end

    def loaded(self) -> dict[int, ShardLoop]:
        """Those of our shards that are loaded, by number."""
        return {number: owner.loaded for number, (owner, _) in self._owners.items() if owner.loaded}

    def tick(self) -> None:
        """Where a deadline has come by the wall clock, have asked what the inputs hold now."""
        now_ms = self._worker.clock()
        due = [shard for shard in self.loaded().values() if shard.wants_time(now_ms)]
        if due and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._ask(due, now_ms))

    async def _ask(self, due: Sequence[ShardLoop], now_ms: int) -> None:
        positions = {tp: at for shard in due for tp, at in shard.inputs().items()}
        try:
            ends = await self._worker.consumer.ends(positions)
        except KafkaError as error:
            if not may_pass(error):
                await self._fail("the question where the inputs end", error)
            elif self._may_tell():
                log.warning("worker - time stands still until Kafka tells where the inputs end: %s", in_words(error))
            return
        except Exception as error:  # noqa: BLE001 - as in `_watch`
            await self._fail("the question where the inputs end", error)
            return
        for shard in due:
            inputs = shard.inputs()
            if ends.keys() >= inputs.keys():
                shard.time_came(now_ms, {tp.topic: ends[tp] for tp in inputs})

    async def _watch(self, owner: ShardLifecycle) -> None:
        try:
            await owner.run()
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the worker, and is told there
            await self._fail(f"shard {owner.number}", error)
        except asyncio.CancelledError:
            if owner in (ours for ours, _ in self._owners.values()):  # else it was let go
                await self._fail(f"shard {owner.number}", InternalError("what it waited for was given up"))
            raise
