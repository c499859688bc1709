"""Connections to Kafka for commands that are no workers.

Comes in: the settings. Goes out: a producer or a consumer, for the length of a block, or `Unreachable`.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import UnknownError, UnknownTopicOrPartitionError

from streams.kafka.batches.reader import Portion
from streams.kafka.batches.record import Record
from streams.kafka.connection import client_options
from streams.kafka.consumer import Consumer
from streams.kafka.ending import end
from streams.kafka.errors import in_our_words, no_topic
from streams.log import log
from streams.settings import Settings

# Below the 1 MB that a broker takes by default; a longer record makes a batch of its own.
BATCH_BYTES = 900_000
# What is read beside others, who are not to wait for it: some milliseconds of work.
PORTION_BYTES = 128 << 10
# So long a fetch that finds nothing holds up the next one, which asks for other partitions as well: whoever takes rules
# over waits for what is read of them.
FETCH_WAIT_MS = 50
# Only an idempotent producer tries for ever; another gives a batch up after this.
EMBEDDED_ANSWERS_WITHIN_MS = 3_600_000
LOOK_EVERY_S = 0.2  # markers of transactions are no records, and move on


@asynccontextmanager
async def producing(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """A producer whose records all replicas have once they are confirmed, each once where the broker can do that."""
    async with in_our_words(settings):
        producer = await started(settings)
        try:
            yield producer
        except BaseException:
            await end(producer)  # nobody waits for what is on its way: while Kafka is away, that would be for ever
            raise
        await producer.stop()


async def started(settings: Settings) -> AIOKafkaProducer:
    """The same, for whoever ends it by itself."""
    try:
        return await _start(settings, idempotent=True)
    except UnknownError:
        # The embedded broker's answer to the first request of an idempotent producer.
        return await _start(settings, idempotent=False)


async def _start(settings: Settings, idempotent: bool) -> AIOKafkaProducer:
    patience: dict[str, Any] = {} if idempotent else {"request_timeout_ms": EMBEDDED_ANSWERS_WITHIN_MS}
    options = {"acks": "all", "enable_idempotence": idempotent, "max_batch_size": BATCH_BYTES, **patience}
    producer = AIOKafkaProducer(**client_options(settings), **options)
    try:
        await producer.start()
    except BaseException:
        await end(producer)
        raise
    return producer


@asynccontextmanager
async def opened(consumer: Consumer) -> AsyncIterator[Consumer]:
    """Started for the length of the block, and stopped also where it did not start, which its own block leaves out."""
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


@asynccontextmanager
async def reading_back(
    settings: Settings, topic: str, partition: int
) -> AsyncIterator[tuple[int, AsyncIterator[Sequence[Record]]]]:
    """The first offset of a partition that there is, and all records that stand there now. Errors are aiokafka's."""
    tp = TopicPartition(topic, partition)
    options: dict[str, Any] = {"enable_auto_commit": False, "auto_offset_reset": "earliest", "exact_ends": False}
    async with opened(Consumer(**client_options(settings), **options)) as consumer:
        consumer.assign([tp])
        begin, end = (await consumer.beginning_offsets([tp]))[tp], (await consumer.end_offsets([tp]))[tp]

        async def batches() -> AsyncIterator[Sequence[Record]]:
            while await consumer.position(tp) < end:
                for portion in (await consumer.portions({tp}, LOOK_EVERY_S)).values():
                    tell_unreadable(tp, portion)
                    yield portion.records

        yield begin, batches()


@asynccontextmanager
async def reading_on(settings: Settings, offsets: Mapping[tuple[str, int], int]) -> AsyncIterator[Consumer]:
    """A consumer, in no group, of these partitions from these offsets on. Errors are aiokafka's; where records are gone
    that were to be read, that is one."""
    consumer = Consumer(
        **client_options(settings),
        exact_ends=False,  # not of every broker
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="none",
        fetch_max_wait_ms=FETCH_WAIT_MS,
        max_partition_fetch_bytes=PORTION_BYTES,
    )
    async with opened(consumer):
        consumer.assign([TopicPartition(*tp) for tp in offsets])
        for tp, offset in offsets.items():
            consumer.seek(TopicPartition(*tp), offset)
        yield consumer


def tell_unreadable(tp: tuple[str, int], portion: Portion) -> None:
    """What of our own topics cannot be read is passed over."""
    topic, partition = tp
    for offset, _, _, reason in portion.unreadable:
        log.warning("topic %s, partition %d, offset %d - passed over: %s", topic, partition, offset, reason)


@asynccontextmanager
async def consuming(settings: Settings, topic: str, from_beginning: bool) -> AsyncIterator[Consumer]:
    """A consumer of all partitions of a topic, in no group: nobody's work is taken away."""
    consumer = Consumer(
        **client_options(settings),
        exact_ends=False,  # not of every broker
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest" if from_beginning else "latest",
    )
    async with in_our_words(settings), opened(consumer):
        if topic not in await consumer.topics():
            raise no_topic(settings, topic)
        consumer.subscribe([topic])
        yield consumer


@asynccontextmanager
async def following(settings: Settings, topic: str, back: int) -> AsyncIterator[AsyncIterator[Sequence[Record]]]:
    """The newest `back` records of a topic, as far as its partitions have them, by time; and then what comes."""
    options: dict[str, Any] = {"enable_auto_commit": False, "auto_offset_reset": "latest", "exact_ends": False}
    async with in_our_words(settings):
        consumer = Consumer(topic, **client_options(settings), isolation_level="read_committed", **options)
        try:
            await consumer.start()
            yield _from_back(consumer, sorted(consumer.assignment()), back)
        except UnknownTopicOrPartitionError:
            raise no_topic(settings, topic) from None
        finally:
            await consumer.stop()


async def _from_back(consumer: Consumer, tps: Sequence[TopicPartition], back: int) -> AsyncIterator[Sequence[Record]]:
    begins, ends = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
    for tp in tps:
        consumer.seek(tp, max(begins[tp], ends[tp] - back // len(tps)))
    before: list[Record] = []
    while True:
        behind = [tp for tp in tps if await consumer.position(tp) < ends[tp]]
        found = await consumer.portions(set(), LOOK_EVERY_S)
        for tp, portion in found.items():
            tell_unreadable(tp, portion)
        came = [record for portion in found.values() for record in portion.records]
        if behind:
            before += came
            continue
        if before:
            came = sorted([*before, *came], key=lambda record: record.timestamp or 0)
            before = []
        yield came
