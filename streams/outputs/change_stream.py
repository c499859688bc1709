"""The topic of changes, as it is written.

Comes in: Kafka. Goes out: changes with their JSON, each subject's in order.
"""

from collections.abc import AsyncIterator

import msgspec

from streams.core.changes import Change
from streams.errors import SegmenterError
from streams.kafka.clients import consuming, tell_unreadable
from streams.outputs.change import decode_change
from streams.settings import Settings
from streams.topics import SEGMENT_CHANGES

WAIT_S = 0.2


async def bursts(settings: Settings, from_beginning: bool) -> AsyncIterator[list[tuple[bytes, Change]]]:
    """What each fetch brought; an empty list where nothing came for a while. What cannot be read is told in the log."""
    async with consuming(settings, settings.topic(SEGMENT_CHANGES.name), from_beginning) as consumer:
        while True:
            fetched = await consumer.portions(set(), WAIT_S)
            for tp, portion in fetched.items():
                tell_unreadable(tp, portion)
            yield [
                (
                    record.value or b"",
                    _change(record.value, f"{tp.topic}, partition {tp.partition}, offset {record.offset}"),
                )
                for (topic, partition), portion in fetched.items()
                for record in portion.records
            ]


def _change(value: bytes | None, place: str) -> Change:
    try:
        return decode_change(value or b"")
    except msgspec.DecodeError as error:
        raise SegmenterError(f"{place}: this is no change of ours: {error}") from error
