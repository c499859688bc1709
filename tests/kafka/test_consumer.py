"""A consumer that is stopped ends, whatever its fetches wait for; one whose fetching has ended says so."""

import asyncio
from functools import partial
from types import SimpleNamespace

import pytest
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.errors import KafkaError

from streams.kafka.consumer import Consumer


class Client:
    is_closed = False

    async def close(self) -> None:
        self.is_closed = True


def forever() -> asyncio.Task[None]:
    return asyncio.create_task(asyncio.sleep(3600))


def stoppable(*pending: asyncio.Task[None]) -> Consumer:
    """One that has begun, with fetches that wait to be tried again; it ends as aiokafka's does."""
    consumer, fetcher = Consumer(), SimpleNamespace(_fetch_task=forever(), _fetch_waiters=[], _pending_tasks=[*pending])
    fetcher.close = partial(Fetcher.close, fetcher)
    consumer._fetcher, consumer._client = fetcher, Client()
    return consumer


async def test_a_consumer_that_is_stopped_while_fetches_wait_to_be_tried_again_ends_with_them() -> None:
    fetches = [forever(), forever()]
    consumer = stoppable(*fetches)
    await asyncio.sleep(0)
    await consumer.stop()
    assert all(each.cancelled() for each in fetches)
    assert consumer._client.is_closed


async def test_whoever_is_cancelled_while_it_stops_one_is_told() -> None:
    consumer = stoppable()
    held = asyncio.Event()
    consumer._fetcher.close = held.wait
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    consumer._fetcher._fetch_task.cancel()
    assert consumer._client.is_closed


async def test_whoever_waits_for_records_is_told_that_the_fetching_has_ended() -> None:
    consumer = stoppable()
    consumer._fetcher.error_future = asyncio.get_running_loop().create_future()
    consumer._fetcher.error_future.set_exception(KafkaError("Unexpected error during data retrieval"))
    consumer._coordinator = SimpleNamespace(check_errors=lambda: None)
    with pytest.raises(KafkaError, match="during data retrieval"):
        await consumer.portions(set(), 0.0)
    consumer._coordinator = None
    await consumer.stop()
