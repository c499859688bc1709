"""How far the inputs of a worker are behind what Kafka has; and whether Kafka answers.

Comes in: partitions to ask for, every few seconds. Goes out: a `Lag` of each, and what keeps Kafka from telling. In the
log: that Kafka does not answer, and that it does again.
"""

import asyncio
import time
from collections.abc import Collection
from contextlib import suppress
from typing import Final

from aiokafka.structs import TopicPartition
from faust.types import TP

from streams.kafka.ends import Ends
from streams.log import log, seconds
from streams.monitoring.health import Cause, Obstacle
from streams.monitoring.lag import Lag

ASK_EVERY_S: Final = 5.0


class Lags:
    def __init__(self, ends: Ends):
        self._ends = ends
        self._of: dict[TP, Lag] = {}
        self._asking: asyncio.Task[None] | None = None
        self._asked_at = 0.0
        self._away_since: float | None = None

    @property
    def obstacle(self) -> Obstacle | None:
        """Why Kafka does not tell; None where it does."""
        return Obstacle(Cause.KAFKA, self._ends.failure) if self._ends.failure else None

    def of(self, tp: TP) -> Lag | None:
        """None where Kafka has not been heard of it."""
        return self._of.get(tp)

    def ask(self, tps: Collection[TP]) -> None:
        """Have Kafka asked, if it is time for it, or if there is one of which nothing is known.

        Raises what was wrong with us the last time: nobody else would hear of it.
        """
        if self._asking is not None and self._asking.done():
            self._asking.result()
        is_time = time.monotonic() - self._asked_at >= ASK_EVERY_S
        if tps and (is_time or any(tp not in self._of for tp in tps)) and (self._asking is None or self._asking.done()):
            self._asked_at = time.monotonic()
            self._asking = asyncio.create_task(self._ask(tps))

    async def _ask(self, tps: Collection[TP]) -> None:
        found = await self._ends.ask([TopicPartition(tp.topic, tp.partition) for tp in tps])
        self._tell()
        if found:
            now_s = time.monotonic()
            self._of = {tp: self._of.get(tp) or Lag() for tp in tps}
            for tp, lag in self._of.items():
                lag.ends_at(found[TopicPartition(tp.topic, tp.partition)], now_s)

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
