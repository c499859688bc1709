"""Records into Kafka for many callers at once, each of whom is told when all brokers that must have them have them.

Comes in: records, from as many callers as there are. Goes out: nothing, once they are confirmed; `Unreachable` where
that takes too long (they may still arrive), `Busy` where too much waits already.

While a partition waits for its confirmation, what comes for it meanwhile is gathered, and goes as one batch after it.
A broker nearby confirms so soon that hardly anything would be, so batches go no sooner than `SENDS_EVERY_S` after those
before. One caller alone is not held up, and a thousand share the cost. An outage is told at once to those who come in
it: the first of them found it out.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from streams.errors import Busy, SegmenterError, Unreachable
from streams.kafka.clients import started
from streams.kafka.ending import end
from streams.kafka.errors import in_our_words, in_words
from streams.kafka.provisioning import ensure
from streams.kafka.publisher import Outgoing, home_partition
from streams.log import log
from streams.settings import Settings

SENDS_EVERY_S: Final = 0.005
CONFIRMED_WITHIN_S: Final = 5.0  # SDKs wait for ten and more
LOOKS_EVERY_S: Final = 0.25
TRIES_AGAIN_AFTER_S: Final = 1.0
MOST_WAITING_BYTES: Final = 32 << 20
CONNECTS_WITHIN_S: Final = 8.0
NOT_YET: Final = "there is no connection to Kafka yet"

Home = tuple[str, int]


class _Caller:
    """One who waits for `batches` of them."""

    __slots__ = ("batches", "told")

    def __init__(self, told: asyncio.Future[None]):
        self.batches = 0
        self.told = told

    def tell(self, failure: Exception | None) -> None:
        self.batches -= 1
        if self.told.done():
            return
        if failure is not None:
            self.told.set_exception(failure)
        elif not self.batches:
            self.told.set_result(None)


class _Batch:
    """Records of one partition that go together. since: when it was begun."""

    __slots__ = ("builder", "bytes", "callers", "since")

    def __init__(self, builder: BatchBuilder, since: float):
        self.builder = builder
        self.bytes = 0
        self.callers: list[_Caller] = []
        self.since = since

    def add(self, outgoing: Outgoing, key: bytes | None, caller: _Caller) -> bool:
        """Whether it had room."""
        if self.builder.append(timestamp=outgoing.at_ms, key=key, value=outgoing.value) is None:
            return False
        self.bytes += len(outgoing.value)
        if not self.callers or self.callers[-1] is not caller:
            self.callers.append(caller)
            caller.batches += 1
        return True

    def tell(self, failure: Exception | None = None) -> None:
        callers, self.callers = self.callers, []
        for caller in callers:
            caller.tell(failure)


class Confirmed:
    """Use it inside `running`."""

    def __init__(self, settings: Settings):
        self._away: str | None = NOT_YET
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._partitions: dict[str, int] = {}
        self._waiting: dict[Home, deque[_Batch]] = {}  # those that were not sent; the last one takes more
        self._sent: dict[Home, _Batch] = {}
        self._bytes = 0
        self._to_send = asyncio.Event()
        self._lost = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """UsageError: Kafka is there, and our settings do not fit it. Where it is away, that is waited for.

        A fault of ours beside the block ends the block, too.
        """
        with suppress(Unreachable):
            await self._connect()
        try:
            async with asyncio.TaskGroup() as beside:
                each = [beside.create_task(run()) for run in (self._keep_connected, self._keep_sending, self._watch)]
                yield
                for task in each:
                    task.cancel()
        finally:
            await self._disconnect(Unreachable("the process ends"))

    @property
    def away(self) -> str | None:
        """Why Kafka takes nothing just now, None where it does."""
        return self._away

    async def write(self, records: Iterable[Outgoing]) -> None:
        """Returns when Kafka has all of them. Their topics are those of the settings."""
        if self.away is not None:
            raise Unreachable(self.away)
        if self._bytes > MOST_WAITING_BYTES:
            raise Busy("more is being sent than Kafka takes")
        loop = asyncio.get_running_loop()
        caller = _Caller(loop.create_future())
        for outgoing in records:
            self._add(outgoing, caller, loop.time())
        if caller.batches:
            self._to_send.set()
            await caller.told

    def _add(self, outgoing: Outgoing, caller: _Caller, now: float) -> None:
        assert self._producer is not None
        topic, user, partitioner = outgoing.topic, outgoing.user, self._settings.partitioner
        home = topic, 0 if user is None else home_partition(user, self._partitions[topic], partitioner)
        key = None if user is None else user.encode()
        self._bytes += len(outgoing.value)
        batches = self._waiting.setdefault(home, deque())
        while not batches or not batches[-1].add(outgoing, key, caller):
            batches.append(_Batch(self._producer.create_batch(), now))

    async def _keep_sending(self) -> None:
        loop, may_send_at = asyncio.get_running_loop(), 0.0
        while True:
            await self._to_send.wait()
            if (early_s := may_send_at - loop.time()) > 0:
                await asyncio.sleep(early_s)
            may_send_at = loop.time() + SENDS_EVERY_S
            self._to_send.clear()
            producer = self._producer
            for home in [home for home in self._waiting if home not in self._sent]:
                if producer is not None:
                    await self._send(producer, home)

    async def _send(self, producer: AIOKafkaProducer, home: Home) -> None:
        batches = self._waiting[home]
        batch = batches.popleft()
        if not batches:
            del self._waiting[home]
        self._sent[home] = batch
        try:
            confirmation = await producer.send_batch(batch.builder, home[0], partition=home[1])
        except KafkaError as error:
            self._done(home, batch, error)
        else:
            confirmation.add_done_callback(lambda done: self._done(home, batch, done.exception()))

    def _done(self, home: Home, batch: _Batch, failure: BaseException | None) -> None:
        if self._sent.get(home) is not batch:
            return  # its callers were told when the producer was ended
        del self._sent[home]
        self._bytes -= batch.bytes
        if failure is None:
            batch.tell()
            self._to_send.set()
        else:
            # One that missed an answer may not know any more what comes next: a fresh one takes its place.
            self._lose(in_words(failure))
            batch.tell(Unreachable(f"Kafka did not confirm: {in_words(failure)}"))

    async def _watch(self) -> None:
        """A batch that nobody confirms is the sign of an outage; its confirmation, or that of the next, of the end."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOKS_EVERY_S)
            if self._producer is None:
                continue
            late = loop.time() - CONFIRMED_WITHIN_S
            overdue = [batch for batch in self._all() if batch.since < late]
            self._say("Kafka does not confirm what is sent to it" if overdue else None)
            for batch in overdue:
                batch.tell(Unreachable("Kafka does not confirm what is sent to it"))

    def _all(self) -> list[_Batch]:
        return [*self._sent.values(), *(batch for batches in self._waiting.values() for batch in batches)]

    def _say(self, away: str | None) -> None:
        if self.away not in (away, NOT_YET):
            log.warning("Kafka - %s", away or "takes records again")
        self._away = away

    def _lose(self, why: str) -> None:
        self._say(why)
        self._lost.set()

    async def _keep_connected(self) -> None:
        if self._producer is None:
            self._lost.set()
        while True:
            await self._lost.wait()
            self._lost.clear()
            await self._disconnect(Unreachable(self.away or "the connection was lost"))
            while self._producer is None:
                try:
                    await self._connect()
                except SegmenterError as error:
                    self._say(str(error))
                    await asyncio.sleep(TRIES_AGAIN_AFTER_S)

    async def _connect(self) -> None:
        try:
            async with in_our_words(self._settings), asyncio.timeout(CONNECTS_WITHIN_S):
                found = await ensure(self._settings)
                self._partitions = {each.topic: each.partitions for each in found}
                self._producer = await started(self._settings)
        except Unreachable as error:
            self._say(str(error))
            raise
        self._say(None)

    async def _disconnect(self, failure: Unreachable) -> None:
        """Whoever waits is told: nobody knows what of theirs arrived."""
        producer, self._producer = self._producer, None
        unconfirmed = self._all()
        self._waiting.clear()
        self._sent.clear()
        self._bytes = 0
        for batch in unconfirmed:
            batch.tell(failure)
        if producer is not None:
            await end(producer)
