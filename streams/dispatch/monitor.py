"""Whoever looks at the shards of a `deliver` about every second, and tells what has become of them.

Comes in: the shards of one life after another, and what Kafka says of where their inputs end. Goes out: `health` and
figures, for the metrics and the health checks; and word that it is stuck, or that something beside the shards has
failed, which ends it.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

from streams.delivery.webhook import Outcome
from streams.errors import Stuck
from streams.kafka.ends import Ends
from streams.kafka.group import Partition, Place
from streams.monitoring.health import Health, Observer, Obstacle, Seen, State
from streams.monitoring.lag import Lags
from streams.monitoring.watchdog import Watchdog
from streams.outputs.delivery import DeliveryRecord
from streams.retry import Retry
from streams.settings import Settings

LOOK_EVERY_S: Final = 1.0
Lagging = tuple[str, int, int, float]  # topic, shard, records, seconds


class Shards(Protocol):
    """What is looked at. moved: of each shard that is loaded, anything that is another when it has moved."""

    @property
    def moved(self) -> Mapping[int, object]: ...

    @property
    def waiting_webhooks(self) -> Mapping[int, int]: ...

    @property
    def obstacle(self) -> Obstacle | None: ...


class Group(Protocol):
    """Our membership: `streams.kafka.group.GroupConsumer`."""

    @property
    def has_joined(self) -> bool: ...

    def partitions(self, topic: str) -> int: ...

    def places(self) -> Mapping[Partition, Place | None]: ...


class Monitor:
    """One in a process. starting: tries what it needs before it can have shards. decisions: by message and decision.
    attempts: of webhooks, by whether they arrived. failure: that for which the process is to end."""

    program = "deliver"

    def __init__(self, settings: Settings, watchdog: Watchdog | None = None) -> None:
        self.health = Health()
        self.starting = Retry()
        self.lives = self.partitions = 0
        self.decisions: Counter[tuple[str, str]] = Counter()
        self.attempts: Counter[str] = Counter()
        self.waiting_webhooks: Mapping[int, int] = {}
        self.lagging: list[Lagging] = []
        self._lags = Lags(Ends(settings))
        self._observer = Observer()
        self._watchdog = watchdog
        self._looked_at = time.monotonic()
        self.failure: BaseException | None = None
        self.has_failed = asyncio.Event()

    def ask(self) -> tuple[Health, float]:
        """The health as it was last seen, and how long ago that was (s). From any thread."""
        obstacle, health = self.starting.obstacle, self.health
        if obstacle is not None:
            health = health._replace(waiting=f"waits for {obstacle.cause}: {obstacle.why}")
        return health, time.monotonic() - self._looked_at

    def decided(self, record: DeliveryRecord) -> None:
        """Of a change that goes to an endpoint there is no message."""
        self.decisions[record.message or "", record.decision] += 1

    def tried(self, outcome: Outcome) -> None:
        self.attempts["arrived" if outcome.is_done else "failed"] += 1

    def beside(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task that goes on beside the shards. What it raises ends the process: nobody else would hear of it."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._note_failure)
        return task

    def _note_failure(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (failure := task.exception()) is not None:
            self.failure = failure
            self.has_failed.set()

    @asynccontextmanager
    async def watching(self, shards: Shards, group: Group, topic: str) -> AsyncIterator[None]:
        """For the length of the block. topic: by which shards are counted."""
        watching = self.beside(self._watch(shards, group, topic))
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            self.health, self.lagging, self.waiting_webhooks = Health(), [], {}
            if self._watchdog is not None:
                self._watchdog.rest()
            await self._lags.close()

    async def _watch(self, shards: Shards, group: Group, topic: str) -> None:
        while True:
            self.look(shards, group)
            self.partitions = group.partitions(topic)
            for each in self.health.shards:
                if each.state is State.STUCK:
                    raise Stuck(
                        f"deliveries of shard {each.shard} - {each.why}, though there is something to do, and Kafka and"
                        " Redis answer. It ends, so that whoever started it can do so again. Please report this line."
                    )
            await asyncio.sleep(LOOK_EVERY_S)

    def look(self, shards: Shards, group: Group) -> Health:
        """Once, at all of them."""
        now_s, places = time.monotonic(), group.places()
        self._lags.ask(list(places))
        seen = list(self._see(shards, places))
        self.health = self._observer.look(seen, group.has_joined, now_s)
        self.waiting_webhooks = shards.waiting_webhooks
        self.lagging = list(self._behind(places, now_s))
        self._looked_at = now_s
        if self._watchdog is not None:
            (self._watchdog.beat if places else self._watchdog.rest)()
        return self.health

    def _see(self, shards: Shards, places: Mapping[Partition, Place | None]) -> Iterator[Seen]:
        obstacle, moved = shards.obstacle or self._lags.obstacle, shards.moved
        for number in sorted({tp.partition for tp in places}):
            behind, held_back = dict[str, int](), list[str]()
            for tp, place in places.items():
                lag = self._lags.of(tp)
                if tp.partition == number and place is not None and lag is not None:
                    behind[tp.topic] = lag.records(place.position)
                    held_back += [tp.topic] if behind[tp.topic] and place.is_stable else []
            progress = (moved.get(number), [places[tp] for tp in sorted(places) if tp.partition == number])
            yield Seen(number, number in moved, progress, behind, False, obstacle, held_back)

    def _behind(self, places: Mapping[Partition, Place | None], now_s: float) -> Iterator[Lagging]:
        for tp, place in places.items():
            lag = self._lags.of(tp)
            if place is not None and lag is not None:
                yield tp.topic, tp.partition, lag.records(place.position), lag.seconds(place.position, now_s)
