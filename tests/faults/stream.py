"""A known stream: the same for a seed, so that what must come of it is known, whenever its records are published.

Comes in: a seed, how long, how fast. Goes out: records in the order in which to publish them, and what must come of
them (`Wanted`): by the engine alone, which is what `segmenter replay` prints.
"""

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from streams.core.rules.rulebook import Rulebook
from streams.outputs.change import encode_change
from streams.testing import Record, changes
from tests.faults import people
from tests.faults.people import BAD, Planned, Span

AFTERWARDS_MS: Final = 10_000
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
    """first: to be there before any worker is: of a backlog, all that does not go by HTTP. records: after those, in
    order."""

    seed: int
    begins_ms: int
    seconds: int
    rate: int
    is_backlog: bool = False
    first: Sequence[Planned] = field(init=False)
    records: Sequence[Planned] = field(init=False)

    def __post_init__(self) -> None:
        span = Span(random.Random(self.seed), self.begins_ms, self.seconds, self.rate)
        known = (people.visits, people.clicks, people.payments, people.linked, people.posted, people.imports)
        exact = [planned for each in known for planned in each(span)]
        bought, merged, erased = list(people.purchases(span)), list(people.merged(span)), list(people.erased(span))
        self._exact, self._scored, self._merged = map(_records, (exact, bought, merged))
        self._pairs, self._erased = people.pairs(span), sorted({planned.key for planned in erased})
        self._all = sorted((*exact, *bought, *merged, *erased), key=lambda planned: planned.at_s)
        self.first = [planned for planned in self._all if self._is_first(planned)]
        self.records = [planned for planned in self._all if not self._is_first(planned)]
        self.ends_ms = span.ends_ms

    def _is_first(self, planned: Planned) -> bool:
        return planned.is_first or (self.is_backlog and not planned.by_http)

    def wanted(self, rulebook: Rulebook) -> Wanted:
        """Of a group that has these rules in the end."""
        until_ms = self.ends_ms + AFTERWARDS_MS
        exact = changes_of(rulebook, self._exact, until_ms)
        as_one = [record | {"userId": self._pairs.get(record["userId"], record["userId"])} for record in self._merged]
        united = changes_of(rulebook, as_one, until_ms)
        stand = {user: set(of_user[-1]["segments"]) for user, of_user in (*exact.items(), *united.items())}
        return Wanted(
            {user: without_later(of_user) for user, of_user in exact.items()},
            {stays: set[str]() for stays in self._pairs.values()} | stand,
            self._scored,
            self.ends_ms,
            self._pairs,
            self._erased,
            sum(planned.value == BAD for planned in self._all),
            Counter(planned.topic for planned in self._all),
        )


def _records(some: Iterable[Planned]) -> list[Record]:
    return [planned.record for planned in some if planned.record is not None]


def changes_of(rulebook: Rulebook, records: Sequence[Record], until_ms: int) -> dict[str, list[Change]]:
    """By the engine alone."""
    found: dict[str, list[Change]] = {}
    for change in changes(rulebook, records, until_ms):
        found.setdefault(change.subject, []).append(json.loads(encode_change(change)))
    return found


def without_later(some: Iterable[Change]) -> list[Change]:
    """As if there were no rule that comes in the middle: when it came, and was lost, is chance."""
    return [silent_of_later(change) for change in some if change["rule"] != LATER]


def silent_of_later(change: Change) -> Change:
    return change | {"segments": [segment for segment in change["segments"] if segment != LATER]}
