"""The inputs of a shard read once more from where they begin, and never beyond where the shard itself stands.

Comes in: Kafka, by a consumer of its own; how far may be read (`let`). Goes out: `Fetched` values, as an intake gets
them from the worker's consumer, in the place of which this stands.

Portions are small, and one waits for the next: live events are in the same process, and are not to wait for these.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Set
from contextlib import AbstractAsyncContextManager, suppress
from typing import Final, Protocol

from faust.types import TP

from streams.errors import Unreachable
from streams.kafka.batches.reader import Portion
from streams.runtime.pace import Unhurried
from streams.runtime.transport.fetching import Fetched

MOST: Final = 500  # records at once: some milliseconds of work
WAIT_S: Final = 0.05
SILENT_FOR_S: Final = 60.0  # while there is more: then a consumer with other connections is to go on
NOTHING: Final = Portion([], [], 0)


class Source(Protocol):
    """What reads partitions on from where it was begun."""

    async def portions(self, tps: Set[TP], timeout_s: float) -> Mapping[TP, Portion]:
        """What has come of these."""


class Kafka(Protocol):
    def reading_on(self, offsets: Mapping[TP, int]) -> AbstractAsyncContextManager[Source]:
        """A source that begins at these offsets."""

    async def ends(self, positions: Mapping[TP, int]) -> Mapping[TP, int]:
        """Where each partition ends; one whose end could not be found is left out."""


class PastReader:
    """Of one shard. positions: the next offset of each input."""

    def __init__(self, kafka: Kafka, pace: Unhurried):
        self._kafka, self._pace = kafka, pace
        self._reading = 0
        self._limits: dict[TP, int] = {}
        self._waiting: dict[TP, Portion] = {}
        self._caught_up: dict[TP, bool] = {}
        self._paused: set[TP] = set()
        self._came_at = 0.0
        self._news, self._moved = asyncio.Event(), asyncio.Event()
        self.positions: dict[TP, int] = {}

    # --------------------------------------------------------------------- what intake and shard ask of a consumer

    async def start_reading(self, offsets: Mapping[TP, int]) -> int:
        self._reading += 1
        self.positions, self._waiting, self._caught_up = dict(offsets), {}, {}
        return self._reading

    def stop_reading(self, tps: Iterable[TP]) -> None:
        self._paused.update(tps)

    def pause_partitions(self, tps: Iterable[TP]) -> None:
        self._paused.update(tps)
        self._moved.set()

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        self._paused.difference_update(tps)

    def may_commit(self, offsets: Mapping[TP, int]) -> None:
        """That is for the shard itself to say."""

    # ------------------------------------------------------------------------------------------------- the reading

    def let(self, limits: Mapping[TP, int]) -> None:
        """Read up to these offsets, if that is further than before."""
        further = {tp: limit for tp, limit in limits.items() if limit > self._limits.get(tp, -1)}
        if further:
            self._limits.update(further)
            self._news.set()

    async def read_to_end(self, tp: TP, at_least: int) -> None:
        """Of one input: to where it ends by now; no further than until it is to pause."""
        end = max(at_least, (await self._kafka.ends({tp: at_least})).get(tp, 0))
        self.let({tp: end})
        while self.positions[tp] < end and tp not in self._paused:
            self._moved.clear()
            await self._moved.wait()

    @property
    def is_there(self) -> bool:
        """Whether all that may be read has been."""
        return bool(self._limits) and all(at >= self._limits.get(tp, at) for tp, at in self.positions.items())

    async def run(self, receive: Callable[[Fetched], None]) -> None:
        """Until cancelled. Unreachable: nothing comes, though there is more."""
        async with self._kafka.reading_on(self.positions) as source:
            self._came_at = time.monotonic()
            while True:
                self._waiting |= await self._come(source)
                found = [fetched for tp in self.positions if (fetched := self._next(tp)) is not None]
                for fetched in found:
                    since = time.monotonic()
                    receive(fetched)
                    self._moved.set()
                    await self._pace.rest(time.monotonic() - since)
                if not found:
                    await self._wait()

    async def _wait(self) -> None:
        """Until more may be read, or there may be more."""
        self._news.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                await self._news.wait()

    async def _come(self, source: Source) -> Mapping[TP, Portion]:
        wanted = {
            tp
            for tp, at in self.positions.items()
            if at < self._limits.get(tp, 0) and tp not in self._waiting and tp not in self._paused
        }
        came = await source.portions(wanted, WAIT_S) if wanted else {}
        now_s = time.monotonic()
        if came or not wanted:
            self._came_at = now_s
        elif now_s - self._came_at > SILENT_FOR_S:
            tp = min(wanted)
            place = f"topic {tp.topic}, partition {tp.partition}, offset {self.positions[tp]}"
            raise Unreachable(f"Kafka brings nothing of {place} on, though there is more")
        return came

    def _next(self, tp: TP) -> Fetched | None:
        """What there is to be told of a partition; None where there is nothing new."""
        at, limit = self.positions[tp], self._limits.get(tp)
        if limit is None or (tp in self._paused and at < limit):
            return None
        portion = self._waiting.pop(tp, None)
        taken = NOTHING._replace(next_offset=at)
        if portion is not None:
            taken, rest = _up_to(portion, limit)
            if rest is not None:
                self._waiting[tp] = rest
        is_caught_up = taken.next_offset >= limit
        if taken.next_offset == at and self._caught_up.get(tp) == is_caught_up:
            return None
        self.positions[tp], self._caught_up[tp] = taken.next_offset, is_caught_up
        return Fetched(
            *(tp, self._reading, at, taken.records, taken.next_offset, limit), is_caught_up, taken.unreadable
        )


def _up_to(portion: Portion, limit: int) -> tuple[Portion, Portion | None]:
    """What of it stands before an offset, and is not too much at once; and what is left, if anything is."""
    if len(portion.records) > MOST:
        limit = min(limit, portion.records[MOST].offset)
    if portion.next_offset <= limit:
        return portion, None
    records = [record for record in portion.records if record.offset < limit]
    unreadable = [each for each in portion.unreadable if each.offset < limit]
    rest = Portion(portion.records[len(records) :], portion.unreadable[len(unreadable) :], portion.next_offset)
    return Portion(records, unreadable, limit), rest
