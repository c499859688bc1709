"""How far a reader of Kafka is behind, in records and in seconds.

Comes in: where a partition ends, every few seconds, and how far it has been applied. Goes out: how many records that
leaves, and for how long the oldest of them has been there.

The seconds are those since the end was first seen beyond the position: a producer's own timestamps may say anything.
What was there before anybody looked counts from then.
"""

from collections import deque
from typing import Final

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
