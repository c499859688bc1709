"""A simulated company on this machine: what `segmenter dev` runs.

    Company ──records──▶ Kafka ──▶ worker ──▶ segment-changes ──▶ ScreenState ──▶ View
       └───────── virtual clock ────▶┘

Comes in: how many users, how fast. Goes out: a view, until it is cancelled. The clock is moved on only when all
records up to there are in Kafka, so that the worker never sees a time whose events are still to come.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import islice

import msgspec

from streams.core.instants import DAY_MS
from streams.demo.clock import SharedClock
from streams.demo.screen import View
from streams.demo.screen_state import ScreenState
from streams.demo.simulator import Sent
from streams.kafka.clients import producing
from streams.kafka.publisher import Outgoing, Publisher
from streams.outputs.change_stream import bursts
from streams.settings import Settings

HISTORY_MS = 33 * DAY_MS  # longer than the longest window of the rules that ship
CHUNK = 5_000
STEP_S = 0.02
LONGEST_STEP_S = 0.25  # where this machine cannot keep up, virtual time slows down instead of leaping
FIRST_CHANGE_WITHIN_S = 10.0


class Player:
    """Plays `records` on the `clock`. `speed`: how many virtual ms go by in a ms."""

    def __init__(
        self,
        settings: Settings,
        partitions: Mapping[str, int],
        records: Iterator[Sent],
        clock: SharedClock,
        speed: float,
        scene: ScreenState,
    ):
        self._settings = settings
        self._partitions = partitions
        self._records = records
        self._next = next(records)
        self._clock = clock
        self._speed = speed
        self._scene = scene
        self._first_change = asyncio.Event()

    async def play(self, worker_is_ready: Callable[[], Awaitable[None]]) -> None:
        """Publish what happened before the present, wait for the worker's first word on it, then let time pass."""
        async with producing(self._settings) as producer:
            publisher = Publisher(producer, self._partitions, self._settings.partitioner)
            await self._publish(publisher, self._clock())
            await worker_is_ready()
            await self._hear_of_the_worker()
            await self._let_time_pass(publisher)

    async def follow(self, view: View) -> None:
        """Read what comes out, and show it."""
        async for burst in bursts(self._settings, from_beginning=True):
            fresh = self._scene.saw([change for _, change in burst])
            if burst:
                self._first_change.set()
            self._scene.now_ms = self._clock()
            view.show(self._scene, fresh)

    async def _hear_of_the_worker(self) -> None:
        """Wait for a first change; not for ever, as nobody may meet these rules."""
        try:
            await asyncio.wait_for(self._first_change.wait(), FIRST_CHANGE_WITHIN_S)
        except TimeoutError:
            return

    async def _let_time_pass(self, publisher: Publisher) -> None:
        before_s, now_ms = time.monotonic(), float(self._clock())
        while True:
            await asyncio.sleep(STEP_S)
            passed_s, before_s = time.monotonic() - before_s, time.monotonic()
            now_ms += min(passed_s, LONGEST_STEP_S) * 1000 * self._speed
            await self._publish(publisher, int(now_ms))
            self._clock.advance(int(now_ms))

    async def _publish(self, publisher: Publisher, until_ms: int) -> None:
        records = self._until(until_ms)
        while chunk := list(islice(records, CHUNK)):
            await publisher.publish(chunk)
            await publisher.flush()
            self._scene.sent((record.user for record in chunk), len(chunk))

    def _until(self, until_ms: int) -> Iterator[Outgoing]:
        while self._next.at_ms <= until_ms:
            topic, value = self._settings.topic(self._next.topic), msgspec.json.encode(self._next.record)
            yield Outgoing(topic, self._next.user, value, self._next.at_ms)
            self._next = next(self._records)
