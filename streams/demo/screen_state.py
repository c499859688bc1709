"""What is seen of the simulated company: what went in, how far the worker is, and what came out on `segment-changes`.

Comes in: changes and counts. Goes out: who is in which segment, the newest changes, and what is under way, for a view
to show.
"""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.core.changes import Change
from streams.core.instants import DAY_MS, format_time
from streams.demo.featured import Featured
from streams.log import counted

NEWEST = 40
RATE_OVER_S = 3.0
WEEKDAYS = "Thu Fri Sat Sun Mon Tue Wed".split()  # by days since 1970


def day_and_time(ms: int) -> str:
    """For people.

    >>> day_and_time(0)
    'Thu 1970-01-01 00:00'
    """
    return f"{WEEKDAYS[ms // DAY_MS % 7]} {format_time(ms)[:16].replace('T', ' ')}"


class Activity(NamedTuple):
    """Something under way, of which `done` parts of `of` are done; `text` says of what."""

    name: str
    done: int
    of: int
    text: str


class Example(NamedTuple):
    """Somebody to look at, and what they are in."""

    user: str
    segment: str


@dataclass
class ScreenState:
    """The company as seen from outside.

    featured: what is shown of the rules.
    began_ms, since_ms: where the history and the present begin. What happened in the history is worked off as a
    backlog, and no news.
    now_ms: how far time has come for the worker.
    published: records that are in Kafka. applied: records that the worker has applied.
    compiled: how many of the engine's functions are compiled, and of how many; None while nobody compiles.
    """

    featured: Featured
    began_ms: int
    since_ms: int
    now_ms: int = 0
    published: int = 0
    applied: int = 0
    compiled: tuple[int, int] | None = None
    users: set[str | None] = field(default_factory=set)
    members: defaultdict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))  # the newest last
    entered: Counter[str] = field(default_factory=Counter)
    exited: Counter[str] = field(default_factory=Counter)
    newest: deque[Change] = field(default_factory=lambda: deque(maxlen=NEWEST))
    other_changes: int = 0  # in the present, by rules that are not shown
    _rate: deque[tuple[float, int]] = field(default_factory=deque)  # (a second, so many were published then)
    _to_apply: deque[tuple[int, int]] = field(default_factory=deque)  # (so many published, all until so many ms)
    _example: Example | None = None

    # What goes in

    def sent(self, users: Sequence[str | None], until_ms: int) -> None:
        """Note records that went in, by their users; everything until `until_ms` is in."""
        self.published += len(users)
        self.users.update(users)
        self._rate.append((time.monotonic(), self.published))
        self._to_apply.append((self.published, until_ms))

    def worker_applied(self, records: int) -> None:
        """Note how many records the worker has applied since it started."""
        self.applied = records
        while self._to_apply and self._to_apply[0][0] <= records:
            self.now_ms = max(self.now_ms, self._to_apply.popleft()[1])

    @property
    def behind(self) -> int:
        """Records that the worker has still to apply."""
        return self.published - self.applied

    @property
    def is_history(self) -> bool:
        return self.now_ms < self.since_ms

    def activities(self) -> list[Activity]:
        """What is under way, and how far it is."""
        found = []
        if self.is_history:
            day, days = max(0, self.now_ms - self.began_ms) // DAY_MS, (self.since_ms - self.began_ms) // DAY_MS
            text = f"day {day} of the {days} before today" if self.applied else "the worker starts, a few seconds"
            found.append(Activity("history", day, days, text))
        if self.compiled is not None and self.compiled[0] < self.compiled[1]:
            text = f"{self.compiled[0]} of {self.compiled[1]} functions compiled, the first time only"
            found.append(Activity("engine", *self.compiled, text))
        return found

    # What comes out

    def saw(self, changes: Iterable[Change]) -> list[Change]:
        """Note changes, each once; those of the present by rules that are shown are returned."""
        fresh = [change for change in changes if self._applies(change)]
        news = [change for change in fresh if change.occurred_at > self.since_ms]
        self.entered.update(change.segment for change in news if change.entered)
        self.exited.update(change.segment for change in news if not change.entered)
        self.exited.update(change.previous for change in news if change.previous is not None)
        self.newest.extend(change for change in fresh if self._is_shown(change))
        shown = [change for change in news if self._is_shown(change)]
        self.other_changes += len(news) - len(shown)
        return shown

    def _is_shown(self, change: Change) -> bool:
        return change.concerns(self.featured.segments)

    def _applies(self, change: Change) -> bool:
        """False for a repeat, as a worker that starts again publishes what may not have been published."""
        members = self.members[change.segment]
        if (change.subject in members) == change.entered:
            return False
        if change.entered:
            members[change.subject] = None
        left = change.previous if change.entered else change.segment
        if left is not None:
            self.members[left].pop(change.subject, None)
        return True

    def size(self, segment: str) -> int:
        return len(self.members[segment])

    def example(self) -> Example | None:
        """A member of the first segment that has any: the same one for as long as they are in it."""
        if self._example is None or self._example.user not in self.members[self._example.segment]:
            segment = next((each for each in self.featured.segments if self.members[each]), None)
            self._example = Example(next(reversed(self.members[segment])), segment) if segment else None
        return self._example

    # In words

    def status(self) -> str:
        return (
            f"{day_and_time(self.now_ms)}   {len(self.users):,} users   "
            f"{self.published:,} events, {self.records_a_second():,.0f} a second"
        )

    def tiers(self) -> Iterator[str]:
        """How many are on each level."""
        for name, levels in self.featured.tiers.items():
            yield f"{name}: " + "   ".join(f"{level} {self.size(segment):,}" for level, segment in levels.items())

    def others(self) -> str:
        """What is not shown."""
        return f"and {counted(self.featured.others, 'more rule')}, with {counted(self.other_changes, 'change')}"

    def records_a_second(self) -> float:
        """Over the last seconds."""
        now_s = time.monotonic()
        while self._rate and now_s - self._rate[0][0] > RATE_OVER_S:
            self._rate.popleft()
        return (self.published - self._rate[0][1]) / (now_s - self._rate[0][0]) if len(self._rate) > 1 else 0.0
