"""Retry: an outage is waited out, and told."""

import logging

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError, TopicAuthorizationFailedError, UnknownError

from streams import retry
from streams.errors import Fenced, Unreachable, UsageError
from streams.kafka.outcomes import TRIES
from streams.monitoring.health import Cause, Obstacle
from streams.retry import Retry


class Server:
    """Fails so many times, then answers."""

    def __init__(self, *failures: Exception):
        self._failures = list(failures)
        self.asked = 0

    async def __call__(self) -> str:
        self.asked += 1
        if self._failures:
            raise self._failures.pop(0)
        return "answer"


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(retry, "LONGEST_WAIT_S", 0.001)


async def test_what_fails_is_tried_until_it_works_and_both_are_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    server = Server(Unreachable("Redis is away"), KafkaConnectionError("Kafka is away"))
    assert await Retry()("shard 3", server) == "answer"
    assert server.asked == 3
    failed, worked = caplog.messages
    assert failed == "shard 3 - failed, trying again: Redis is away"
    assert worked.startswith("shard 3 - worked at try 3")


async def test_what_is_being_tried_again_is_known_and_by_whose_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    known: list[Obstacle | None] = []

    async def pause(_: float) -> None:
        known.append(trying.obstacle)

    trying = Retry()
    monkeypatch.setattr("asyncio.sleep", pause)
    await trying("shard 3", Server(Unreachable("Redis at cache:6379 is full"), KafkaConnectionError("gone")))
    assert known == [
        Obstacle(Cause.REDIS, "Redis at cache:6379 is full"),
        Obstacle(Cause.KAFKA, "KafkaConnectionError: gone"),
    ]
    assert trying.obstacle is None


async def test_an_error_that_says_nothing_is_told_by_its_name(caplog: pytest.LogCaptureFixture) -> None:
    await Retry()("shard 3", Server(KafkaTimeoutError(), Unreachable()))
    assert caplog.messages[0] == "shard 3 - failed, trying again: KafkaTimeoutError"
    await Retry()("shard 3", Server(Unreachable()))
    assert caplog.messages[-2].startswith("shard 3 - failed, trying again: Unreachable")


async def test_what_works_at_once_is_not_worth_a_line(caplog: pytest.LogCaptureFixture) -> None:
    assert await Retry()("shard 3", Server()) == "answer"
    assert not caplog.messages


async def test_what_no_waiting_can_cure_is_raised_at_once() -> None:
    server = Server(Fenced("owned by another"))
    with pytest.raises(Fenced):
        await Retry()("shard 3", server)
    assert server.asked == 1


async def test_what_kafka_refuses_for_good_ends_with_what_to_do() -> None:
    server = Server(TopicAuthorizationFailedError("segment-changes"))
    with pytest.raises(UsageError, match="shard 3: the broker does not let us use a topic: allow our user to describe"):
        await Retry()("shard 3", server)
    assert server.asked == 1


async def test_what_may_pass_is_tried_for_a_while() -> None:
    server = Server(*[UnknownError()] * (TRIES - 1))
    assert await Retry()("shard 3", server) == "answer"
    server = Server(*[UnknownError()] * TRIES)
    with pytest.raises(Unreachable, match="shard 3: .*UnknownError"):
        await Retry()("shard 3", server)


async def test_with_a_limit_it_ends() -> None:
    server = Server(*[Unreachable("away")] * 10_000)
    impatient = Retry()
    impatient.limit(0.02)
    with pytest.raises(Unreachable):
        await impatient("shard 3", server)
    assert 1 < server.asked < 10_000
