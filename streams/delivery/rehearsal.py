"""Messages rehearsed on changes, as if time passed with them: what would be sent, and why not.

Comes in: the messages, changes in order of time, and until when. Goes out: each decision with its user, in order of
time. It is the same decider; only its clock is the changes' own.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.core.changes import Change
from streams.delivery.decider import Decider
from streams.delivery.decision import Decision
from streams.delivery.message import Messages
from streams.delivery.recipient import Recipient


class Rehearsed(NamedTuple):
    user: str
    decision: Decision


class Passed(NamedTuple):
    """A message that a change could have begun and did not. at: ms."""

    user: str
    message: str
    at: int
    reason: str


def nobody(_: Passed) -> None:
    """For whoever does not ask why nothing came of a change."""


@dataclass
class Rehearsal:
    """timezone: the setting, for whoever has no trait of that name. passed: is told why nothing came of a change."""

    messages: Messages
    timezone: str = "UTC"
    passed: Callable[[Passed], None] = nobody
    _recipients: dict[str, Recipient] = field(default_factory=dict)
    _due: list[tuple[int, str]] = field(default_factory=list)

    def run(self, changes: Iterable[tuple[Change, bool]], until_ms: int | None = None) -> Iterator[Rehearsed]:
        """changes: each with whether it is live. until_ms: how far time comes after the last; None: no further."""
        for change, is_live in changes:
            yield from self._pass_time(change.occurred_at)
            decider = self._decider(change.subject)
            for message, reason in decider.why_nothing(change, is_live):
                self.passed(Passed(change.subject, message, change.occurred_at, reason))
            yield from self._noted(decider, decider.change(change, is_live, change.occurred_at))
        if until_ms is not None:
            yield from self._pass_time(until_ms)

    def _decider(self, user: str) -> Decider:
        return Decider(self.messages, user, self._recipients.setdefault(user, Recipient()), self.timezone)

    def _pass_time(self, until_ms: int) -> Iterator[Rehearsed]:
        while self._due and self._due[0][0] <= until_ms:
            at_ms, user = heapq.heappop(self._due)
            decider = self._decider(user)
            yield from self._noted(decider, decider.come(at_ms, at_ms))

    def _noted(self, decider: Decider, decisions: Iterator[Decision]) -> Iterator[Rehearsed]:
        """The decisions; and when to look at the user next. An instant that has passed by then does no harm."""
        yield from (Rehearsed(decider.user, each) for each in decisions)
        if (due_ms := decider.recipient.next_due) is not None:
            heapq.heappush(self._due, (due_ms, decider.user))
