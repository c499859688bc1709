"""Clients of Kafka end with their connections, also where they never came to anything."""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from streams.kafka import ending
from streams.kafka import ends as asking
from streams.kafka.clients import reading_back
from streams.kafka.ends import Ends
from streams.settings import Settings

NOWHERE = Settings(kafka="127.0.0.1:1")


class Open:
    """A connection."""

    is_open = True

    def close(self, reason: object = None) -> asyncio.Future[None]:
        self.is_open = False
        closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        closed.set_result(None)
        return closed


@pytest.fixture
async def dropped() -> list[object]:
    """What is said in the log of those that are dropped open."""
    said: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context["message"]))
    return said


async def test_a_consumer_that_did_not_start_is_closed(dropped: list[object]) -> None:
    with pytest.raises(KafkaConnectionError):
        async with reading_back(NOWHERE, "segment-changes", 0):
            pass
    gc.collect()
    assert dropped == []


async def test_a_producer_that_cannot_be_stopped_in_time_hangs_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "CLOSE_WITHIN_S", 0.01)
    producer, connection = AIOKafkaProducer(bootstrap_servers=NOWHERE.kafka), Open()
    producer.client._conns[0] = connection
    with hanging(producer):
        await ending.end(producer)
    assert not connection.is_open


async def test_who_asks_where_partitions_end_hangs_up_where_it_cannot_stop_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "ANSWERS_WITHIN_S", 0.01)
    ends, consumer, connection = Ends(NOWHERE), AIOKafkaConsumer(bootstrap_servers=NOWHERE.kafka), Open()
    ends._consumer, consumer._client._conns[0] = consumer, connection
    with hanging(consumer):
        await ends.close()
    assert not connection.is_open


@contextmanager
def hanging(client: AIOKafkaProducer | AIOKafkaConsumer) -> Iterator[None]:
    """It does not come to the end of its stop."""
    client.stop, stop = asyncio.Event().wait, client.stop
    yield
    client._closed, client.stop = True, stop
