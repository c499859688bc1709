"""Faust's producer, with a way to publish a batch at a time: a produced message costs as much as a consumed one.

Comes in: messages for a shard's partition. Goes out: the same on Kafka, confirmed.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

import aiokafka
from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver

from streams.kafka.connection import client_options
from streams.runtime.connection import Connection
from streams.state.store import Message

# Below the 1 MB that a broker takes by default.
PRODUCE_BYTES: Final = 900_000


class Producer(driver.Producer):
    """Faust's producer, with a way to publish a batch at a time."""

    logger = driver.logger

    def _settings_auth(self) -> Mapping[str, Any]:
        return client_options(cast(Connection, self.transport).settings)

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": cast(Connection, self.transport).broker.idempotent}

    async def publish(self, topic: str, shard: int, messages: Sequence[Message]) -> None:
        """Publish in order, to a shard's partition, and return when all brokers that must have it have it."""
        producer: aiokafka.AIOKafkaProducer = self._ensure_producer()
        try:
            # Dead letters may go to a topic of fewer partitions; the others have one a shard.
            partition = shard % len(await producer.partitions_for(topic))
            await _in_batches(producer, topic, partition, messages)
        except KafkaError:
            # One that missed an answer may not know any more what comes next; whoever tries again gets a fresh one.
            await self._replace(producer)
            raise

    async def _replace(self, failed: Any) -> None:
        if self._ensure_producer() is not failed:
            return  # another shard was faster
        fresh: aiokafka.AIOKafkaProducer = self._new_producer()
        self._producer = fresh
        await fresh.start()
        await failed.stop()


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
