"""The worker's producer, on a Kafka that goes away and comes back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import cast

import pytest
from aiokafka.errors import KafkaError, LeaderNotAvailableError, NotLeaderForPartitionError

from streams.kafka.message import Message
from streams.kafka.provisioning import ensure
from streams.retry import Retry
from streams.runtime.app import create_app
from streams.runtime.transport.producing import PRODUCE_BYTES, Producer
from streams.state.memory import MemoryStore
from tests.conftest import Kafka
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.pipeline import WITHIN_S, Pipeline


@asynccontextmanager
async def producing(pipeline: Pipeline) -> AsyncIterator[Producer]:
    await Retry()("Kafka", lambda: ensure(pipeline.settings))
    app = create_app(pipeline.settings, MemoryStore())
    producer = cast(Producer, app.producer)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@contextmanager
def impatient(producer: Producer) -> Iterator[None]:
    """It gives up a message after a second in here. While Kafka answers, and be it late, it must not: what it gives up
    then has perhaps arrived."""
    running, patience_s = producer._ensure_producer(), producer.request_timeout
    given = running._request_timeout_ms, running._message_accumulator._batch_ttl
    producer.request_timeout = 1.0
    running._request_timeout_ms = 1_000
    running._message_accumulator._batch_ttl = 1.0
    yield
    producer.request_timeout = patience_s
    running._request_timeout_ms, running._message_accumulator._batch_ttl = given


async def test_a_producer_outlives_an_outage_longer_than_its_patience(pipeline: Pipeline, kafka: Kafka) -> None:
    """More than goes into one batch, as what waits for its turn is what aiokafka gives up."""
    topic = pipeline.settings.topic("segment-changes")
    sent = [Message(topic, b"ann", b"%d " % number + b"x" * (PRODUCE_BYTES // 2)) for number in range(6)]

    async with producing(pipeline) as producer:
        await producer.publish(topic, 2, sent[:1])
        await asyncio.to_thread(kafka.stop)
        with impatient(producer):
            for _ in range(3):
                with pytest.raises(KafkaError):
                    async with asyncio.timeout(WITHIN_S):
                        await producer.publish(topic, 2, sent[1:])
        await asyncio.to_thread(kafka.start)
        async with asyncio.timeout(WITHIN_S):
            await Retry()("Kafka", lambda: producer.publish(topic, 2, sent[1:]))
    seen = await pipeline._read(
        "segment-changes", lambda seen: any(one.value == sent[-1].value for one in seen), WITHIN_S
    )
    assert [(one.partition, (one.value or b"")[:1]) for one in seen] == [(2, b"%d" % number) for number in range(6)]


async def test_what_is_published_while_kafka_is_away_comes_once_when_it_is_back(
    pipeline: Pipeline, kafka: Kafka
) -> None:
    if not isinstance(kafka, ApacheKafka):
        pytest.skip("the embedded broker forgets the topic")
    topic = pipeline.settings.topic("segment-changes")
    async with producing(pipeline) as producer:
        await producer.publish(topic, 2, [Message(topic, b"ann", b"before")])
        await asyncio.to_thread(kafka.stop)
        with impatient(producer):
            meanwhile = [Message(topic, b"ann", b"meanwhile")]
            publishing = asyncio.create_task(producer.publish(topic, 2, meanwhile))
            await asyncio.to_thread(kafka.start)
        async with asyncio.timeout(WITHIN_S):
            try:
                await publishing
            except (LeaderNotAvailableError, NotLeaderForPartitionError):
                # A broker that has just begun does not lead the partition yet: what is too old then is not even sent.
                await Retry()("Kafka", lambda: producer.publish(topic, 2, meanwhile))
        await producer.publish(topic, 2, [Message(topic, b"ann", b"after")])
    seen = await pipeline._read("segment-changes", lambda seen: any(one.value == b"after" for one in seen))
    assert [one.value for one in seen] == [b"before", b"meanwhile", b"after"]
