"""What waits to be posted: a line for each endpoint and user, so that a user's changes reach an endpoint in order.

Comes in: webhooks by number, the lesser first; what became of an attempt. Goes out: the next that may be tried. One
that failed holds back what is behind it in its own line, and nothing else.
"""

import heapq
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from streams.delivery.webhook import Queued


class Numbered(NamedTuple):
    number: int
    webhook: Queued


class WebhookQueue:
    """Of one shard."""

    def __init__(self) -> None:
        self._waiting: dict[int, Queued] = {}
        self._lines: dict[tuple[str, str], deque[int]] = {}
        self._heads: dict[str, list[tuple[int, int]]] = {}  # by endpoint, (due, number) of what stands first in a line
        self._taken: set[int] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, number: int, webhook: Queued) -> None:
        """Behind all of its line. Numbers grow."""
        self._waiting[number] = webhook
        line = self._lines.setdefault((webhook.endpoint, webhook.user), deque())
        line.append(number)
        if len(line) == 1:
            self._head(number)

    def take(self, endpoint: str, now_ms: int) -> Numbered | None:
        """One that is due; it is not given again before `settle`."""
        heads = self._heads.get(endpoint, [])
        while heads and heads[0][0] <= now_ms:
            due_ms, number = heapq.heappop(heads)
            webhook = self._waiting.get(number)
            if webhook is not None and webhook.due_at == due_ms and number not in self._taken:
                self._taken.add(number)
                return Numbered(number, webhook)
        return None

    def settle(self, number: int, again: Queued | None) -> None:
        """It is done, or waits for its next attempt at the place where it stood."""
        self._taken.discard(number)
        if again is None:
            self.drop(number)
        elif number in self._waiting:
            self._waiting[number] = again
            self._head(number)

    def drop(self, number: int) -> None:
        """Whatever stands behind it moves up."""
        webhook = self._waiting.pop(number, None)
        if webhook is None:
            return
        key = webhook.endpoint, webhook.user
        line = self._lines[key]
        was_first = line[0] == number
        line.remove(number)
        if not line:
            del self._lines[key]
        elif was_first:
            self._head(line[0])

    def get(self, number: int) -> Queued | None:
        return self._waiting.get(number)

    def of_user(self, user: str) -> list[int]:
        return [number for (_, whose), line in self._lines.items() if whose == user for number in line]

    def of_endpoint(self, endpoint: str) -> Iterator[Numbered]:
        """All that waits, in order, but for what is being tried."""
        for number, webhook in sorted(self._waiting.items()):
            if webhook.endpoint == endpoint and number not in self._taken:
                yield Numbered(number, webhook)

    def endpoints(self) -> set[str]:
        """For which anything waits."""
        return {endpoint for endpoint, _ in self._lines}

    def _head(self, number: int) -> None:
        webhook = self._waiting[number]
        heapq.heappush(self._heads.setdefault(webhook.endpoint, []), (webhook.due_at, number))
