"""Where partitions end, asked again and again of Kafka by a consumer of its own; and with it whether Kafka answers.

Comes in: the settings, and which partitions. Goes out: their ends, and why Kafka does not tell.

A consumer that reads may wait for ever and call it reading. This one has nothing else to do, and after a failure it is
another one, with new connections: what it says of Kafka does not depend on how well the rest of the worker is.
"""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.errors import SegmenterError
from streams.kafka.connection import client_options
from streams.kafka.ending import hang_up
from streams.kafka.errors import in_our_words, in_words
from streams.settings import Settings

ANSWERS_WITHIN_S: Final = 5.0


class Ends:
    """failure: why the last question had no answer, in words; empty where it had one."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._consumer: AIOKafkaConsumer | None = None
        self.failure = ""

    async def ask(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Where each ends now, with what is in open transactions; of none where Kafka does not tell."""
        try:
            async with in_our_words(self._settings), asyncio.timeout(ANSWERS_WITHIN_S):
                found: Mapping[TopicPartition, int] = await (await self._started()).end_offsets(partitions)
        except SegmenterError as error:
            self.failure = in_words(error)
            await self.close()
            return {}
        self.failure = ""
        return found

    async def _started(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            self._consumer = AIOKafkaConsumer(**client_options(self._settings), enable_auto_commit=False)
            await self._consumer.start()
        return self._consumer

    async def close(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is None:
            return
        # In a task of its own, which `wait_for` does not make from Python 3.12 on: that a part of aiokafka has not had
        # its turn yet comes as a cancellation, and would be taken for ours.
        stopping = asyncio.create_task(consumer.stop())
        await asyncio.wait([stopping], timeout=ANSWERS_WITHIN_S)
        stopping.cancel()
        with suppress(KafkaError, asyncio.InvalidStateError, asyncio.CancelledError):
            stopping.result()
        hang_up(consumer._client)
