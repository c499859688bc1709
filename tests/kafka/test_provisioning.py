"""What becomes of a topic that Kafka does not create."""

from types import SimpleNamespace
from typing import Any

import pytest

from streams.errors import SegmenterError, Unreachable, UsageError
from streams.kafka import provisioning
from streams.kafka.provisioning import ensure
from streams.settings import Settings

INVALID_REPLICATION_FACTOR = 38


class Refusing:
    """Stands in for aiokafka's admin client: Kafka has no topic, and creates none."""

    said: str

    def __init__(self, **_: object) -> None: ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def describe_topics(self) -> list[Any]:
        return []

    async def create_topics(self, topics: list[Any]) -> Any:
        return SimpleNamespace(topic_errors=[(each.name, INVALID_REPLICATION_FACTOR, self.said) for each in topics])


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("All brokers are currently fenced.", Unreachable),
        ("All brokers are currently fenced, or have all their log directories cordoned.", Unreachable),
        ("Replication factor: 1 larger than available brokers: 0.", Unreachable),
        ("Replication factor: 3 larger than available brokers: 1.", UsageError),
        ("The target replication factor of 3 cannot be reached because only 1 broker(s) are registered.", UsageError),
    ],
)
async def test_a_kafka_that_has_no_broker_yet_is_waited_for_and_one_that_has_too_few_is_not(
    said: str, expected: type[SegmenterError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provisioning, "AIOKafkaAdminClient", type("Admin", (Refusing,), {"said": said}))
    with pytest.raises(expected, match="did not create the topic product-events: .* broker"):
        await ensure(Settings())
