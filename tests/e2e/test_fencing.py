"""Who may write a shard does not hang on numbers that Kafka may begin anew."""

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from tests.conftest import Kafka
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.changes import told
from tests.e2e.histories import InParts
from tests.e2e.pipeline import Pipeline, until


def test_after_the_group_was_deleted_workers_go_on_and_one_that_slept_through_it_takes_nothing(
    pipeline: Pipeline, kafka: Kafka
) -> None:
    if not isinstance(kafka, ApacheKafka):
        pytest.skip("the embedded broker does not delete groups")
    parts = InParts(pipeline, 3)
    parts.publish_next()
    with pipeline.worker() as sleeper:
        sleeper.says("loaded", times=4)
        sleeper.freeze()
        with pipeline.worker() as second:
            second.says("owns shards 0, 1, 2, 3")
            second.says("loaded", times=4)
            assert second.stop() == 0
        delete_group(pipeline)
        parts.publish_next()
        with pipeline.worker() as third:
            third.says("owns shards 0, 1, 2, 3, generation ")  # 1, unless it stood still while it joined
            third.says("loaded", times=4)
            sleeper.thaw()
            parts.publish_next()
            assert told(pipeline, parts.wanted) == parts.wanted
            sleeper.says("owns shards", times=2)
            assert third.stop() == 0
    for log in (sleeper.said(), third.said()):
        assert "it is ours by the consumer group" not in log


def delete_group(pipeline: Pipeline) -> None:
    """As an operator would, or Kafka itself once it was empty for a week. Who left in a hurry is a member until the
    session is over."""
    admin = AdminClient({"bootstrap.servers": pipeline.settings.kafka})
    until(lambda: is_deleted(admin, pipeline.settings.group), True)


def is_deleted(admin: AdminClient, group: str) -> bool:
    [deleted] = admin.delete_consumer_groups([group]).values()
    try:
        deleted.result()
    except KafkaException as error:
        if error.args[0].code() == KafkaError.NON_EMPTY_GROUP or error.args[0].retriable():
            return False
        raise
    return True
