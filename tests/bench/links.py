"""From a link to what follows from it, at 2,000 events a second on a worker that has caught up.

    python -m tests.bench.links [SECONDS]

On Apache Kafka and a real Redis, under the rules that ship and one that asks for all of a visitor's pages. Visitors
have 200 records each that wait, as many as are kept; four of them sign in every second, among the events of users who
are here already. The clock of a link begins when the record that bears both ids was due to be sent, and ends when a
consumer of `segment-changes` has the change for which all 200 had to be counted. Prints the median, p99 and max.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.core.identities.aliases import MOST_RECORDS
from streams.core.instants import format_time
from streams.testing import to_bytes, track
from tests.bench.five import folder_of_five
from tests.bench.latency import RATE, Due, send
from tests.bench.percentiles import percentiles
from tests.bench.progress import WITHIN_S, all_done
from tests.bench.state import SyncsEverySecond
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.pipeline import PARTITIONS, Pipeline

SECONDS: Final = 30
EVERY: Final = RATE // 4  # events, of which one is a sign-in
USERS: Final = 1_000
DAY_MS: Final = 86_400_000
SEEN_ALL: Final = "seen-all"
RULE: Final = f'segment: {SEEN_ALL}\nenter: count("Page Viewed") >= {MOST_RECORDS}\n'


class Change(msgspec.Struct):
    """What is read of one."""

    user_id: str
    segment: str


def visits(visitors: int) -> Iterator[tuple[str, str, bytes]]:
    """Of yesterday, in turns."""
    since_ms = time.time_ns() // 1_000_000 - DAY_MS
    for number in range(MOST_RECORDS):
        for visitor in range(visitors):
            at = format_time(since_ms + number * 1_000 + visitor)
            page = track(None, "Page Viewed", at, f"visit-{visitor}-{number}", path="/pricing")
            yield "product-events", f"visitor-{visitor}", to_bytes(page | {"anonymousId": f"visitor-{visitor}"})


def present() -> Iterator[Due]:
    """Events as they happen, without end; the users' first ones are among them."""
    visitors = count()
    for number in count():
        at = format_time(time.time_ns() // 1_000_000)
        if number % EVERY == EVERY - 1:
            visitor = next(visitors)
            record = track(f"signed-in-{visitor}", "Signed In", at, f"signed-in-{visitor}")
            yield Due("product-events", record | {"anonymousId": f"visitor-{visitor}"}, is_change=True)
        else:
            record = track(f"user-{number % USERS}", "Report Viewed", at, f"message-{number}", format="pdf")
            yield Due("product-events", record, is_change=False)


async def arrive(consumer: AIOKafkaConsumer, expected: int) -> dict[str, float]:
    """Whoever is known to have seen all -> when that was here (seconds)."""
    decode, seen = msgspec.json.Decoder(Change).decode, dict[str, float]()
    async with asyncio.timeout(WITHIN_S):
        while len(seen) < expected:
            found = await consumer.getmany(timeout_ms=1_000)
            now = time.perf_counter()
            for change in (decode(record.value) for records in found.values() for record in records):
                if change.segment == SEEN_ALL:
                    seen[change.user_id] = now
    return seen


async def latencies(pipeline: Pipeline, seconds: int) -> list[float]:
    """Of every link, in ms, the shortest first."""
    await all_done(pipeline)
    options = {"bootstrap_servers": pipeline.settings.kafka}
    async with AIOKafkaProducer(**options) as producer, AIOKafkaConsumer(**options) as consumer:
        tps = [TopicPartition(pipeline.settings.topic("segment-changes"), number) for number in range(PARTITIONS)]
        consumer.assign(tps)
        await consumer.seek_to_end(*tps)
        events = RATE * seconds
        listening = asyncio.create_task(arrive(consumer, events // EVERY))
        due = await send(pipeline.settings, producer, islice(present(), events))
        seen = await listening
    return sorted(1e3 * (seen[user] - due_s) for user, due_s in due.items())


def main(seconds: int) -> None:
    with ApacheKafka() as kafka, SyncsEverySecond() as redis, tempfile.TemporaryDirectory() as folder:
        rules = folder_of_five(Path(folder))
        (Path(rules) / f"{SEEN_ALL}.yaml").write_text(RULE)
        pipeline = Pipeline(kafka.address, redis.url, "links", Path(folder), rules=rules)
        pipeline.publish_raw(visits(RATE * seconds // EVERY))
        with pipeline.worker() as worker:
            found = asyncio.run(latencies(pipeline, seconds))
            worker.stop()
    print(
        f"{len(found):,} links, each of {MOST_RECORDS} records that waited, among {RATE:,} events a second:"
        f" {percentiles(found, aim=300)}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
