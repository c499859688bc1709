"""The Faust transport: one message for all records that one fetch brought from one partition.

Comes in: Kafka (`streams.runtime.transport.fetching`). Goes out: `Fetched` values to the agents.

Faust's cost is per message (two tasks, a sensor, a queue), so it gets few and big ones: 300,000 records a
second instead of 8,600. Offsets are not Faust's affair here: acks are off (`streams.runtime.agents`), each
partition is read from where `start_reading` says, and what is committed is what the last checkpoint holds.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, Final, cast

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, AppT, ConsumerMessage, EventT
from faust.types.tuples import Message

from streams.kafka import clients
from streams.kafka.consumer import Consumer as Beside
from streams.runtime.transport.driver import Driver, FailingApp
from streams.runtime.transport.fetching import LOOK_EVERY_S, ConsumerThread, Fetched, Membership
from streams.runtime.transport.producing import Producer

# A commit is for those who watch the lag: nobody waits for long that Kafka takes it.
COMMITTED_WITHIN_S: Final = 1.0
NOT_JOINED: Final = Membership(-1, "")


class FetchedSchema(faust.Schema[Any, Any]):
    """Hands a `Fetched` through: there is nothing to deserialize."""

    def compile(self, app: AppT, **_: Any) -> Callable[..., Awaitable[EventT[Any]]]:
        async def decode(message: Message, **_: bool) -> EventT[Any]:
            return app.create_event(message.key, cast(Any, message.value), message.headers, message)

        return decode


class Consumer(driver.Consumer):
    """Faust's consumer, with a fetched partition a message and offsets that come from and go to the state."""

    logger = driver.logger
    _thread: ConsumerThread

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._readings = 0
        self._brought = count()
        self._begun: set[TP] = set()
        self._to_commit: dict[TP, int] = {}
        self._broker_has: dict[TP, int] = {}
        self._committing: asyncio.Future[bool] | None = None
        self.membership = NOT_JOINED

    @property
    def _app(self) -> FailingApp:
        return cast(FailingApp, self.app)

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        if not self.flow_active:
            await self.wait(cast(Any, self.can_resume_flow))
        messages: list[ConsumerMessage] = []
        async with self._app.failing("reading from Kafka"):
            if active := self._get_active_partitions() & self._begun:
                found = await self._thread.fetch(active)
                # Of now: a shard that was given back meanwhile may have begun to read, and misses what is dropped.
                generation = self.app.consumer_generation_id
                messages += [_message(fetched, next(self._brought), generation) for fetched in found]
            else:
                await self.sleep(LOOK_EVERY_S)
        for message in messages:
            if not self.flow_active or self.app.consumer_generation_id != message.generation_id:
                return
            yield message.tp, message

    async def check(self) -> None:
        """Raise what keeps Kafka's client from going on: Faust asks it for nothing before there are partitions."""
        await self._thread.check()

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        self._begun.clear()
        self._to_commit.clear()
        self._broker_has.clear()
        self.membership = self._thread.membership
        await super().on_partitions_assigned(assigned, generation_id)

    async def perform_seek(self) -> None:
        """Nothing to do when Faust resumes: a partition is read once `start_reading` has said from where."""

    async def start_reading(self, offsets: Mapping[TP, int]) -> int:
        """Read these partitions from these offsets on; gives the number that `Fetched.reading` will bear."""
        self._readings += 1
        reading = self._readings
        await self._thread.start_reading(offsets, reading)
        self._begun.update(offsets)
        self.resume_partitions(offsets)
        return reading

    def stop_reading(self, tps: Iterable[TP]) -> None:
        self._begun.difference_update(tps)

    @asynccontextmanager
    async def reading_back(self, tp: TP) -> AsyncIterator[tuple[int, AsyncIterator[Sequence[Any]]]]:
        """The first offset of any partition that there is, and all records that stand there now."""
        async with clients.reading_back(cast(Driver, self.transport).settings, tp.topic, tp.partition) as found:
            yield found

    @asynccontextmanager
    async def reading_on(self, offsets: Mapping[TP, int]) -> AsyncIterator[Beside]:
        """Portions of these partitions from these offsets on, by a consumer beside this one."""
        plain = {(tp.topic, tp.partition): offset for tp, offset in offsets.items()}
        async with clients.reading_on(cast(Driver, self.transport).settings, plain) as found:
            yield found

    async def partitions(self, topics: Sequence[str]) -> Mapping[str, int]:
        """How many each of the topics has."""
        return await self._thread.partitions(topics)

    async def is_current(self, membership: Membership) -> bool:
        """Whether the group has given no partitions to others since it gave some to this member: Kafka knows."""
        return await self._thread.is_current(membership)

    def open_from(self, tp: TP) -> int | None:
        return self._thread.open_from(tp)

    async def committed(self, tps: Iterable[TP]) -> Mapping[TP, int | None]:
        return await self._thread.committed(tps)

    async def offsets_at(self, tps: Iterable[TP], time_ms: int) -> Mapping[TP, int | None]:
        return await self._thread.offsets_at(tps, time_ms)

    async def ends(self, positions: Mapping[TP, int]) -> Mapping[TP, int]:
        return await self._thread.ends(positions)

    def may_commit(self, offsets: Mapping[TP, int]) -> None:
        """A checkpoint holds all below these offsets: the next commit says so."""
        self._to_commit.update(offsets)

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """What may be committed; False where Kafka did not take it soon: the next commit has it, too."""
        async with self._app.failing("committing"):
            return await self.force_commit()
        return False

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        if self._committing is not None:
            # Kafka did not answer the last one in time.
            if not self._committing.done():
                return False
            self._committing.result()
        news = {tp: at for tp, at in self._to_commit.items() if self._broker_has.get(tp) != at}
        if not news:
            return False
        self._committing = asyncio.ensure_future(self._thread.commit(news))
        # Not cancelled in the end: in its thread it would go on, and the next ones would wait behind it.
        await asyncio.wait([self._committing], timeout=COMMITTED_WITHIN_S)
        if not self._committing.done() or not self._committing.result():
            return False
        self._broker_has.update(news)
        return True

    async def verify_all_partitions_active(self) -> None:
        """Faust's watchdog goes by its own offsets, which are not ours, and would cry wolf."""


class Transport(Driver):
    """What Faust makes its consumer and its producer with."""

    Consumer = Consumer
    Producer = Producer


def _message(fetched: Fetched, number: int, generation: int) -> ConsumerMessage:
    """`number`: greater than that of any message before. Faust drops what is below the last one of its partition, and
    a shard whose state was lost reads again from an offset far below."""
    # A stream drops a message of another generation than the app's.
    return ConsumerMessage(
        topic=fetched.tp.topic,
        partition=fetched.tp.partition,
        offset=number,
        timestamp=time.time(),
        timestamp_type=0,
        headers=None,
        key=None,
        value=cast(Any, fetched),
        checksum=None,
        tp=fetched.tp,
        generation_id=generation,
    )
