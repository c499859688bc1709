"""The process that delivers: a member of a group that shares the shards of changes.

Comes in: the settings, the messages, Kafka and Redis. Goes out: feeds, messages, and every decision on its topic, until
it is told to stop. Kafka and Redis may be away for a while; it waits for them and goes on.
"""

import asyncio
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaProducer

from streams.delivery.message import Messages
from streams.delivery.queue import WebhookQueue
from streams.delivery.webhook import Outcome
from streams.dispatch.in_force import MessagesInForce
from streams.dispatch.inputs import Input, decode
from streams.dispatch.metrics import registry
from streams.dispatch.monitor import Monitor
from streams.dispatch.posting import Poster
from streams.dispatch.sender import Sender
from streams.dispatch.shard import LOG, Common, DeliveryShard
from streams.dispatch.standing import Standings
from streams.errors import Fenced, StateLost, Unreachable
from streams.kafka.clients import producing
from streams.kafka.group import Fetched, GroupConsumer, reading
from streams.kafka.message import Message
from streams.kafka.provisioning import ensure
from streams.log import log
from streams.monitoring.health import Obstacle
from streams.monitoring.server import tell
from streams.monitoring.watchdog import Watchdog
from streams.outputs.delivery import decode_delivery
from streams.printable import printable
from streams.retry import Retry
from streams.settings import Settings
from streams.state.opening import opened_store
from streams.state.store import Store
from streams.topics import DELIVERIES, DELIVERY_COMMANDS, READ_BY_DELIVERY, SEGMENT_CHANGES, SEGMENT_MESSAGES

AGAIN_AFTER_S: Final = 1.0
LOOK_EVERY_MS: Final = 500  # at what is due, where nothing comes
STOP_WITHIN_S: Final = 8.0
Clock = Callable[[], int]


def wall_clock() -> int:
    """The time, ms."""
    return time.time_ns() // 1_000_000


@dataclass
class Deliverer:
    """Owns shards, and works on what is fetched for them."""

    common: Common
    producer: AIOKafkaProducer
    roles: Mapping[str, str]  # the name of a topic here -> what it is
    clock: Clock
    monitor: Monitor
    outcomes: Callable[[WebhookQueue], list[Outcome]] = lambda _: []

    def __post_init__(self) -> None:
        self.shards: dict[int, DeliveryShard] = {}
        self._looked_ms: dict[int, int] = {}
        self._at_work = asyncio.Lock()
        self._retry = Retry()

    # ------------------------------------------------------------------------------ as the monitor looks at it

    @property
    def moved(self) -> Mapping[int, object]:
        return {number: (id(shard), dict(shard.positions)) for number, shard in self.shards.items()}

    @property
    def waiting_webhooks(self) -> Mapping[int, int]:
        return {number: len(shard.queue) for number, shard in self.shards.items()}

    @property
    def obstacle(self) -> Obstacle | None:
        return self._retry.obstacle

    # ------------------------------------------------------------------------------- as the group gives them

    async def own(self, number: int, is_ours: Callable[[], Awaitable[bool]]) -> Mapping[str, int]:
        shard = DeliveryShard(number, self.common)
        try:
            waiting = await self._retry("Redis", lambda: shard.claim(is_ours, self.clock))
        except Fenced as error:
            log.warning("deliveries of shard %d - not taken over: %s", number, error)
            return {}
        await self._publish(waiting)
        if waiting:
            await self._retry("Redis", shard.published)
        self.shards[number] = shard
        log.info("deliveries of shard %d - owned, %d webhooks wait", number, len(shard.queue))
        return {topic: shard.positions[role] for topic, role in self.roles.items() if role in shard.positions}

    async def let_go(self, numbers: Sequence[int]) -> None:
        async with self._at_work:
            for number in numbers:
                self.shards.pop(number, None)

    # ------------------------------------------------------------------------------------------------- work

    async def work(self, number: int, fetched: Fetched, now_ms: int) -> bool:
        """One step of a shard; whether anything came. now_ms: before the fetch."""
        async with self._at_work:
            shard = self.shards.get(number)
            if shard is None:
                return False
            newest_ms = max((some[-1].timestamp_ms for some in fetched.records.values()), default=0)
            come_ms = now_ms if fetched.is_all else newest_ms
            outcomes = self.outcomes(shard.queue)
            if not fetched.records and not outcomes and now_ms - self._looked_ms.get(number, 0) < LOOK_EVERY_MS:
                return False
            self._looked_ms[number] = now_ms
            inputs = list(self._decoded(fetched))
            positions = {self.roles[topic]: at for topic, at in fetched.positions.items()}
            step = await self._retry("Redis", lambda: shard.decide(inputs, positions, come_ms, now_ms, outcomes))
            if step is not None:
                await self._retry("Redis", lambda: shard.save(step))
                self._count(step.outbox, outcomes)
                await self._publish(step.outbox)
            if step is not None and step.outbox:
                await self._retry("Redis", shard.published)
            return bool(fetched.records)

    def _count(self, outbox: Sequence[Message], outcomes: Sequence[Outcome]) -> None:
        for message in outbox:
            if message.topic == self.common.deliveries:
                self.monitor.decided(decode_delivery(message.value or b""))
        for outcome in outcomes:
            self.monitor.tried(outcome)

    def _decoded(self, fetched: Fetched) -> list[Input]:
        """Commands to erase first: what they are about is refused from then on, wherever it stands."""
        found: list[Input] = []
        for topic in sorted(fetched.records, key=lambda topic: self.roles[topic] == SEGMENT_CHANGES.name):
            decoded = (decode(self.roles[topic], record) for record in fetched.records[topic])
            found += [each for each in decoded if each is not None]
        return found

    async def _publish(self, messages: Sequence[Message]) -> None:
        """All of them, confirmed."""
        for each in messages:
            if each.topic == LOG:
                log.info("message - to %s: %s", printable(each.key.decode()), (each.value or b"").decode())
        records = [each for each in messages if each.topic != LOG]
        await self._retry("Kafka", lambda: self._sent(records))

    async def _sent(self, records: Sequence[Message]) -> None:
        sent = [await self.producer.send(each.topic, each.value, each.key, partition=each.shard) for each in records]
        await asyncio.gather(*sent)


async def deliver(
    settings: Settings, everything: bool, stopping: asyncio.Event, clock: Clock, monitor: Monitor
) -> None:
    """Until `stopping` is set. What is lost for a while begins anew where it was stored last.

    everything: messages that are off, too.
    """
    async with opened_store(settings) as store:
        await monitor.starting("Redis", store.check)
        messages = MessagesInForce(store.group, settings, everything)
        await monitor.starting("Redis", messages.begin)  # first of all: files with faults are to be told at once
        await monitor.starting("Kafka", lambda: ensure(settings))
        following = monitor.beside(messages.follow())
        try:
            while not stopping.is_set():
                try:
                    monitor.lives += 1
                    await _one_life(settings, store, messages, stopping, clock, monitor)
                except (Unreachable, Fenced, StateLost) as error:
                    log.warning("deliver - starts again: %s", error)
                    await _either(stopping.wait(), AGAIN_AFTER_S)
        finally:
            following.cancel()


async def _one_life(
    settings: Settings,
    store: Store,
    messages: Callable[[], Messages],
    stopping: asyncio.Event,
    clock: Clock,
    monitor: Monitor,
) -> None:
    common = Common(
        store,
        messages,
        settings.topic(DELIVERIES.name),
        settings.topic(SEGMENT_MESSAGES.name),
        settings.topic(DELIVERY_COMMANDS.name),
        settings.calendar.name,
        settings.live_within,
    )
    roles = {settings.topic(topic.name): topic.name for topic in READ_BY_DELIVERY}
    async with producing(settings) as producer:
        deliverer = Deliverer(common, producer, roles, clock, monitor)
        async with (
            _posting(settings, store, messages, deliverer),
            reading(settings, f"{settings.group}-deliver", list(roles), deliverer) as consumer,
            monitor.watching(deliverer, consumer, settings.topic(SEGMENT_CHANGES.name)),
        ):
            while not stopping.is_set():
                await _round(deliverer, consumer, clock)


@asynccontextmanager
async def _posting(
    settings: Settings, store: Store, messages: Callable[[], Messages], deliverer: Deliverer
) -> AsyncIterator[None]:
    """Webhooks go beside the steps; what is under way at the end is tried again by the next owner."""
    poster = Poster(settings.webhook_private)

    def queues() -> list[WebhookQueue]:
        return [shard.queue for shard in deliverer.shards.values()]

    sender = Sender(messages, queues, poster, Standings(store.group), deliverer.clock)
    deliverer.outcomes = sender.outcomes
    running = deliverer.monitor.beside(sender.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await poster.close()


async def _round(deliverer: Deliverer, consumer: GroupConsumer, clock: Clock) -> None:
    now_ms = clock()
    brought = await consumer.fetch()
    # A shard that is claimed while others are worked on goes on where it was stored, which may be before this.
    owned = dict(deliverer.shards)
    for number, fetched in brought.items():
        if deliverer.shards.get(number) is owned.get(number) and await deliverer.work(number, fetched, now_ms):
            await consumer.commit(number, fetched.positions)


async def _either(awaited: Awaitable[object], within_s: float) -> None:
    try:
        await asyncio.wait_for(asyncio.ensure_future(awaited), within_s)
    except TimeoutError:
        return


def run_deliver(settings: Settings, everything: bool = False, clock: Clock = wall_clock) -> None:
    """Deliver in this process until SIGTERM or Ctrl-C. everything: messages that are off, too. Stuck: nothing moves,
    and Kafka and Redis answer."""
    watchdog = Watchdog(_end)
    watchdog.start()
    monitor = Monitor(settings, watchdog)
    tell(settings, registry(monitor), monitor.ask, monitor.program)

    async def main() -> None:
        stopping = asyncio.Event()
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(each, stopping.set)
        running = asyncio.create_task(deliver(settings, everything, stopping, clock, monitor))
        told = [asyncio.create_task(event.wait()) for event in (stopping, monitor.has_failed)]
        await asyncio.wait([running, *told], return_when=asyncio.FIRST_COMPLETED)
        if monitor.failure is not None:
            running.cancel()
        await asyncio.wait([running], timeout=STOP_WITHIN_S)
        for waiting in told:
            waiting.cancel()
        if monitor.failure is not None:
            raise monitor.failure
        if not running.done():
            # A step that was not finished is taken again from its beginning.
            running.cancel()
            log.warning("deliver - ends in the middle of a step")
            await asyncio.wait([running], timeout=1)
            return
        running.result()
        log.info("deliver - ended")

    asyncio.run(main())


def _end(where: str) -> None:
    log.error(
        "deliver - ends: its event loop has not moved for a minute, and hangs at %s. Nothing is lost: a step that was"
        " not stored is taken again. Please report this line.",
        where,
    )
    logging.shutdown()
    os._exit(1)
