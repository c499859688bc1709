"""Records of many callers at once: who shares a batch, and who waits for nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder

from streams.kafka import confirmed
from streams.kafka.confirmed import Confirmed
from streams.kafka.publisher import Outgoing
from streams.settings import Settings

CALLERS = 10
RECORD = Outgoing("product-events", "ann", b"{}")


class Broker:
    """In a producer's place: it confirms each batch at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(1 << 14, 0, is_transactional=False)

    async def send_batch(self, batch: BatchBuilder, *_: object, **__: object) -> asyncio.Future[None]:
        self.sizes.append(batch.record_count())
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


@asynccontextmanager
async def connected(broker: Any) -> AsyncIterator[Confirmed]:
    made = Confirmed(Settings())
    made._producer, made._partitions, made._away = broker, {RECORD.topic: 1}, None
    sending = asyncio.create_task(made._keep_sending())
    try:
        yield made
    finally:
        sending.cancel()


async def test_who_comes_a_moment_after_another_shares_a_batch_however_soon_the_broker_confirms(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(confirmed, "SENDS_EVERY_S", 0.5)
    broker = Broker()
    async with connected(broker) as kafka, asyncio.TaskGroup() as callers:
        for _ in range(CALLERS):
            callers.create_task(kafka.write([RECORD]))
            for _ in range(3):
                await asyncio.sleep(0)
    assert sum(broker.sizes) == CALLERS
    assert len(broker.sizes) <= 3


async def test_whoever_comes_alone_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirmed, "SENDS_EVERY_S", 3_600.0)
    broker = Broker()
    async with connected(broker) as kafka:
        await kafka.write([RECORD])
    assert broker.sizes == [1]
