"""Who brings a stream to a world while faults come to it: records to Kafka and to the collector, and a rule more.

Comes in: a world and a stream. Goes out: a world that has been told all of it.
"""

import asyncio
import json
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.client import HTTPException
from itertools import islice
from pathlib import Path
from typing import Final

from confluent_kafka import Producer

from streams.errors import StateError, Unreachable
from streams.lifecycle import applying, versions
from streams.lifecycle.applying import Moved
from streams.lifecycle.checking import check_files
from streams.rulefiles.folder import read_files
from streams.state.opening import opened_store
from tests.e2e.collector import asked
from tests.e2e.pipeline import Pipeline
from tests.faults.people import Planned
from tests.faults.stream import Stream
from tests.faults.world import World

APPLIED_AFTER: Final = 1 / 3  # of a stream
AGAIN_S: Final = 0.3
AT_ONCE: Final = 100_000
ASKED_WITHIN_S: Final = 15.0
Tell = Callable[[str], None]


def publish_first(world: World, stream: Stream) -> None:
    """What is to be there before any worker is."""
    producer, first = _producer(world), stream.first()
    while some := list(islice(first, AT_ONCE)):
        _produce(world, producer, some)
        assert producer.flush(600) == 0


@contextmanager
def driving(world: World, stream: Stream, tell: Tell) -> Iterator[None]:
    """For the length of the block, and until all of it has arrived."""
    begun = time.monotonic()
    few = [planned for planned in stream.few if not stream.is_first(planned)]
    by_http = [planned for planned in few if planned.by_http]
    by_turns = [planned for planned in few if planned.is_of_merged]
    others = (planned for planned in stream.records() if not planned.by_http and not planned.is_of_merged)
    with ThreadPoolExecutor() as pool:
        running = [
            pool.submit(_publish, world, others, begun, tell),
            pool.submit(_publish_by_turns, world, by_turns, begun),
            pool.submit(_post, world, by_http, begun),
            pool.submit(_apply_in_the_middle, world, stream, begun, tell),
        ]
        yield
        for each in running:
            each.result()


def _producer(world: World) -> Producer:
    return Producer(
        {
            "bootstrap.servers": world.kafka.address,
            "partitioner": "murmur2_random",
            "enable.idempotence": True,
            "message.timeout.ms": 600_000,
            "queue.buffering.max.messages": 2_000_000,
            "log_level": 0,
        }
    )


def _produce(world: World, producer: Producer, records: Iterable[Planned]) -> None:
    settings = world.groups[0].settings
    for planned in records:
        producer.produce(settings.topic(planned.topic), planned.value, key=planned.key.encode())


def _publish(world: World, records: Iterable[Planned], begun: float, tell: Tell) -> None:
    """Each record at its time; what Kafka does not take yet waits here, and comes as soon as it does."""
    producer, late_s, count = _producer(world), 0.0, 0
    for planned in records:
        count += 1
        while (wait_s := begun + planned.at_s - time.monotonic()) > 0:
            producer.poll(0.02)
        late_s = max(late_s, -wait_s)
        _produce(world, producer, [planned])
    took_s = time.monotonic() - begun
    assert producer.flush(600) == 0
    arrived_s = time.monotonic() - begun
    rate = f"{count / took_s:,.0f} records/s, none more than {late_s:.1f} s late"
    tell(f"published {rate}; all had arrived after {arrived_s:.1f} s")


def _publish_by_turns(world: World, records: Sequence[Planned], begun: float) -> None:
    """Each once the one before is there: they are of different topics, and a merge has a before and an after."""
    producer = _producer(world)
    for planned in records:
        time.sleep(max(0.0, begun + planned.at_s - time.monotonic()))
        _produce(world, producer, [planned])
        assert producer.flush(600) == 0


def _post(world: World, records: Sequence[Planned], begun: float) -> None:
    """What is due, in one batch after another, each again until it is confirmed, as SDKs do."""
    waiting = list(records)
    while waiting:
        due = [planned.record for planned in waiting if begun + planned.at_s <= time.monotonic()]
        if due:
            until_it_works(partial(_is_taken, world, due))
            waiting = waiting[len(due) :]
        time.sleep(AGAIN_S)


def _is_taken(world: World, batch: Sequence[object]) -> bool:
    body, key = json.dumps({"batch": batch}).encode(), {"X-Write-Key": "SERVER"}
    try:
        status, told = asked(urllib.request.Request(f"http://{world.collector}/v1/batch", body, key), ASKED_WITHIN_S)
    except (OSError, HTTPException):  # it died before it answered, or in the middle of it
        return False
    assert status in (200, 429, 503), told
    assert not told.get("errors"), told
    return status == 200


def until_it_works(attempt: Callable[[], bool]) -> None:
    while not attempt():
        time.sleep(AGAIN_S)


def _apply_in_the_middle(world: World, stream: Stream, begun: float, tell: Tell) -> None:
    time.sleep(max(0.0, begun + stream.seconds * APPLIED_AFTER - time.monotonic()))
    apply_later(world)
    tell("a rule more was applied")


def apply_later(world: World) -> None:
    """The rule that comes in the middle, as its operator would: until it is live, or on its way there."""
    for group in world.groups:
        until_it_works(partial(_applies, group, world.rules_later(group)))


def _applies(group: Pipeline, folder: Path) -> bool:
    return asyncio.run(_is_applied(group, folder))


async def _is_applied(group: Pipeline, folder: Path) -> bool:
    """No where Redis does not answer, or no worker has put back yet what Redis lost."""
    checked = check_files(read_files(folder))
    try:
        async with opened_store(group.settings) as store:
            found = await versions.history(store.group)
            if found and found[0].digest != checked.digest:
                # Of the same answer: an operator knows that there are rules, where Redis is emptied in this moment.
                live = next((version for version in found if not version.awaits), None)
                now_ms = time.time_ns() // 1_000_000
                await applying.apply(store.group, checked, after=live, author="faults", note="", at_ms=now_ms)
            return bool(found)
    except (Unreachable, Moved, StateError):  # the last where Redis loses the files while they are read
        return False
