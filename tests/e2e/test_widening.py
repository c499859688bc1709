"""A topic that is given more partitions: noticed soon, told with what to do, and what is told to do works."""

from collections.abc import Sequence

import pytest
from confluent_kafka import Producer

from streams.embedded.redis import RedisServer
from streams.testing import Record, to_bytes
from tests.conftest import Kafka
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.histories import EXACTLY, exactly_twelve
from tests.e2e.pipeline import WITHIN_S, Pipeline, Seen

OWN = ("segment-changes", "segment-memberships", "rerouted-events", "profile-commands", "delivery-commands")
USERS = 60


def test_workers_end_with_what_to_do_and_a_group_that_begins_anew_has_all(
    pipeline: Pipeline, kafka: Kafka, redis_server: RedisServer
) -> None:
    if not isinstance(kafka, ApacheKafka):
        pytest.skip("the embedded broker has as many partitions as it began with")
    records = exactly_twelve(USERS)
    pipeline.publish(records[:360])
    with pipeline.worker() as worker:
        worker.says("loaded", times=4)
        pipeline.widen("product-events", 8)
        publish(pipeline, records[360:])
        assert worker.ended() == 2
    with pipeline.worker() as again:
        assert again.ended() == 2
    for log in (worker.said(), again.said()):
        assert "was begun with 4 partitions" in log
        assert f"{pipeline.settings.topic('product-events')}: 8" in log
        assert "More partitions" in log
        assert "Traceback" not in log

    # As docs/operate.md tells it under More partitions.
    pipeline.widen("billing-updates", 8)
    anew = beside(pipeline, kafka, redis_server)
    with anew.worker() as worker:
        anew.read("segment-memberships", lambda seen: len(members(seen)) == USERS)
        assert worker.stop() == 0


def publish(pipeline: Pipeline, records: Sequence[Record]) -> None:
    """To the partitions that there are now."""
    producer = Producer({"bootstrap.servers": pipeline.settings.kafka, "partitioner": "murmur2_random", "log_level": 0})
    for record in records:
        producer.produce(pipeline.settings.topic("product-events"), to_bytes(record), key=record["userId"].encode())
        producer.poll(0)
    assert producer.flush(WITHIN_S) == 0


def beside(pipeline: Pipeline, kafka: Kafka, redis_server: RedisServer) -> Pipeline:
    """A group of its own, with topics of its own but for the inputs."""
    group, folder = pipeline.settings.group, pipeline.folder / "anew"
    folder.mkdir()
    own = {f"topic_{name.replace('-', '_')}": f"{name}-8" for name in OWN}
    anew = Pipeline(kafka.address, redis_server.url, f"{group}-8", folder, topic_prefix=f"{group}-", **own)
    anew.use(EXACTLY)
    anew.partitions = 8
    return anew


def members(seen: list[Seen]) -> set[bytes | None]:
    """Those who are in any segment now."""
    newest = {one.key: one for one in seen}
    return {key for key, one in newest.items() if one.json["segments"]}
