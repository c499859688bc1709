"""How far behind: in records, and for how long the oldest of them has been there; what is told while Kafka is away."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from typing import cast

import pytest

from streams.kafka.ends import Ends
from streams.kafka.group import Partition
from streams.monitoring import lag as module
from streams.monitoring.health import Cause, Obstacle
from streams.monitoring.lag import MOST_SEEN, Lag, Lags

INPUT = Partition("product-events", 3)


def test_who_has_applied_all_is_not_behind() -> None:
    lag = Lag()
    lag.ends_at(100, now_s=0.0)
    assert (lag.records(100), lag.seconds(100, now_s=60.0)) == (0, 0.0)


def test_the_oldest_record_that_is_not_applied_says_for_how_long() -> None:
    lag = Lag()
    for now_s, end in ((0.0, 100), (5.0, 200), (10.0, 300)):
        lag.ends_at(end, now_s)
    assert (lag.records(150), lag.seconds(150, now_s=12.0)) == (150, 7.0)
    assert (lag.records(250), lag.seconds(250, now_s=12.0)) == (50, 2.0)


def test_an_end_that_stays_does_not_make_its_records_younger() -> None:
    lag = Lag()
    for now_s in (0.0, 5.0, 10.0):
        lag.ends_at(100, now_s)
    assert lag.seconds(0, now_s=11.0) == 11.0


def test_an_end_that_a_broker_tells_too_low_is_not_taken_back() -> None:
    lag = Lag()
    lag.ends_at(100, 0.0)
    lag.ends_at(90, 5.0)
    assert lag.records(95) == 5


def test_a_long_time_of_standing_still_is_remembered_in_bounded_space() -> None:
    lag = Lag()
    for step in range(10 * MOST_SEEN):
        lag.ends_at(step + 1, float(step))
    assert len(lag._seen) <= MOST_SEEN
    assert lag.seconds(0, now_s=10.0 * MOST_SEEN) == 10.0 * MOST_SEEN


class Kafka:
    """Tells one end, unless it is away; `breaks` is a fault of our own."""

    def __init__(self) -> None:
        self.failure, self.away, self.end, self.breaks = "", "", 100, False

    async def ask(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
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
