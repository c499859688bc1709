"""A collector on a real Kafka: what it answers 200 to is there, whatever is killed meanwhile."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

from streams.kafka.publisher import home_partition
from tests.conftest import Kafka
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.collector import CollectorProcess
from tests.e2e.pipeline import PARTITIONS, WITHIN_S, Pipeline

SENDERS = 8


def event(number: int) -> dict[str, object]:
    return {"type": "track", "event": "X", "userId": f"user-{number % 50}", "messageId": f"m{number}"}


def test_events_lie_in_their_users_home_in_the_order_in_which_they_were_sent(pipeline: Pipeline) -> None:
    with CollectorProcess(pipeline) as collector:
        for number in range(0, 60, 3):
            collector.takes("/v1/track", event(number))
            collector.takes("/v1/batch", {"batch": [event(number + 1), event(number + 2)]})
        assert collector.stop() == 0
        ids = {f"m{number}" for number in range(60)}
        seen = pipeline.read("product-events", lambda seen: ids <= {one.json["messageId"] for one in seen})
    for one in seen:
        assert one.key == one.json["userId"].encode()
        assert one.partition == home_partition(one.json["userId"], PARTITIONS)
    for user in {one.key for one in seen}:
        sent = [int(one.json["messageId"][1:]) for one in seen if one.key == user]
        assert sent == sorted(sent)


def test_nothing_that_was_answered_with_200_is_lost_when_kafka_and_the_collector_are_killed(
    pipeline: Pipeline, kafka: Kafka
) -> None:
    with CollectorProcess(pipeline) as collector, Senders(collector) as senders:
        senders.until(lambda: len(senders.confirmed) > 200)
        if isinstance(kafka, ApacheKafka):  # the embedded broker forgets what it had
            kafka.kill()
            senders.until(lambda: 503 in senders.told)
            kafka.start()
            confirmed = len(senders.confirmed)
            senders.until(lambda: len(senders.confirmed) > confirmed + 200)
        collector.kill()
        collector.start()
        confirmed = len(senders.confirmed)
        senders.until(lambda: len(senders.confirmed) > confirmed + 200)
        senders.end()
        assert senders.told <= {200, 503, None}
        there = [found["messageId"] for found in collector.events(senders.confirmed)]
    assert senders.confirmed <= set(there)


def test_a_collector_that_starts_before_kafka_waits_for_it_and_says_so(pipeline: Pipeline, kafka: Kafka) -> None:
    kafka.kill()
    with CollectorProcess(pipeline) as collector:
        since = time.monotonic()
        status, told = collector.post("/v1/track", event(0))
        assert (status, told["code"]) == (503, "kafka_away")
        assert time.monotonic() - since < WITHIN_S
        kafka.start()
        collector.takes("/v1/track", event(1))
        assert collector.events({"m1"})


class Senders:
    """Many that send one event after another, each until it is confirmed. told: every status; None: no answer."""

    def __init__(self, collector: CollectorProcess):
        self.confirmed: set[str] = set()
        self.told: set[int | None] = set()
        self._collector = collector
        self._ending = threading.Event()
        self._pool = ThreadPoolExecutor(SENDERS)
        self._numbers = iter(range(10**9))
        self._running = [self._pool.submit(self._send) for _ in range(SENDERS)]

    def _send(self) -> None:
        while not self._ending.is_set():
            self._send_one(next(self._numbers))

    def _send_one(self, number: int) -> None:
        status: int | None = None
        while status != 200:
            try:
                status, _ = self._collector.post("/v1/track", event(number))
            except (OSError, HTTPException):  # the collector died before it answered, or in the middle of it
                status = None
            self.told.add(status)
            if status != 200:
                time.sleep(0.2)
        self.confirmed.add(f"m{number}")

    def until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WITHIN_S
        while not done():
            assert time.monotonic() < deadline, self.told
            time.sleep(0.05)

    def end(self) -> None:
        self._ending.set()
        for each in self._running:
            each.result(WITHIN_S)

    def __enter__(self) -> "Senders":
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._pool.shutdown(cancel_futures=True)
