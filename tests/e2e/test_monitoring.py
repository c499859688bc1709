"""What an operator sees of a real worker: while all is well, while a transaction is open, and while Kafka is away."""

import asyncio
import json
import re
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from streams.dispatch.metrics import SPECS as OF_DELIVERY
from streams.kafka.publisher import home_partition
from streams.runtime.metrics import SPECS
from tests.conftest import Kafka
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.histories import actions
from tests.e2e.operators import Operator, is_caught_up
from tests.e2e.outages import frozen
from tests.e2e.pipeline import PARTITIONS, WITHIN_S, Pipeline, WorkerProcess, until
from tests.monitoring_files import RULES, in_dashboard
from tests.promtool import promtool


def steady_worker(pipeline: Pipeline) -> WorkerProcess:
    return pipeline.steady_worker(metrics="127.0.0.1:0")


def test_a_scrape_has_all_that_the_dashboard_and_the_alerts_ask_for(pipeline: Pipeline) -> None:
    records = actions(users=50, events=1_000)
    pipeline.publish(records)
    pipeline.publish_raw([("product-events", "ann", b"{oops")])
    with steady_worker(pipeline) as worker:
        operator = Operator(worker)
        worker.says("loaded", times=PARTITIONS)
        operator.sees(is_caught_up)
        assert operator.asks("/readyz")[0] == 200
        until(lambda: operator.figures().get('segmenter_shards{state="caught_up"}'), PARTITIONS, worker.said)
        text, figures = operator.asks("/metrics")[1], operator.figures()
        assert figures['segmenter_events_total{outcome="applied"}'] == len(records)
        assert figures['segmenter_dead_letters_total{reason_code="not_json"}'] == 1
        assert worker.stop() == 0
    promtool("check", "metrics", given=text.encode())
    there = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    asked = set(re.findall(r"\b(?:segmenter|process)_\w+", " ".join([*in_dashboard(), *(r["expr"] for r in RULES)])))
    of_others = {spec.name for spec in OF_DELIVERY} - {spec.name for spec in SPECS}
    assert {re.sub(r"_bucket$", "", name) for name in asked} - there - of_others == set()
    assert {spec.name for spec in SPECS} - there == set()


def test_records_behind_an_open_transaction_are_told_of_and_then_applied(pipeline: Pipeline, kafka: Kafka) -> None:
    if not isinstance(kafka, ApacheKafka):
        pytest.skip("the embedded broker knows no transactions")
    [record, *_] = actions(users=1, events=1)
    with steady_worker(pipeline) as worker:
        worker.says("loaded", times=PARTITIONS)
        operator = Operator(worker)
        operator.sees(is_caught_up)
        asyncio.run(held_open(pipeline, record["userId"], json.dumps(record).encode(), operator))
        worker.says("waits: a producer's transaction is open in")
        operator.sees(is_caught_up)
        worker.says("goes on: the transaction has ended")
        assert operator.figures()['segmenter_events_total{outcome="applied"}'] == 1


async def held_open(pipeline: Pipeline, user: str, value: bytes, operator: Operator) -> None:
    """A record in a transaction that stays open until the operator sees that the shard waits for it, and for nothing
    else, as it may where Kafka stands still."""
    topic, home = pipeline.settings.topic("product-events"), home_partition(user, PARTITIONS)
    async with (
        AIOKafkaProducer(
            bootstrap_servers=pipeline.settings.kafka,
            transactional_id=pipeline.settings.group,
            transaction_timeout_ms=int(WITHIN_S * 1_000),
        ) as producer,
        producer.transaction(),
    ):
        await producer.send_and_wait(topic, value, key=user.encode(), partition=home)
        await asyncio.to_thread(operator.sees, lambda health: is_held_back(health, home))


def is_held_back(health: dict[str, Any], shard: int) -> bool:
    said: str = health["summary"]
    is_told = "1 behind in" in said and "a producer's transaction is open" in said
    return is_told and bool(health["shards"][shard]["state"] == "waiting")


def test_a_kafka_that_does_not_answer_is_told_of_and_so_is_that_it_is_back(pipeline: Pipeline, kafka: Kafka) -> None:
    """It is frozen: nothing else tells that it is away."""
    with steady_worker(pipeline) as worker:
        worker.says("loaded", times=PARTITIONS)
        operator = Operator(worker)
        operator.sees(is_caught_up)
        with frozen(kafka):
            operator.sees(is_without_kafka)
            until(lambda: operator.figures().get('segmenter_shards_waiting{cause="kafka"}'), PARTITIONS, worker.said)
        worker.says("Kafka - answers again, after")
        operator.sees(is_caught_up)


def is_without_kafka(health: dict[str, Any]) -> bool:
    return {each["state"] for each in health["shards"]} == {"waiting"} and "does not answer" in health["summary"]


def test_a_worker_that_cannot_have_the_port_it_was_told_does_not_start(pipeline: Pipeline) -> None:
    with pipeline.worker(metrics="127.0.0.1:0") as one:
        taken = Operator(one)._url.removeprefix("http://")
        with pipeline.worker(metrics=taken) as other:
            assert other.ended() == 2
            assert f"SEGMENTER_METRICS: cannot listen at {taken}" in other.said()
