"""Retry: what fails because Kafka or Redis does not answer is tried again.

Comes in: a call. Goes out: its answer, once there is one; or, for what no waiting cures (`streams.kafka.outcomes`), an
error that says what to do. An outage is told in the log, its end as well.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from aiokafka.errors import KafkaError

from streams.errors import Unreachable
from streams.kafka.errors import in_words
from streams.kafka.outcomes import ending, may_pass
from streams.log import Throttle, log
from streams.monitoring.health import Cause, Obstacle

FIRST_WAIT_S: Final = 0.1
LONGEST_WAIT_S: Final = 3.0
Answer = TypeVar("Answer")


class Retry:
    """Tries again with growing pauses: for ever, or until `limit` has set an end.

    obstacle: what failed the last time and is being tried again; None where nothing is.
    """

    def __init__(self) -> None:
        self._until = float("inf")
        self.obstacle: Obstacle | None = None

    def limit(self, seconds: float) -> None:
        """From now on give up after so long, and raise what the last try raised."""
        self._until = time.monotonic() + seconds

    async def __call__(self, subject: str, call: Callable[[], Awaitable[Answer]]) -> Answer:
        wait_s, since, may_tell = FIRST_WAIT_S, time.monotonic(), Throttle()
        failures = 0
        while True:
            try:
                answer = await call()
            except (Unreachable, KafkaError) as error:
                failures += 1
                if isinstance(error, KafkaError) and not may_pass(error, failures):
                    raise ending(error, subject) from error
                if time.monotonic() + wait_s > self._until:
                    raise
                self.obstacle = _obstacle(error)
                if may_tell():
                    log.warning("%s - failed, trying again: %s", subject, self.obstacle.why)
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
            else:
                self.obstacle = None
                if failures:
                    log.warning("%s - worked at try %d, after %.1f s", subject, failures + 1, time.monotonic() - since)
                return answer


def _obstacle(error: Unreachable | KafkaError) -> Obstacle:
    is_redis = isinstance(error, Unreachable) and str(error).startswith("Redis")
    return Obstacle(Cause.REDIS if is_redis else Cause.KAFKA, in_words(error))
