"""What is seen of the simulated company: what went in, and what came out on `segment-changes`.

Comes in: changes and counts. Goes out: who is in which segment, and the newest changes, for `views` to show.
"""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from streams.core.changes import Change
from streams.core.instants import format_time

NEWEST = 12
MOST_SHOWN = 14  # segments; a screen has no room for all of a big rule book
RATE_OVER_S = 3.0
WEEKDAYS = "Thu Fri Sat Sun Mon Tue Wed".split()  # by days since 1970
DAY_MS = 86_400_000


def day_and_time(ms: int) -> str:
    """For people.

    >>> day_and_time(0)
    'Thu 1970-01-01 00:00'
    """
    return f"{WEEKDAYS[ms // DAY_MS % 7]} {format_time(ms)[:16].replace('T', ' ')}"


@dataclass
class ScreenState:
    """The company as seen from outside.

    since_ms: where the present began; what happened before is history, worked off as a backlog.
    how_to_join: commands for another terminal.
    """

    segments: tuple[str, ...]
    how_to_join: tuple[str, ...]
    since_ms: int
    now_ms: int = 0
    published: int = 0
    users: set[str | None] = field(default_factory=set)
    members: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    entered: Counter[str] = field(default_factory=Counter)
    exited: Counter[str] = field(default_factory=Counter)
    newest: deque[Change] = field(default_factory=lambda: deque(maxlen=NEWEST))
    _marks: deque[tuple[float, int]] = field(default_factory=deque)

    def sent(self, users: Iterable[str | None], count: int) -> None:
        """Note records that went in."""
        self.published += count
        self.users.update(users)
        self._marks.append((time.monotonic(), self.published))

    def saw(self, changes: Iterable[Change]) -> list[Change]:
        """Note changes, each once; those of the present are returned."""
        news = [change for change in changes if self._applies(change) and change.occurred_at > self.since_ms]
        self.entered.update(change.segment for change in news if change.entered)
        self.exited.update(change.segment for change in news if not change.entered)
        self.exited.update(change.previous for change in news if change.previous is not None)
        self.newest.extend(news)
        return news

    def _applies(self, change: Change) -> bool:
        """False for a repeat, as a worker that starts again publishes what may not have been published."""
        members = self.members[change.segment]
        if (change.subject in members) == change.entered:
            return False
        if change.entered:
            members.add(change.subject)
        left = change.previous if change.entered else change.segment
        if left is not None:
            self.members[left].discard(change.subject)
        return True

    def shown(self, most: int = MOST_SHOWN) -> list[str]:
        """The segments in which most happens, by name."""

        def rank(segment: str) -> tuple[int, int, str]:
            return -self.entered[segment] - self.exited[segment], -self.size(segment), segment

        return sorted(sorted(self.segments, key=rank)[:most])

    def size(self, segment: str) -> int:
        return len(self.members[segment])

    def records_a_second(self) -> float:
        """Over the last seconds."""
        now_s = time.monotonic()
        while self._marks and now_s - self._marks[0][0] > RATE_OVER_S:
            self._marks.popleft()
        return (self.published - self._marks[0][1]) / (now_s - self._marks[0][0]) if len(self._marks) > 1 else 0.0

    def status(self) -> str:
        return (
            f"{day_and_time(self.now_ms)}   {len(self.users):,} users   "
            f"{self.published:,} events, {self.records_a_second():,.0f} a second"
        )
