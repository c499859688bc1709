"""Records into Kafka, many at a time.

Comes in: records with their topic and user. Goes out: each in its user's home partition: by Kafka's default, murmur2 of
the user id's UTF-8 bytes, modulo the number of partitions; by CRC32 where the setting says so. Records of one user and
topic stay in the order in which they came. A record of no user goes to partition 0.
"""

import asyncio
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from streams.kafka.partitioning import homes

USERS_REMEMBERED = 1 << 17  # the hash is slow in Python; a user's partition is worked out once


class Outgoing(NamedTuple):
    """One record. `at_ms` is its Kafka timestamp; None is now."""

    topic: str
    user: str | None
    value: bytes
    at_ms: int | None = None


@lru_cache(maxsize=USERS_REMEMBERED)
def home_partition(user: str, partitions: int, partitioner: str = "murmur2") -> int:
    """Where a user's records are; where any partition is trusted, where Kafka's Java client would put them."""
    return homes(user, partitions, "murmur2" if partitioner == "trust" else partitioner)[0]


class Publisher:
    """Fills one batch a partition and sends it when it is full, or at `flush`.

    partitions: topic -> how many it has. What could not be delivered is raised by the next call.
    """

    def __init__(self, producer: AIOKafkaProducer, partitions: Mapping[str, int], partitioner: str = "murmur2"):
        self._producer = producer
        self._partitioner = partitioner
        self._partitions = partitions
        self._open: dict[tuple[str, int], BatchBuilder] = {}
        self._on_the_way: list[asyncio.Future[object]] = []

    async def publish(self, records: Iterable[Outgoing]) -> None:
        for topic, user, value, at_ms in records:
            home = topic, 0 if user is None else home_partition(user, self._partitions[topic], self._partitioner)
            key = None if user is None else user.encode()
            while self._batch(home).append(timestamp=at_ms, key=key, value=value) is None:
                await self._send(home)

    async def flush(self) -> None:
        """Send what is waiting and wait until the broker has confirmed all of it."""
        for home in list(self._open):
            await self._send(home)
        await asyncio.gather(*self._on_the_way)
        self._on_the_way.clear()

    def _batch(self, home: tuple[str, int]) -> BatchBuilder:
        if home not in self._open:
            self._open[home] = self._producer.create_batch()
        return self._open[home]

    async def _send(self, home: tuple[str, int]) -> None:
        topic, partition = home
        batch = self._open.pop(home)
        self._on_the_way.append(await self._producer.send_batch(batch, topic, partition=partition))
        done = [future for future in self._on_the_way if future.done()]
        await asyncio.gather(*done)
        self._on_the_way = [future for future in self._on_the_way if future not in done]
