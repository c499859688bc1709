"""The worker's producer, on a broker that lacks what it needs."""

from typing import cast

import pytest
from aiokafka.errors import UnknownError

from streams.embedded.kafka import KafkaBroker
from streams.runtime.app import create_app
from streams.runtime.transport.producing import Producer
from streams.settings import Settings
from streams.state.memory import MemoryStore


async def test_a_broker_that_knows_no_idempotent_producers_is_told_of_in_words() -> None:
    with KafkaBroker() as broker:
        app = create_app(Settings(kafka=broker.address), MemoryStore())
        producer = cast(Producer, app.producer)
        with pytest.raises(UnknownError, match="a worker needs one.*`segmenter dev`"):
            await producer.on_start()
        await producer.on_stop()
