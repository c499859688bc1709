"""The topic of changes, as it is written.

Comes in: Kafka. Goes out: changes with their JSON, each subject's in order.
"""

from collections.abc import AsyncIterator

import msgspec

from streams.core.changes import Change
from streams.errors import SegmenterError
from streams.kafka.clients import consuming
from streams.outputs.change import decode_change
from streams.settings import Settings
from streams.topics import SEGMENT_CHANGES

BURST = 1_000
WAIT_MS = 200


async def bursts(settings: Settings, from_beginning: bool) -> AsyncIterator[list[tuple[bytes, Change]]]:
    """What each fetch brought; an empty list where nothing came for a while."""
    async with consuming(settings, settings.topic(SEGMENT_CHANGES.name), from_beginning) as consumer:
        while True:
            fetched = await consumer.getmany(timeout_ms=WAIT_MS, max_records=BURST)
            yield [
                (record.value, _change(record.value, f"{tp.topic}, partition {tp.partition}, offset {record.offset}"))
                for tp, records in fetched.items()
                for record in records
            ]


def _change(value: bytes | None, place: str) -> Change:
    try:
        return decode_change(value or b"")
    except msgspec.DecodeError as error:
        raise SegmenterError(f"{place}: this is no change of ours: {error}") from error
