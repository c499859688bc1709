"""Days played in seconds: what people do goes into Kafka when its time has come, and the clock goes on.

    Company ──records──▶ Kafka ──▶ worker ──▶ segment-changes ──▶ ScreenState ──▶ View
       └───────── virtual clock ────▶┘

Comes in: the records of a company, and how fast. Goes out: records in Kafka, and the time. The clock is moved on only
when all records up to there are in Kafka, so that the worker never sees a time whose events are still to come.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

import msgspec

from streams.core.instants import DAY_MS
from streams.demo.clock import SharedClock
from streams.demo.screen_state import ScreenState
from streams.demo.simulator import Sent
from streams.kafka.clients import producing
from streams.kafka.publisher import Outgoing, Publisher
from streams.settings import Settings

HISTORY_MS = 33 * DAY_MS  # longer than the longest window of the rules that ship
CHUNK = 500
# Records that the worker is given in advance: as its engine is at first, it applies a thousand a second, and is not to
# be busy with them for so long that the group takes it for dead.
AHEAD, AHEAD_COMPILED = 1_500, 50_000
STEP_S = 0.02
LONGEST_STEP_S = 0.25  # where this machine cannot keep up, virtual time slows down instead of leaping


class Player:
    """Plays `records` on the `clock`. `speed`: how many virtual ms go by in a ms."""

    def __init__(
        self,
        settings: Settings,
        partitions: Mapping[str, int],
        records: Iterator[Sent],
        clock: SharedClock,
        speed: float,
        state: ScreenState,
    ):
        self._settings = settings
        self._partitions = partitions
        self._records = records
        self._next = next(records)
        self._clock = clock
        self._speed = speed
        self._state = state
        self._ahead = AHEAD
        self._skipped_ms = 0
        self._progress = asyncio.Event()

    def worker_applied(self, records: int) -> None:
        self._state.worker_applied(records)
        self._progress.set()

    def engine_is_compiled(self) -> None:
        self._ahead = AHEAD_COMPILED

    def skip(self, ms: int) -> None:
        """So much time is to go by at once, with all that happens in it."""
        self._skipped_ms += ms

    async def play(self) -> None:
        """Publish what happened before the present; when the worker has applied it, let time pass."""
        async with producing(self._settings) as producer:
            publisher = Publisher(producer, self._partitions, self._settings.partitioner)
            await self._publish(publisher, self._state.since_ms)
            await self._worker(lambda: not self._state.is_history)
            await self._let_time_pass(publisher)

    async def _let_time_pass(self, publisher: Publisher) -> None:
        before_s, now_ms = time.monotonic(), float(self._clock())
        while True:
            await asyncio.sleep(STEP_S)
            passed_s, before_s = time.monotonic() - before_s, time.monotonic()
            skipped_ms, self._skipped_ms = self._skipped_ms, 0
            now_ms += min(passed_s, LONGEST_STEP_S) * 1000 * self._speed + skipped_ms
            await self._publish(publisher, int(now_ms))

    async def _publish(self, publisher: Publisher, until_ms: int) -> None:
        records = self._until(until_ms)
        while chunk := list(islice(records, CHUNK)):
            await self._worker(lambda: self._state.behind <= self._ahead)
            await publisher.publish(chunk)
            await publisher.flush()
            self._time_comes(min(self._next.at_ms, until_ms), [record.user for record in chunk])
        self._time_comes(until_ms, [])

    def _time_comes(self, until_ms: int, users: Sequence[str | None]) -> None:
        self._clock.advance(until_ms)
        self._state.sent(users, until_ms)

    async def _worker(self, has_come: Callable[[], bool]) -> None:
        """Wait until the worker is so far."""
        while not has_come():
            self._progress.clear()
            await self._progress.wait()

    def _until(self, until_ms: int) -> Iterator[Outgoing]:
        while self._next.at_ms <= until_ms:
            topic, value = self._settings.topic(self._next.topic), msgspec.json.encode(self._next.record)
            yield Outgoing(topic, self._next.user, value, self._next.at_ms)
            self._next = next(self._records)
