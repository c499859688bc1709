"""Faust's producer, with a way to publish a batch at a time: a produced message costs as much as a consumed one.

Comes in: messages for a shard's partition. Goes out: the same on Kafka, confirmed, or a `KafkaError`.

While Kafka is away, an idempotent producer goes on trying by itself, and no message comes twice. Where it gives up all
the same, it is ended first and whoever tries again gets a fresh one: two of them would bring old messages after new.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

import aiokafka
from aiokafka.errors import KafkaError, UnknownError
from faust.transport.drivers import aiokafka as driver

from streams.kafka.connection import client_options
from streams.kafka.ending import end
from streams.kafka.message import Message
from streams.runtime.transport.driver import Driver

# Below the 1 MB that a broker takes by default.
PRODUCE_BYTES: Final = 900_000
NOT_IDEMPOTENT: Final = (
    "the broker lets no idempotent producer begin, and a worker needs one. The broker that `segmenter dev` brings"
    " knows none: dev runs a worker of its own, and no other can join it. Name Apache Kafka (2.3 or newer) with --kafka"
)


class IdempotentProducer(aiokafka.AIOKafkaProducer):  # type: ignore[misc]  # aiokafka is published without types
    """aiokafka's, which says what it lacks where the broker does not."""

    async def start(self) -> None:
        try:
            await super().start()
        except UnknownError as error:
            raise UnknownError(NOT_IDEMPOTENT) from error


class Producer(driver.Producer):
    """Faust's producer, with a way to publish a batch at a time."""

    logger = driver.logger
    _producer_type = IdempotentProducer

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._spent: aiokafka.AIOKafkaProducer | None = None
        self._replacing = asyncio.Lock()

    def _settings_auth(self) -> Mapping[str, Any]:
        return client_options(cast(Driver, self.transport).settings)

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": cast(Driver, self.transport).broker.idempotent}

    async def publish(self, topic: str, shard: int, messages: Sequence[Message]) -> None:
        """Publish in order, to a shard's partition, and return when all brokers that must have it have it."""
        producer = await self._sound()
        try:
            # Dead letters may go to a topic of fewer partitions; the others have one a shard.
            partition = shard % len(await producer.partitions_for(topic))
            await _in_batches(producer, topic, partition, messages)
        except KafkaError:
            # One that missed an answer may not know any more what comes next.
            self._spent = producer
            await end(producer)
            raise

    async def flush(self) -> None:
        """Nothing waits here: `publish` returns when all is confirmed."""

    async def on_stop(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await end(producer)

    async def _sound(self) -> aiokafka.AIOKafkaProducer:
        """The producer in use; a fresh one in its place, once that has started, where it is spent."""
        async with self._replacing:
            current: aiokafka.AIOKafkaProducer = self._ensure_producer()
            if current is not self._spent:
                return current
            fresh: aiokafka.AIOKafkaProducer = self._new_producer()
            try:
                await fresh.start()
            except BaseException:
                await end(fresh)
                raise
            self._producer = fresh
            return fresh


async def _in_batches(
    producer: aiokafka.AIOKafkaProducer, topic: str, partition: int, messages: Iterable[Message]
) -> None:
    acks: list[asyncio.Future[Any]] = []
    batch = producer.create_batch()
    for message in messages:
        if not _append(batch, message):
            acks.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            _append(batch, message)
    if batch.record_count():
        acks.append(await producer.send_batch(batch, topic, partition=partition))
    for outcome in await asyncio.gather(*acks, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


def _append(batch: Any, message: Message) -> bool:
    return (
        batch.append(timestamp=None, key=message.key or None, value=message.value, headers=list(message.headers))
        is not None
    )
