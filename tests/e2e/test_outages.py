"""Workers are killed, frozen, and left without Kafka or Redis: what comes out is what the engine alone makes of it."""

from streams.embedded.redis import RedisServer
from tests.conftest import Kafka
from tests.e2e.changes import told
from tests.e2e.histories import InParts, expected, history
from tests.e2e.pipeline import Pipeline


def test_a_worker_killed_in_the_middle_is_followed_by_one_that_tells_the_same(pipeline: Pipeline) -> None:
    records = history(users=300, events=30_000)
    wanted = expected(pipeline, records)
    pipeline.publish(records)
    for _ in range(2):
        with pipeline.worker() as worker:
            worker.says("loaded")
            worker.kill()
    with pipeline.worker():
        assert told(pipeline, wanted) == wanted


def test_of_two_workers_one_takes_over_when_the_other_dies(pipeline: Pipeline) -> None:
    parts = InParts(pipeline, 3)
    parts.publish_next()
    with pipeline.worker() as first, pipeline.worker() as second:
        first.says("loaded", times=2)
        second.says("loaded", times=2)
        parts.publish_next()
        first.kill()
        parts.publish_next()
        assert told(pipeline, parts.wanted) == parts.wanted
        assert "owns shards 0, 1, 2, 3" in second.said()


def test_a_worker_that_slept_through_its_end_writes_nothing_any_more(pipeline: Pipeline) -> None:
    parts = InParts(pipeline, 3)
    parts.publish_next()
    with pipeline.worker() as sleeper:
        sleeper.says("loaded", times=4)
        parts.publish_next()
        sleeper.freeze()
        with pipeline.worker() as awake:
            awake.says("owns shards 0, 1, 2, 3")
            sleeper.thaw()
            parts.publish_next()
            assert told(pipeline, parts.wanted) == parts.wanted
            sleeper.says("owns shards", times=2)


def test_redis_may_die_and_come_back(pipeline: Pipeline, redis_server: RedisServer) -> None:
    parts = InParts(pipeline, 2)
    parts.publish_next()
    with pipeline.worker() as worker:
        worker.says("loaded", times=4)
        redis_server.kill()
        parts.publish_next()
        worker.says("failed, trying again")
        redis_server.start()
        assert told(pipeline, parts.wanted) == parts.wanted
        assert worker.stop() == 0


def test_kafka_may_restart(pipeline: Pipeline, kafka: Kafka) -> None:
    parts = InParts(pipeline, 2)
    parts.publish_next()
    with pipeline.worker() as worker:
        worker.says("loaded", times=4)
        kafka.kill()
        kafka.start()
        parts.publish_next()
        assert told(pipeline, parts.wanted) == parts.wanted
        assert worker.stop() == 0


def test_a_worker_waits_for_servers_that_are_not_there_yet(pipeline: Pipeline, redis_server: RedisServer) -> None:
    redis_server.stop()
    with pipeline.worker() as worker:
        worker.says("Redis - failed, trying again")
        assert worker.stop() == 0
    with pipeline.worker() as worker:
        worker.says("Redis - failed, trying again")
        redis_server.start()
        worker.says("loaded", times=4)
