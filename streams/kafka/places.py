"""Records by where they stand: read, and published again.

Comes in: topics, partitions and offsets. Goes out: the records that are still there; or the same once more, at the end
of their topics.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Any, Final, NamedTuple

from aiokafka import TopicPartition

from streams.kafka.batches.record import Record
from streams.kafka.clients import LOOK_EVERY_S, opened, producing
from streams.kafka.connection import client_options
from streams.kafka.consumer import Consumer
from streams.kafka.errors import in_our_words
from streams.kafka.partitioning import homes
from streams.kafka.provisioning import existing
from streams.settings import Settings

OPTIONS: Final[dict[str, Any]] = {"enable_auto_commit": False, "auto_offset_reset": "earliest", "exact_ends": False}


class Place(NamedTuple):
    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


async def records_at(settings: Settings, places: Iterable[Place]) -> dict[Place, Record]:
    """What was deleted meanwhile, or cannot be read, is left out."""
    counts = await existing(settings)
    wanted = sorted(place for place in set(places) if place.partition < counts.get(place.topic, 0))
    found: dict[Place, Record] = {}
    if not wanted:
        return found
    async with in_our_words(settings), opened(Consumer(**client_options(settings), **OPTIONS)) as consumer:
        for (topic, partition), some in groupby(wanted, key=lambda place: (place.topic, place.partition)):
            await _read(consumer, TopicPartition(topic, partition), [place.offset for place in some], found)
    return found


async def _read(consumer: Consumer, tp: TopicPartition, offsets: list[int], found: dict[Place, Record]) -> None:
    consumer.assign([tp])
    begin, end = (await consumer.beginning_offsets([tp]))[tp], (await consumer.end_offsets([tp]))[tp]
    wanted = set(offsets)
    read_to = begin
    for offset in offsets:
        if not read_to <= offset < end:
            continue  # gone, or came with another
        consumer.seek(tp, offset)
        while (read_to := await consumer.position(tp)) <= offset:
            for portion in (await consumer.portions({tp}, LOOK_EVERY_S)).values():
                found |= {
                    Place(tp.topic, tp.partition, each.offset): each
                    for each in portion.records
                    if each.offset in wanted
                }


@asynccontextmanager
async def putting_back(settings: Settings) -> AsyncIterator[Callable[[Mapping[Place, Record]], Awaitable[None]]]:
    """Publishes records once more, each with its key, value, headers and time, to the home of its key; returns when all
    replicas have them."""
    counts = await existing(settings)
    async with producing(settings) as producer:

        async def put(records: Mapping[Place, Record]) -> None:
            sent = [
                await producer.send(
                    place.topic,
                    record.value,
                    record.key,
                    partition=home_of(record.key, place.partition, counts[place.topic], settings.partitioner),
                    timestamp_ms=record.timestamp,
                    headers=list(record.headers),
                )
                for place, record in records.items()
                if place.topic in counts
            ]
            await asyncio.gather(*sent)

        yield put


def home_of(key: bytes | None, stood_in: int, partitions: int, partitioner: str) -> int:
    """Where a record belongs: of one without a key, or where any partition is trusted, where it stood.

    >>> home_of(b"ann", 0, 4, "murmur2"), home_of(None, 1, 4, "murmur2"), home_of(b"ann", 1, 4, "trust")
    (2, 1, 1)
    """
    try:
        found = homes(key.decode(), partitions, partitioner) if key else ()
    except UnicodeDecodeError:
        found = ()
    return found[0] if len(found) == 1 else stood_in
