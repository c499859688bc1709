"""Everything in this folder runs on real servers: `pytest -m "not e2e"` leaves it out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from streams.embedded.redis import RedisServer
from tests.conftest import Kafka
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.pipeline import Pipeline
from tests.e2e.redis_keys import Keys

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture
def pipeline(kafka: Kafka, redis_server: RedisServer, group: str, tmp_path: Path) -> Iterator[Pipeline]:
    pipeline = Pipeline(kafka.address, redis_server.url, group, tmp_path)
    yield pipeline
    # A broker with the thousands of partitions of all tests before takes minutes to start again.
    if isinstance(kafka, ApacheKafka) and kafka.pid is not None:
        pipeline.delete_topics()


@pytest.fixture
def keys(redis_server: RedisServer, pipeline: Pipeline) -> Iterator[Keys]:
    client: Any = redis.Redis.from_url(redis_server.url)
    yield Keys(client, pipeline.settings.group)
    client.close()
