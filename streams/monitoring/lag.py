"""How far a reader of Kafka is behind, in records and in seconds.

Comes in: where a partition ends, every few seconds, and how far it has been applied. Goes out: how many records that
leaves, and for how long the oldest of them has been there; and what keeps Kafka from telling. In the log: that Kafka
does not answer, and that it does again.

The seconds are those since the end was first seen beyond the position: a producer's own timestamps may say anything.
What was there before anybody looked counts from then.
"""

import asyncio
import time
from collections import deque
from collections.abc import Collection
from contextlib import suppress
from typing import Final

from streams.kafka.ends import Ends
from streams.kafka.group import Partition
from streams.log import log, seconds
from streams.monitoring.health import Cause, Obstacle

ASK_EVERY_S: Final = 5.0
MOST_SEEN: Final = 1_000


class Lag:
    """Of one partition. `end` is the greatest that was seen."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()  # when an end was first seen, both growing
        self.end = 0

    def ends_at(self, end: int, now_s: float) -> None:
        if end <= self.end:
            return
        self.end = end
        if len(self._seen) == MOST_SEEN:
            # Of two that are next to each other the older one is enough.
            self._seen = deque(list(self._seen)[::2])
        self._seen.append((now_s, end))

    def records(self, position: int) -> int:
        return max(0, self.end - position)

    def seconds(self, position: int, now_s: float) -> float:
        """How long ago the first record that is not applied was there already; 0 where there is none."""
        while self._seen and self._seen[0][1] <= position:
            self._seen.popleft()
        return now_s - self._seen[0][0] if self._seen else 0.0


class Lags:
    """Of all inputs of a process; and whether Kafka answers."""

    def __init__(self, ends: Ends):
        self._ends = ends
        self._of: dict[Partition, Lag] = {}
        self._asking: asyncio.Task[None] | None = None
        self._asked_at = 0.0
        self._away_since: float | None = None

    @property
    def obstacle(self) -> Obstacle | None:
        """Why Kafka does not tell; None where it does."""
        return Obstacle(Cause.KAFKA, self._ends.failure) if self._ends.failure else None

    def of(self, tp: Partition) -> Lag | None:
        """None where Kafka has not been heard of it."""
        return self._of.get(tp)

    def ask(self, tps: Collection[Partition]) -> None:
        """Have Kafka asked, if it is time for it, or if there is one of which nothing is known.

        Raises what was wrong with us the last time: nobody else would hear of it.
        """
        if self._asking is not None and self._asking.done():
            self._asking.result()
        is_time = time.monotonic() - self._asked_at >= ASK_EVERY_S
        if tps and (is_time or any(tp not in self._of for tp in tps)) and (self._asking is None or self._asking.done()):
            self._asked_at = time.monotonic()
            self._asking = asyncio.create_task(self._ask(tps))

    async def _ask(self, tps: Collection[Partition]) -> None:
        found = await self._ends.ask([Partition(tp.topic, tp.partition) for tp in tps])
        self._tell()
        if found:
            now_s = time.monotonic()
            self._of = {tp: self._of.get(tp) or Lag() for tp in tps}
            for tp, lag in self._of.items():
                lag.ends_at(found[Partition(tp.topic, tp.partition)], now_s)

    def _tell(self) -> None:
        if self._ends.failure and self._away_since is None:
            self._away_since = self._asked_at
            log.warning("Kafka - does not tell where the inputs end, asking again: %s", self._ends.failure)
        elif not self._ends.failure and self._away_since is not None:
            log.warning("Kafka - answers again, after %s", seconds(self._away_since))
            self._away_since = None

    async def close(self) -> None:
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
        await self._ends.close()
