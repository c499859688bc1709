"""A worker that is told to stop is gone within ten seconds, whatever is away, and nothing is lost by it."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

import pytest

from streams.embedded.redis import RedisServer
from streams.embedded.server import Server
from streams.runtime.running import GONE_WITHIN_S
from tests.conftest import Kafka
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.changes import told
from tests.e2e.histories import actions, expected
from tests.e2e.outages import frozen, stopped
from tests.e2e.pipeline import TIMELESS, Pipeline

# For a machine that stands still for a while. What waits for Kafka waits for 75 s and more.
SLACK_S = 30

Away = Callable[[Server], AbstractContextManager[None]]


@pytest.mark.parametrize(
    ("which", "away"),
    [("kafka", stopped), ("kafka", frozen), ("redis", stopped), ("redis", frozen), ("both", frozen)],
)
def test_a_worker_that_is_told_to_stop_while_a_server_is_away_is_gone_in_time(
    which: str, away: Away, pipeline: Pipeline, kafka: Kafka, redis_server: RedisServer
) -> None:
    if not isinstance(kafka, ApacheKafka):
        pytest.skip("the embedded broker forgets all when it is stopped")
    pipeline.use(TIMELESS)
    records = actions(users=2_000, events=20_000)
    wanted = expected(pipeline, records)
    pipeline.publish(records)
    with pipeline.worker() as worker:
        worker.says("loaded", times=4)
        with ExitStack() as gone:
            for name, server in {"kafka": kafka, "redis": redis_server}.items():
                if which in (name, "both"):
                    gone.enter_context(away(server))
            told_at = time.monotonic()
            assert worker.stop() == 0
            assert time.monotonic() - told_at < GONE_WITHIN_S + SLACK_S, worker.said()
    with pipeline.worker():
        assert told(pipeline, wanted) == wanted


def test_a_worker_that_is_told_to_stop_while_it_waits_for_kafka_is_gone_in_time(
    pipeline: Pipeline, kafka: Kafka
) -> None:
    with stopped(kafka), pipeline.worker() as worker:
        worker.says("Kafka - failed, trying again")
        told_at = time.monotonic()
        assert worker.stop() == 0
        assert time.monotonic() - told_at < GONE_WITHIN_S + SLACK_S, worker.said()
        worker.says("worker - is told to stop")
