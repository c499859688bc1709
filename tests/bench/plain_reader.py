"""The measure of all readers in Python: aiokafka alone reads a topic, and msgspec decodes it. Nothing else is done.

    python -m tests.bench.plain_reader KAFKA TOPIC

Prints events a second. All of a track event is decoded, to a struct.
"""

import asyncio
import sys
import time

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition


class Body(msgspec.Struct, rename="camel", gc=False):
    type: str
    user_id: str
    timestamp: str
    message_id: str
    event: str | None = None
    properties: dict[str, str] | None = None


async def events_a_second(kafka: str, topic: str) -> float:
    decode = msgspec.json.Decoder(Body).decode
    async with AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest") as consumer:
        await consumer._client.force_metadata_update()
        tps = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(tps)
        count: int = sum((await consumer.end_offsets(tps)).values())
        seen, since = 0, time.perf_counter()
        while seen < count:
            for records in (await consumer.getmany(timeout_ms=1_000)).values():
                for record in records:
                    decode(record.value)
                seen += len(records)
        return count / (time.perf_counter() - since)


if __name__ == "__main__":
    print(asyncio.run(events_a_second(sys.argv[1], sys.argv[2])))
