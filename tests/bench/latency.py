"""From an event to its change on Kafka, at 2,000 events a second on a worker that has caught up.

    python -m tests.bench.latency [SECONDS]

On Apache Kafka and a real Redis, under the rules that ship, with 100,000 users who were here once, forty days ago: so
they are dormant, and the first event of each is a change. In every hundred events there are three such, and one failed
payment, which is a change too; the others come from users who are back already. The clock of a change begins when
its event was due to be sent, and ends when a consumer of `segment-changes` has it. Prints the median, p99 and max.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.core.instants import format_time
from streams.kafka.publisher import home_partition
from streams.settings import Settings
from streams.state.redis_store import RedisStore
from streams.testing import Record, billing, to_bytes, track
from tests.bench.five import folder_of_five
from tests.bench.percentiles import percentiles
from tests.bench.progress import WITHIN_S, all_done, until
from tests.bench.state import SyncsEverySecond
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.pipeline import PARTITIONS, Pipeline

SECONDS = 30
RATE = 2_000
BURST = 10
USERS = 100_000
BACK = 1_000  # users who are here again before the clock starts
FORTY_DAYS_MS = 40 * 86_400_000


class Cause(msgspec.Struct):
    """What is read of a change."""

    event_id: str | None


class Due(NamedTuple):
    """An event to send. `is_change`: it puts its user in a segment or takes him out."""

    topic: str
    record: Record
    is_change: bool


def past() -> Iterator[tuple[str, str, bytes]]:
    at = format_time(time.time_ns() // 1_000_000 - FORTY_DAYS_MS)
    for number in range(USERS):
        user = f"user-{number}"
        yield "product-events", user, to_bytes(track(user, "Signed In", at, f"past-{number}"))


def present() -> Iterator[Due]:
    """Events as they happen, without end; BACK users return first."""
    dormant, customers = (f"user-{number}" for number in range(USERS)), (f"customer-{number}" for number in count())
    back = list(islice(dormant, BACK))
    for number in count():
        at, message_id = format_time(time.time_ns() // 1_000_000), f"message-{number}"
        if number < BACK:
            yield Due("product-events", track(back[number], "Signed In", at, message_id), is_change=True)
        elif number % 100 == 0:
            yield Due("billing-updates", billing(next(customers), "Payment Failed", at, message_id), is_change=True)
        elif number % 25 == 0:
            yield Due("product-events", track(next(dormant), "Signed In", at, message_id), is_change=True)
        else:
            user = back[number % BACK]
            yield Due("product-events", track(user, "Report Viewed", at, message_id, format="pdf"), is_change=False)


async def silence_is_known(pipeline: Pipeline) -> None:
    """Wait until all users are dormant, as of now."""
    store = RedisStore(pipeline.settings.redis.get_secret_value(), pipeline.settings.group)

    async def is_known() -> bool:
        return (await store.shards.sizes()).get("dormant", 0) == USERS

    await until("all are dormant", is_known)
    await store.close()
    await all_done(pipeline)


async def send(topics: Settings, producer: AIOKafkaProducer, events: Iterable[Due]) -> dict[str, float]:
    """At an even rate, in bursts as small as the event loop's clock allows; the messageId of each event that is a
    change -> when it was due (seconds)."""
    due: dict[str, float] = {}
    since = time.perf_counter()
    for number, (topic, record, is_change) in enumerate(events):
        due_s = since + number // BURST * BURST / RATE
        if number % BURST == 0:
            await asyncio.sleep(due_s - time.perf_counter())
        if is_change:
            due[record["messageId"]] = due_s
        user = record["userId"]
        await producer.send(topics.topic(topic), to_bytes(record), user.encode(), home_partition(user, PARTITIONS))
    return due


async def arrive(consumer: AIOKafkaConsumer, expected: int) -> dict[str, float]:
    """The messageId that caused a change -> when the change was here (seconds)."""
    decode, seen = msgspec.json.Decoder(Cause).decode, dict[str, float]()
    async with asyncio.timeout(WITHIN_S):
        while len(seen) < expected:
            found = await consumer.getmany(timeout_ms=1_000)
            now = time.perf_counter()
            for records in found.values():
                for record in records:
                    cause = decode(record.value).event_id
                    if cause is not None:
                        seen.setdefault(cause, now)
    return seen


async def latencies(pipeline: Pipeline, seconds: int) -> list[float]:
    """Of every change, in ms, the shortest first."""
    await silence_is_known(pipeline)
    options = {"bootstrap_servers": pipeline.settings.kafka}
    async with AIOKafkaProducer(**options) as producer, AIOKafkaConsumer(**options) as consumer:
        tps = [TopicPartition(pipeline.settings.topic("segment-changes"), number) for number in range(PARTITIONS)]
        consumer.assign(tps)
        await consumer.seek_to_end(*tps)
        events = present()
        listening = asyncio.create_task(arrive(consumer, BACK))
        await send(pipeline.settings, producer, islice(events, BACK))
        await listening
        count = RATE * seconds
        listening = asyncio.create_task(arrive(consumer, count // 25))
        due = await send(pipeline.settings, producer, islice(events, count))
        seen = await listening
    return sorted(1e3 * (seen[message_id] - due_s) for message_id, due_s in due.items())


def main(seconds: int) -> None:
    with ApacheKafka() as kafka, SyncsEverySecond() as redis, tempfile.TemporaryDirectory() as folder:
        pipeline = Pipeline(kafka.address, redis.url, "latency", Path(folder), rules=folder_of_five(Path(folder)))
        pipeline.publish_raw(past())
        with pipeline.worker() as worker:
            found = asyncio.run(latencies(pipeline, seconds))
            worker.stop()
    print(f"{len(found):,} changes of {RATE * seconds:,} events at {RATE:,} a second: {percentiles(found, aim=300)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
