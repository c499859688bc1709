"""Who posts webhooks: of each shard and endpoint what is due, many at once, and none waits for another endpoint.

Comes in: queues of shards. Goes out: outcomes, for their shards to store. An endpoint that hangs has its own places
and holds up nobody else; one that asks to slow down is left alone for so long.

Outcomes are a queue's, and nobody's once its shard is owned anew. Redis may have lost checkpoints by then: what was
webhook 7 of a shard may be number 8 of it now.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final
from weakref import WeakKeyDictionary

from streams.delivery.message import Messages
from streams.delivery.queue import Numbered, WebhookQueue
from streams.delivery.webhook import SLOW_DOWN, Endpoint, Outcome
from streams.dispatch.posting import Posted, Poster, keys_of
from streams.dispatch.standing import Standings
from streams.errors import Unreachable, UsageError
from streams.log import Throttle, log

AT_ONCE: Final = 32  # to one endpoint, of all shards
LOOK_EVERY_S: Final = 0.02
READ_EVERY_S: Final = 5.0
FIRST_PAUSE_MS: Final = 1_000
LONGEST_PAUSE_MS: Final = 300_000
MOST_FAILED: Final = 500  # at once, of an endpoint that is disabled


class Sender:
    """queues: of the shards that are owned now."""

    def __init__(
        self,
        messages: Callable[[], Messages],
        queues: Callable[[], Iterable[WebhookQueue]],
        poster: Poster,
        standings: Standings,
        clock: Callable[[], int],
    ):
        self._messages, self._queues, self._poster = messages, queues, poster
        self._standings, self._clock = standings, clock
        self._outcomes: WeakKeyDictionary[WebhookQueue, list[Outcome]] = WeakKeyDictionary()
        self._under_way: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._paused_until: dict[str, int] = {}
        self._pause_ms: dict[str, int] = {}
        self._may_tell = Throttle()
        self._failure: BaseException | None = None

    def outcomes(self, queue: WebhookQueue) -> list[Outcome]:
        """Of a shard's, to be stored now."""
        return self._outcomes.pop(queue, [])

    def _came(self, queue: WebhookQueue, outcome: Outcome) -> None:
        self._outcomes.setdefault(queue, []).append(outcome)

    async def run(self) -> None:
        """Until it is cancelled. What an attempt raises ends it: its webhook would never be tried again."""
        read_at = 0.0
        loop = asyncio.get_running_loop()
        try:
            while self._failure is None:
                if loop.time() - read_at > READ_EVERY_S:
                    read_at = loop.time()
                    await self._read()
                for queue in self._queues():
                    self._look(queue)
                await asyncio.sleep(LOOK_EVERY_S)
            raise self._failure
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _read(self) -> None:
        try:
            await self._standings.read()
        except Unreachable as error:
            log.debug("webhooks - where endpoints stand is as before: %s", error)

    def _look(self, queue: WebhookQueue) -> None:
        endpoints, now_ms = self._messages().endpoints, self._clock()
        for name in queue.endpoints():
            disabled = self._standings.of(name).disabled
            if name not in endpoints or disabled:
                said = f"the endpoint is disabled: {disabled}" if disabled else "there is no such endpoint any more"
                self._give_up(queue, name, said, now_ms)
            elif now_ms >= self._paused_until.get(name, 0):
                self._begin(queue, endpoints[name], now_ms)

    def _give_up(self, queue: WebhookQueue, name: str, said: str, now_ms: int) -> None:
        while len(self._outcomes.get(queue, ())) < MOST_FAILED and (numbered := queue.take(name, 1 << 62)):
            self._came(queue, Outcome(numbered.number, False, said, now_ms, is_final=True))

    def _begin(self, queue: WebhookQueue, endpoint: Endpoint, now_ms: int) -> None:
        while self._under_way[endpoint.name] < AT_ONCE and (numbered := queue.take(endpoint.name, now_ms)):
            self._under_way[endpoint.name] += 1
            task = asyncio.create_task(self._try(queue, endpoint, numbered))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self._failure = self._failure or task.exception()

    async def _try(self, queue: WebhookQueue, endpoint: Endpoint, numbered: Numbered) -> None:
        now_ms = self._clock()
        try:
            posted = await self._post(endpoint, numbered, now_ms)
            at_ms = self._clock()
            await self._note(endpoint.name, posted, at_ms)
            outcome = Outcome(
                numbered.number, posted.is_done, posted.said, at_ms, posted.is_gone, posted.retry_after_ms
            )
            self._came(queue, outcome)
        finally:
            self._under_way[endpoint.name] -= 1

    async def _post(self, endpoint: Endpoint, numbered: Numbered, now_ms: int) -> Posted:
        try:
            keys = await self._standings.signing(endpoint.name, keys_of(endpoint), now_ms)
        except UsageError as error:
            if self._may_tell():
                log.error("webhook endpoint %s - %s", endpoint.name, error)
            return Posted(None, str(error))
        except Unreachable:
            keys = keys_of(endpoint)
        return await self._poster.post(endpoint, numbered.webhook.id, numbered.webhook.body, keys)

    async def _note(self, name: str, posted: Posted, at_ms: int) -> None:
        if posted.is_done:
            self._pause_ms.pop(name, None)
        elif posted.status in SLOW_DOWN or posted.retry_after_ms:
            pause_ms = min(2 * self._pause_ms.get(name, FIRST_PAUSE_MS // 2), LONGEST_PAUSE_MS)
            self._pause_ms[name] = pause_ms
            self._paused_until[name] = at_ms + max(pause_ms, min(posted.retry_after_ms or 0, LONGEST_PAUSE_MS))
        try:
            if posted.is_done:
                await self._standings.worked(name)
            else:
                await self._standings.failed(name, at_ms, posted.is_gone)
        except Unreachable as error:
            log.debug("webhook endpoint %s - where it stands was not written: %s", name, error)
