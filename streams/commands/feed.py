"""The topic of changes, as it is written.

Comes in: Kafka. Goes out: `(bytes, Told)` pairs, each user's in order.
"""

from collections.abc import AsyncIterator

from streams.commands.connections import consuming
from streams.commands.wording import Told, decode_change
from streams.settings import Settings

BURST = 1_000
WAIT_MS = 200


async def bursts(settings: Settings, from_beginning: bool) -> AsyncIterator[list[tuple[bytes, Told]]]:
    """What each fetch brought; an empty list where nothing came for a while."""
    async with consuming(settings, settings.topic("segment-changes"), from_beginning) as consumer:
        while True:
            fetched = await consumer.getmany(timeout_ms=WAIT_MS, max_records=BURST)
            values = [record.value for records in fetched.values() for record in records if record.value is not None]
            yield [(value, decode_change(value)) for value in values]
