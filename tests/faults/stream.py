"""A known stream: the same for a seed, so that what must come of it is known, whenever its records are published.

Comes in: a seed, how long, how fast. Goes out: records in the order in which to publish them, and what the engine alone
makes of them, which is what `segmenter replay` prints.

Users are of five sorts. Four do not depend on when a record is read: those of clicks, whose rules know no time; of
visits, which are all read before their deadlines, and these fall within the stream; of billing updates; and those who
are erased on the way. Those who buy are scored, by edges that do depend on it (`tests.faults.scores`). Some of the
records cannot be used.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from streams.core.engine.erasure import Erasure
from streams.core.rules.rulebook import Rulebook
from streams.outputs.change import encode_change
from streams.sources import profile_commands
from streams.testing import Record, billing, changes, to_bytes, track

DAY_MS: Final = 86_400_000
AFTERWARDS_MS: Final = 10_000
RULES: Final = {
    "exporter": 'enter: count("Export Created") > count("Signed In")',
    "reporter": 'enter: count("Report Viewed") > count("Signed In")',
    "quiet": 'enter: count("Visited") >= 1 and idle_days >= 7',
    "quieter": 'enter: count("Visited") >= 2 and idle_days >= 7.0001',
    "payer": "enter: mrr >= 50\nexit: mrr < 20",
}
SCORES: Final = "rfm"
SCORES_RULE: Final = f"""\
scores: {SCORES}
among: count("Bought") >= 1
recency: idle_days
frequency: count("Bought")
monetary: sum("Bought", "price", days=90)
method: quintiles
refresh: 1m
"""
CLICKS: Final = ("Export Created", "Report Viewed", "Signed In")
USERS: Final = 2_000  # of clicks; a tenth as many pay, and are erased
BAD: Final = b'{"type": "track", "event": 5}'


class Planned(NamedTuple):
    """topic: without prefix. at_s: when to publish it, after the beginning."""

    at_s: float
    topic: str
    user: str
    value: bytes


@dataclass
class Stream:
    """records: in order. bad: how many of them cannot be used. known: those that can, of users who are not erased nor
    scored; scored: of those who are."""

    seed: int
    begins_ms: int
    seconds: int
    rate: int
    records: list[Planned] = field(default_factory=list)
    known: list[Record] = field(default_factory=list)
    scored: list[Record] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)
    bad: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        for each in (self._visits(), self._clicks(), self._payments(), self._erasures(), self._purchases()):
            self.records += each
        self.records.sort(key=lambda planned: planned.at_s)

    def expected(self, rulebook: Rulebook) -> Mapping[str, Sequence[dict[str, Any]]]:
        """The changes of each user who is not erased, when all deadlines have passed."""
        found: dict[str, list[dict[str, Any]]] = {}
        for change in changes(rulebook, self.known, self.ends_ms + AFTERWARDS_MS):
            found.setdefault(change.subject, []).append(json.loads(encode_change(change)))
        return found

    @property
    def by_topic(self) -> Counter[str]:
        """How many records each topic has, in the end."""
        return Counter(planned.topic for planned in self.records)

    @property
    def ends_ms(self) -> int:
        """All deadlines have passed soon after."""
        return self.begins_ms + self.seconds * 1000

    def _know(self, at_s: float, record: Record) -> Planned:
        self.known.append(record)
        return Planned(at_s, _topic_of(record), record["userId"], to_bytes(record))

    def _visits(self) -> Iterator[Planned]:
        """All at once; each user's last is a week old, which is a deadline, at some instant of the stream."""
        times = sorted(self._chance.randrange(self.begins_ms, self.ends_ms) for _ in range(self.seconds * 20))
        for number, deadline_ms in enumerate(times):
            user = f"visits-{self._chance.randrange(self.seconds * 10)}"
            yield self._know(0.0, track(user, "Visited", deadline_ms - 7 * DAY_MS, f"v-{number}"))

    def _clicks(self) -> Iterator[Planned]:
        old_ms = self.begins_ms - 60 * DAY_MS
        for number in range(self.rate * self.seconds):
            at_s, user = number / self.rate, f"clicks-{self._chance.randrange(USERS)}"
            yield self._know(at_s, track(user, self._chance.choice(CLICKS), old_ms + number, f"c-{number}"))
            if self._chance.random() < 0.001:
                self.bad += 1
                yield Planned(at_s, "product-events", user, BAD)

    def _payments(self) -> Iterator[Planned]:
        old_ms = self.begins_ms - 50 * DAY_MS
        for number in range(self.seconds * 20):
            user, mrr = f"pays-{self._chance.randrange(USERS // 10)}", self._chance.choice([0, 15, 30, 60])
            record = billing(user, "Subscription Updated", old_ms + number, f"b-{number}", mrr=mrr, status="active")
            yield self._know(number / 20, record)

    def _purchases(self) -> Iterator[Planned]:
        """Of some more than of others; as old as the windows of their scores have them, whenever they are read."""
        for number in range(self.seconds * 20):
            user = f"buys-{int(min(self._chance.expovariate(0.01), USERS / 10))}"
            at_ms = self.begins_ms - self._chance.randrange(1, 80) * DAY_MS
            record = track(user, "Bought", at_ms, f"p-{number}", price=self._chance.choice([5, 20, 80]))
            self.scored.append(record)
            yield Planned(number / 20, "product-events", user, to_bytes(record))

    def _erasures(self) -> Iterator[Planned]:
        """Some who click, and are erased a while later."""
        old_ms = self.begins_ms - 40 * DAY_MS
        for number in range(USERS // 10):
            user, at_s = f"erased-{number}", self._chance.uniform(0, self.seconds / 2)
            self.erased.append(user)
            for place in range(3):
                record = track(
                    user, self._chance.choice(["Export Created", "Bought"]), old_ms + place, f"{user}-{place}"
                )
                yield Planned(at_s, "product-events", user, to_bytes(record))
            command = profile_commands.encode(Erasure(user, old_ms + 1_000, f"erase-{number}"))
            yield Planned(self._chance.uniform(at_s, self.seconds), "profile-commands", user, command)


def _topic_of(record: Record) -> str:
    return "billing-updates" if record["type"] == "billing" else "product-events"
