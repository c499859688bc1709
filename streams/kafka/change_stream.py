"""The topic of changes, as it is written.

Comes in: Kafka. Goes out: `(bytes, Told)` pairs, each user's in order.
"""

from collections.abc import AsyncIterator

import msgspec
from aiokafka.structs import ConsumerRecord

from streams.errors import SegmenterError
from streams.kafka.clients import consuming
from streams.outputs.wording import Told, decode_change
from streams.settings import Settings
from streams.topics import SEGMENT_CHANGES

BURST = 1_000
WAIT_MS = 200


async def bursts(settings: Settings, from_beginning: bool) -> AsyncIterator[list[tuple[bytes, Told]]]:
    """What each fetch brought; an empty list where nothing came for a while."""
    async with consuming(settings, settings.topic(SEGMENT_CHANGES.name), from_beginning) as consumer:
        while True:
            fetched = await consumer.getmany(timeout_ms=WAIT_MS, max_records=BURST)
            yield [(record.value, _told(record)) for records in fetched.values() for record in records]


def _told(record: ConsumerRecord[bytes | None, bytes | None]) -> Told:
    try:
        return decode_change(record.value or b"")
    except msgspec.DecodeError as error:
        where = f"{record.topic}, partition {record.partition}, offset {record.offset}"
        raise SegmenterError(f"{where}: this is no change of ours: {error}") from error
