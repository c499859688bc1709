"""How far behind Kafka's word the inputs are, and what is told while there is none."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from typing import cast

import pytest
from aiokafka.structs import TopicPartition
from faust.types import TP

from streams.kafka.ends import Ends
from streams.monitoring.health import Cause, Obstacle
from streams.runtime import lags as module
from streams.runtime.lags import Lags

INPUT = TP("product-events", 3)


class Kafka:
    """Tells one end, unless it is away; `breaks` is a fault of our own."""

    def __init__(self) -> None:
        self.failure, self.away, self.end, self.breaks = "", "", 100, False

    async def ask(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        self.failure = self.away
        if self.breaks:
            raise IndexError
        return {} if self.away else dict.fromkeys(partitions, self.end)

    async def close(self) -> None: ...


@pytest.fixture
def kafka() -> Kafka:
    return Kafka()


@pytest.fixture
def lags(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> Lags:
    monkeypatch.setattr(module, "ASK_EVERY_S", 0.0)
    return Lags(cast(Ends, kafka))


async def asked(lags: Lags) -> None:
    lags.ask([INPUT])
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_nothing_is_known_of_an_input_before_kafka_has_answered(lags: Lags, kafka: Kafka) -> None:
    assert lags.of(INPUT) is None
    await asked(lags)
    lag = lags.of(INPUT)
    assert lag is not None
    assert lag.records(60) == 40


async def test_that_kafka_is_away_and_that_it_is_back_are_told_once(
    lags: Lags, kafka: Kafka, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await asked(lags)
    kafka.away = "Kafka at kafka:9092 does not answer within 5 s"
    for _ in range(3):
        await asked(lags)
    assert lags.obstacle == Obstacle(Cause.KAFKA, kafka.away)
    kafka.away = ""
    for _ in range(3):
        await asked(lags)
    assert lags.obstacle is None
    away, back = caplog.messages
    assert away.endswith(
        "does not tell where the inputs end, asking again: Kafka at kafka:9092 does not answer within 5 s"
    )
    assert back.startswith("Kafka - answers again, after ")


async def test_a_fault_of_our_own_is_raised_where_somebody_hears_of_it(lags: Lags, kafka: Kafka) -> None:
    kafka.breaks = True
    await asked(lags)
    with pytest.raises(IndexError):
        lags.ask([INPUT])
