"""A rulebook that a history is played to, and what is counted of it.

Comes in: batches of events. Goes out: a tally; and where users stand at the end.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from streams.backtest.question import Question
from streams.backtest.tally import Tally
from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.shard import Shard
from streams.core.events import Reads
from streams.core.kernel.layout import FIRST_SEEN
from streams.core.rules.rulebook import Rulebook
from streams.eventfiles.arrivals import Arrivals
from streams.eventfiles.playback import Played

NOTHING: Final[frozenset[str]] = frozenset()


class Holding(msgspec.Struct, frozen=True):
    """A condition, its value, and whether it holds."""

    condition: str
    value: Any
    holds: bool


class Counted(Shard):
    """One whose changes are but counted: half of what a change costs is its reasons."""

    says_why = False


class Side:
    def __init__(self, question: Question, rulebook: Rulebook):
        settings = question.settings
        ids = settings.remembered_ids
        self.shard = Counted(rulebook, settings.calendar, settings.private_traits, remembered_ids=ids)
        self.played = Played(self.shard, settings.keep_unlinked, settings.merge_users)
        self.tally = Tally(settings.calendar, keeps_stays=question.outcome is not None)

    def apply(self, batch: Batch, arrivals: Arrivals | None) -> None:
        self.count(self.played.apply(batch, arrivals))

    def pass_time(self, until_ms: int) -> None:
        self.count(self.played.pass_time(until_ms))

    def count(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self.tally.add(change)

    def inside(self, segment: str) -> Mapping[str, int]:
        """Who is in it, since when."""
        kept = self.tally.segments.get(segment)
        return {} if kept is None else kept.inside

    def conditions(self, user: str, rule: str, at_ms: int) -> Sequence[Holding]:
        """Of a rule, as they are; of who was erased or merged, none."""
        if user not in self.shard:
            return ()
        standings = {standing.rule: standing.because for standing in self.shard.explain(user, at_ms)}
        return [Holding(each.condition, each.value, each.now) for each in standings.get(rule, ())]

    def first_seen(self) -> dict[str, int]:
        """Of every user, when the first event of any kind was (ms)."""
        table = self.shard.table
        return dict(zip(table.subjects, table.memory.words[table.taken(), FIRST_SEEN].tolist(), strict=True))


def read_by_all(sides: Sequence[Side]) -> Reads:
    """What any of them reads of an event."""
    all_reads = [side.shard.catalog.reads for side in sides]
    properties: dict[str, frozenset[str]] = {}
    for reads in all_reads:
        for name, wanted in reads.properties.items():
            properties[name] = properties.get(name, NOTHING) | wanted
    of_any = NOTHING.union(*(reads.of_any for reads in all_reads))
    return Reads(properties, of_any, NOTHING.union(*(reads.context for reads in all_reads)))
