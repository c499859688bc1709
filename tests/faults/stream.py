"""A known stream: the same for a seed, so that what must come of it is known, whenever its records are published.

Comes in: a seed, how long, how fast. Goes out: records in the order in which to publish them, and what must come of
them (`Wanted`): by the engine alone, which is what `segmenter replay` prints.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import chain, islice
from typing import Any, Final, NamedTuple

from streams.core.changes import Change as Told
from streams.core.engine.shard import Shard
from streams.core.rules.rulebook import Rulebook
from streams.outputs.change import encode_change
from streams.testing import Record, changes, decoded
from tests.faults import people
from tests.faults.people import BAD, Planned, Span

AFTERWARDS_MS: Final = 10_000
AT_ONCE: Final = 20_000
RULES: Final = {
    "exporter": 'enter: count("Export Created") > count("Signed In")',
    "reporter": 'enter: count("Report Viewed") > count("Signed In")',
    "quiet": 'enter: count("Visited") >= 1 and idle_days >= 7',
    "quieter": 'enter: count("Visited") >= 2 and idle_days >= 7.0001',
    "payer": "enter: mrr >= 50\nexit: mrr < 20",
}
LATER: Final = "importer"
LATER_RULE: Final = f'enter: count("{people.IMPORT}") > count("Signed In")'
"""Applied in the middle of a stream: it reads what was not kept before."""
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
Change = dict[str, Any]
Known = Mapping[str, Sequence[Change]]
Where = Mapping[str, set[str]]
"""Of each user the segments."""


class Wanted(NamedTuple):
    """What must come of a stream.

    changes: of users whose changes are known to the millisecond, as JSON, but for those of `LATER`. stand: where these
    and who stays of a merged pair are in the end. merged: who became whom. bad: how many records cannot be used.
    by_topic: how many records each input has at least.
    """

    changes: Known
    stand: Where
    scored: Sequence[Record]
    ends_ms: int
    merged: Mapping[str, str]
    erased: Sequence[str]
    bad: int
    by_topic: Mapping[str, int]


@dataclass
class Stream:
    """few: of all sorts but those who click, in order. Clicks, of which there may be millions, are nowhere kept: they
    are made anew, the same ones, wherever they are asked for."""

    seed: int
    begins_ms: int
    seconds: int
    rate: int
    is_backlog: bool = False
    few: Sequence[Planned] = field(init=False)

    def __post_init__(self) -> None:
        self._known = [*map(self._of, (people.visits, people.payments, people.linked, people.posted, people.imports))]
        self._bought, self._merged, self._erased = map(self._of, (people.purchases, people.merged, people.erased))
        everybody = (*self._known, self._bought, self._merged, self._erased)
        self.few = sorted(chain.from_iterable(everybody), key=_at_s)
        self.ends_ms = self._span("").ends_ms

    def __len__(self) -> int:
        return len(self.few) + sum(1 for _ in self.clicks())

    def clicks(self) -> Iterator[Planned]:
        return people.clicks(self._span("clicks"))

    def first(self) -> Iterator[Planned]:
        """What is to be there before any worker is: of a backlog, all that does not go by HTTP."""
        yield from (planned for planned in self.few if self.is_first(planned))
        yield from (planned for planned in self.clicks() if self.is_first(planned))

    def records(self) -> Iterator[Planned]:
        """What comes after those, in order."""
        return (planned for planned in merge(self.few, self.clicks(), key=_at_s) if not self.is_first(planned))

    def _of(self, sort: Callable[[Span], Iterator[Planned]]) -> list[Planned]:
        return list(sort(self._span(sort.__name__)))

    def _span(self, sort: str) -> Span:
        """With chance of its own: what comes of one sort does not depend on another."""
        return Span(random.Random(f"{self.seed} {sort}"), self.begins_ms, self.seconds, self.rate)

    def is_first(self, planned: Planned) -> bool:
        return planned.is_first or (self.is_backlog and not planned.by_http)

    def wanted(self, rulebook: Rulebook) -> Wanted:
        """Of a group that has these rules in the end."""
        until_ms = self.ends_ms + AFTERWARDS_MS
        exact = changes_of(rulebook, _records(chain.from_iterable(self._known)), until_ms)
        exact |= changes_of_clicks(rulebook, _records(self.clicks()), until_ms)
        pairs = people.pairs(self._span("merged"))
        as_one = [
            record | {"userId": pairs.get(record["userId"], record["userId"])} for record in _records(self._merged)
        ]
        united = changes_of(rulebook, as_one, until_ms)
        stand = {user: set(of_user[-1]["segments"]) for user, of_user in (*exact.items(), *united.items())}
        topics, bad = Counter[str](), 0
        for planned in chain(self.few, self.clicks()):
            topics[planned.topic] += 1
            bad += planned.value == BAD
        return Wanted(
            {user: without_later(of_user) for user, of_user in exact.items()},
            {stays: set[str]() for stays in pairs.values()} | stand,
            list(_records(self._bought)),
            self.ends_ms,
            pairs,
            sorted({planned.key for planned in self._erased}),
            bad,
            topics,
        )


def _at_s(planned: Planned) -> float:
    return planned.at_s


def _records(some: Iterable[Planned]) -> Iterator[Record]:
    return (planned.record for planned in some if planned.record is not None)


def changes_of(rulebook: Rulebook, records: Iterable[Record], until_ms: int) -> dict[str, list[Change]]:
    """By the engine alone."""
    return by_user(changes(rulebook, records, until_ms))


def changes_of_clicks(rulebook: Rulebook, records: Iterable[Record], until_ms: int) -> dict[str, list[Change]]:
    """The same, some at a time: of millions only the changes are kept."""
    shard, rest, found = Shard(rulebook), iter(records), dict[str, list[Change]]()
    while some := list(islice(rest, AT_ONCE)):
        for user, of_user in by_user(shard.step(decoded(rulebook, some))).items():
            found.setdefault(user, []).extend(of_user)
    for user, of_user in by_user(shard.tick(until_ms)).items():
        found.setdefault(user, []).extend(of_user)
    return found


def by_user(some: Iterable[Told]) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    for change in some:
        found.setdefault(change.subject, []).append(json.loads(encode_change(change)))
    return found


def without_later(some: Iterable[Change]) -> list[Change]:
    """As if there were no rule that comes in the middle: when it came, and was lost, is chance."""
    return [silent_of_later(change) for change in some if change["rule"] != LATER]


def silent_of_later(change: Change) -> Change:
    return change | {"segments": [segment for segment in change["segments"] if segment != LATER]}
