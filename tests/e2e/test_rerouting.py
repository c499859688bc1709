"""Producers as they are: whichever partition a record came to, it is applied at home, once."""

from collections import Counter

import pytest

from streams.kafka.partitioning import homes
from streams.testing import to_bytes
from tests.conftest import Kafka
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.changes import told
from tests.e2e.histories import EXACTLY, actions, exactly_twelve, expected
from tests.e2e.pipeline import PARTITIONS, TIMELESS, Pipeline
from tests.e2e.producers import publish_by_java, publish_by_librdkafka


def test_librdkafkas_default_gives_the_same_changes(pipeline: Pipeline) -> None:
    pipeline.use(TIMELESS)
    records = actions(users=40, events=2_000)
    wanted = expected(pipeline, records)
    pipeline.publish([])
    publish_by_librdkafka(pipeline, records)
    with pipeline.worker() as one, pipeline.worker() as other:
        assert told(pipeline, wanted) == wanted
    assert "this looks like librdkafka's default: set `partitioner=murmur2_random` there" in one.said() + other.said()
    shards = {seen.key: seen.partition for seen in pipeline.read("segment-changes", lambda seen: len(seen) > 0)}
    assert all(homes(user.decode(), PARTITIONS, "murmur2") == [shard] for user, shard in shards.items() if user)


def test_with_the_partitioner_set_nothing_need_be_rerouted(pipeline: Pipeline) -> None:
    pipeline.use(TIMELESS)
    records = actions(users=40, events=2_000)
    wanted = expected(pipeline, records)
    pipeline.publish([])
    publish_by_librdkafka(pipeline, records)
    with pipeline.worker(partitioner="crc32") as worker:
        assert told(pipeline, wanted) == wanted
        worker.stop()
    assert "was sent home" not in worker.said()
    with pipeline.worker() as other:
        assert other.ended() == 2
        assert "SEGMENTER_PARTITIONER: it is murmur2, and was crc32 when the state was begun" in other.said()


@pytest.mark.parametrize("kills", [0, 2])
def test_records_without_a_key_are_each_counted_once_though_workers_are_killed(pipeline: Pipeline, kills: int) -> None:
    pipeline.use(EXACTLY)
    records = exactly_twelve(users=200)
    pipeline.publish([])
    publish_by_librdkafka(pipeline, records, keyed=False)
    for kill in range(kills):
        with pipeline.worker() as worker:
            # The first may have sent home all of them by then.
            worker.says("loaded" if kill else "was sent home")
            worker.kill()
    with pipeline.worker() as worker:
        seen = pipeline.read("segment-changes", lambda seen: len({one.key for one in seen}) == 200)
        assert "the producer sends no key" in worker.said() or kills
    assert {one.json["type"] for one in seen} == {"segment.entered"}


def test_a_java_client_needs_no_setting_where_it_sends_the_user_as_key(pipeline: Pipeline, kafka: Kafka) -> None:
    if not isinstance(kafka, ApacheKafka):
        pytest.skip("Kafka's own client needs java, and its jars come with Apache Kafka's")
    pipeline.use(EXACTLY)
    records = exactly_twelve(users=60)
    pipeline.publish([])
    publish_by_java(pipeline, records[:360], keyed=True)
    publish_by_java(pipeline, records[360:], keyed=False)
    with pipeline.steady_worker():
        pipeline.read("segment-changes", lambda seen: len({one.key for one in seen}) == 60)
    rerouted = pipeline.read("rerouted-events", lambda seen: len(seen) > 0)
    offsets = Counter((one.headers["partition"], one.headers["offset"]) for one in rerouted)
    assert max(offsets.values()) == 1
    sent_by_key = {to_bytes(record) for record in records[:360]}
    assert not sent_by_key.intersection(one.value for one in rerouted), "what the client sent by key was at home"
