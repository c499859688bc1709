"""What is seen of a `deliver`: where its shards stand, as of a worker's."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from streams.dispatch.metrics import registry
from streams.dispatch.monitor import Monitor
from streams.kafka.group import Place
from streams.monitoring.health import Cause, Obstacle, State
from streams.settings import Settings

CHANGES = TopicPartition("segment-changes", 3)


class Broker:
    """Where partitions end, without a Kafka."""

    def __init__(self) -> None:
        self.failure, self.ends = "", {CHANGES: 10}

    async def ask(self, _: object) -> dict[TopicPartition, int]:
        return {} if self.failure else self.ends

    async def close(self) -> None: ...


class Around:
    """All that a monitor looks at; the time passes by `later`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monitor, self.broker = Monitor(Settings()), Broker()
        self.monitor._lags._ends = self.broker  # type: ignore[assignment]  # as much of one as is asked
        self.shards = SimpleNamespace(moved={3: 0}, waiting_webhooks={3: 2}, obstacle=None)
        self.position, self.is_stable = 10, True
        self.has_joined, self._later_s = True, 0.0
        clock = time.monotonic
        monkeypatch.setattr(time, "monotonic", lambda: clock() + self._later_s)

    def partitions(self, _: str) -> int:
        return 4

    def places(self) -> dict[TopicPartition, Place | None]:
        return {CHANGES: Place(self.position, self.is_stable)}

    async def later(self, seconds: float) -> State:
        self._later_s += seconds
        self.monitor.look(self.shards, self)
        await asyncio.sleep(0)  # Kafka is asked
        await asyncio.sleep(0)
        [shard] = self.monitor.look(self.shards, self).shards
        return shard.state


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch) -> Around:
    return Around(monkeypatch)


async def test_a_shard_is_loading_until_it_is_owned_and_then_caught_up_where_all_is_read(around: Around) -> None:
    around.shards.moved = {}
    assert await around.later(0) is State.LOADING
    assert not around.monitor.health.is_ready
    around.shards.moved = {3: 0}
    assert await around.later(1) is State.CAUGHT_UP
    assert around.monitor.health.is_ready


async def test_a_shard_that_has_something_to_do_and_does_not_move_is_stuck(around: Around) -> None:
    around.position, around.is_stable = 4, False
    assert await around.later(0) is State.BEHIND
    around.position = 5
    assert await around.later(50) is State.BEHIND
    assert await around.later(61) is State.STUCK


async def test_a_shard_waits_for_redis_for_kafka_and_for_an_open_transaction(around: Around) -> None:
    await around.later(0)
    around.shards.obstacle = Obstacle(Cause.REDIS, "Redis does not answer")
    assert await around.later(100) is State.WAITING
    around.shards.obstacle = None
    around.broker.failure = "Kafka does not answer"
    assert await around.later(6) is State.WAITING
    assert around.monitor.health.shards[0].why == "Kafka does not answer"
    around.broker.failure, around.broker.ends = "", {CHANGES: 12}
    await around.later(6)
    assert await around.later(6) is State.WAITING
    assert "transaction is open in segment-changes" in around.monitor.health.shards[0].why


async def test_one_that_is_stuck_is_told_and_what_was_seen_is_forgotten_with_its_shards(around: Around) -> None:
    around.position, around.is_stable = 4, False
    await around.later(0)
    await around.later(61)
    async with around.monitor.watching(around.shards, around, "segment-changes"):
        async with asyncio.timeout(60):
            await around.monitor.has_failed.wait()
        assert figures(around.monitor)["segmenter_lag_records", "3"] == 6
    assert "deliveries of shard 3 - nothing has moved for 6" in str(around.monitor.failure)
    assert (around.monitor.health.shards, around.monitor.lagging) == ((), [])


async def test_what_fails_beside_the_shards_is_told_and_what_was_cancelled_is_not(around: Around) -> None:
    async def lose_its_way() -> None:
        raise LookupError("which way?")

    resting = around.monitor.beside(asyncio.sleep(3_600))
    resting.cancel()
    await asyncio.wait([resting])
    assert around.monitor.failure is None
    around.monitor.beside(lose_its_way())
    async with asyncio.timeout(60):
        await around.monitor.has_failed.wait()
    assert str(around.monitor.failure) == "which way?"


async def test_a_monitor_that_fails_says_why_and_not_that_the_event_loop_hangs(around: Around) -> None:
    around.places = lambda: 1 / 0  # type: ignore[method-assign, assignment, return-value]  # a fault of ours
    async with around.monitor.watching(around.shards, around, "segment-changes"), asyncio.timeout(60):
        await around.monitor.has_failed.wait()
    assert isinstance(around.monitor.failure, ZeroDivisionError)


async def test_figures_of_what_was_decided_and_tried(around: Around) -> None:
    record: Any = SimpleNamespace(message="hello", decision="sent")
    of_endpoint: Any = SimpleNamespace(message=None, decision="failed")
    for each in (record, record, of_endpoint):
        around.monitor.decided(each)
    for is_done in (True, False, False):
        around.monitor.tried(SimpleNamespace(is_done=is_done))  # type: ignore[arg-type]  # as much as is counted
    await around.later(0)
    found, decided, tried = figures(around.monitor), "segmenter_deliveries_total", "segmenter_webhook_attempts_total"
    assert (found[decided, "hello", "sent"], found[decided, "", "failed"]) == (2, 1)
    assert (found[tried, "arrived"], found[tried, "failed"]) == (1, 2)
    assert found["segmenter_webhooks_waiting", "3"] == 2


def figures(monitor: Monitor) -> dict[tuple[str, ...], float]:
    """By name and the values of its labels."""
    return {
        (sample.name, *(value for name, value in sample.labels.items() if name != "topic")): sample.value
        for metric in registry(monitor).collect()
        for sample in metric.samples
    }
