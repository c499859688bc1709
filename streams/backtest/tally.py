"""What became of each segment under one rulebook, as its changes go by.

Comes in: changes, each user's in order. Goes out: of each segment entries and exits by day, how long people stayed, who
is in, and how often somebody was back soon.
"""

from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final

from streams.backtest.outcomes import Stay
from streams.core.calendar import Calendar
from streams.core.changes import Change
from streams.core.instants import DAY_MS

SOON_MS: Final = DAY_MS


@dataclass
class Kept:
    """Of one segment. ended: lengths of stays (ms). inside: users, since when. returns: how often somebody was back
    within a day of leaving; returned: who. stays: by user, those that ended, where they are asked for."""

    entries: Counter[int] = field(default_factory=Counter)
    exits: Counter[int] = field(default_factory=Counter)
    ended: "array[int]" = field(default_factory=lambda: array("q"))
    inside: dict[str, int] = field(default_factory=dict)
    left_at: dict[str, int] = field(default_factory=dict)
    returns: int = 0
    returned: set[str] = field(default_factory=set)
    stays: defaultdict[str, list[Stay]] = field(default_factory=lambda: defaultdict(list))

    def enter(self, user: str, at_ms: int, day: int) -> None:
        self.entries[day] += 1
        self.inside[user] = at_ms
        left_at = self.left_at.get(user)
        if left_at is not None and at_ms - left_at <= SOON_MS:
            self.returns += 1
            self.returned.add(user)

    def leave(self, user: str, at_ms: int, day: int, keeps_stays: bool) -> None:
        self.exits[day] += 1
        began = self.inside.pop(user)
        self.ended.append(at_ms - began)
        self.left_at[user] = at_ms
        if keeps_stays:
            self.stays[user].append((began, at_ms))

    def all_stays(self) -> dict[str, list[Stay]]:
        """By user, in order, with those that last."""
        found = dict(self.stays)
        for user, began in self.inside.items():
            found[user] = [*found.get(user, ()), (began, None)]
        return found

    @property
    def users(self) -> int:
        """How many were ever in."""
        return len(self.left_at.keys() | self.inside.keys())


class Tally:
    """Of one rulebook. keeps_stays: whether each stay is asked for."""

    def __init__(self, calendar: Calendar, *, keeps_stays: bool):
        self._calendar = calendar
        self._keeps_stays = keeps_stays
        self._day, self._begins_ms, self._ends_ms = 0, 0, 0
        self.segments: defaultdict[str, Kept] = defaultdict(Kept)

    def add(self, change: Change) -> None:
        at_ms, user = change.occurred_at, change.subject
        if not self._begins_ms <= at_ms < self._ends_ms:
            self._day = self._calendar.day(at_ms)
            self._begins_ms, self._ends_ms = self._calendar.begins(self._day), self._calendar.begins(self._day + 1)
        if change.previous is not None:
            self.segments[change.previous].leave(user, at_ms, self._day, self._keeps_stays)
        if change.entered:
            self.segments[change.segment].enter(user, at_ms, self._day)
        else:
            self.segments[change.segment].leave(user, at_ms, self._day, self._keeps_stays)
