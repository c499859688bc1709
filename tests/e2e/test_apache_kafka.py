"""The broker under the other end-to-end tests: what it confirmed survives a kill, and a group finds its place."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import NewTopic

from tests.conftest import Kafka
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.pipeline import WITHIN_S
from tests.e2e.topics import create


async def test_a_killed_broker_comes_back_with_its_records_and_groups(kafka: Kafka, group: str) -> None:
    if not isinstance(kafka, ApacheKafka):
        pytest.skip("the embedded broker stores in memory")
    await create(kafka.address, NewTopic(group, num_partitions=1, replication_factor=1))
    await produce(kafka, group, b"before")
    assert await consume(kafka, group) == b"before"
    kafka.kill()
    kafka.start()
    await produce(kafka, group, b"after")
    assert await consume(kafka, group) == b"after"


async def produce(kafka: Kafka, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.address, enable_idempotence=True) as producer:
        await producer.send_and_wait(topic, value)


async def consume(kafka: Kafka, topic: str) -> bytes | None:
    options = {"group_id": topic, "auto_offset_reset": "earliest", "enable_auto_commit": False}
    async with asyncio.timeout(WITHIN_S), AsyncExitStack() as stack:
        consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka.address, **options)
        await stack.enter_async_context(consumer)
        record = await consumer.getone()
        await consumer.commit()
        value: bytes | None = record.value
        return value
