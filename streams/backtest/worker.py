"""One process of a backtest: all blocks read, the lines of its users played to each rulebook, and what was found.

Comes in: a `Question`, and which process it is. Goes out: a `Part`. The processes wait for each other once, at the end
of the history: time comes for everybody up to the newest event of all.
"""

import heapq
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from streams.backtest.histories import History, Piece, opened
from streams.backtest.outcomes import Base, Forecast, Span, base, forecast
from streams.backtest.question import OUTCOME, Question
from streams.backtest.records import HistoryDecoder, told
from streams.backtest.sides import Holding, Side, read_by_all
from streams.backtest.tally import Kept
from streams.backtest.whose import ANOTHERS, Shared, Shares, Whole
from streams.core.kernel.layout import FAR
from streams.eventfiles.arrivals import Arrivals
from streams.eventfiles.rejects import RejectedLine
from streams.sources import Decoder, InputOptions

SAMPLES: Final = 5  # users told of each segment and direction
REJECTS_TOLD: Final = 5

Met = Callable[[int, int], tuple[int, int]]
"""Called with the first and the newest instant of one process; gives those of all."""


@dataclass
class SegmentPart:
    """What one process found of a segment under one rulebook; as in `Kept`, but for how many instead of who."""

    entries: Counter[int] = field(default_factory=Counter)
    exits: Counter[int] = field(default_factory=Counter)
    ended: "array[int]" = field(default_factory=lambda: array("q"))
    since: "array[int]" = field(default_factory=lambda: array("q"))
    users: int = 0
    returns: int = 0
    returned: int = 0
    forecast: Forecast = field(default_factory=Forecast)


class Sample(NamedTuple):
    """A user, and the conditions of the rule as they are, under the new and under the old rulebook."""

    user: str
    new: Sequence[Holding]
    old: Sequence[Holding]


@dataclass
class Moves:
    """Who is in a segment under both rulebooks, under the new one alone, under the old one alone."""

    stay: int = 0
    entering: int = 0
    leaving: int = 0
    who_enters: list[Sample] = field(default_factory=list)
    who_leaves: list[Sample] = field(default_factory=list)


@dataclass
class Part:
    """lines: how many were its users', or nobody's. events: of them, those that could be used. begins_ms, ends_ms: of
    the whole history."""

    lines: int
    events: int
    rejected: int
    rejects: list[str]
    users: int
    begins_ms: int
    ends_ms: int
    new: dict[str, SegmentPart]
    old: dict[str, SegmentPart]
    moves: dict[str, Moves]
    base: Base


class Work:
    """number: which of the processes it is. shares: of how many, and what is for each; None where there is no other."""

    def __init__(self, question: Question, number: int = 0, shares: Shares | None = None):
        self._question, self._number, self._shares = question, number, shares
        self._new = Side(question, question.new)
        self._old = None if question.old is None else Side(question, question.old)
        self._outcome = None if question.outcome is None else Side(question, question.outcome)
        self._sides = [side for side in (self._new, self._old, self._outcome) if side is not None]
        lines = Decoder(read_by_all(self._sides), InputOptions.of(question.settings))
        self._decoder = HistoryDecoder(lines, question.erased)
        self._rejects: list[str] = []

    def run(self, progress: Callable[[int], object], meet: Met) -> Part:
        """progress: told how many bytes of all files have been read."""
        first_ms, events = FAR, 0
        with ExitStack() as stack:
            files = [stack.enter_context(closing(opened(Piece(name)))) for name in self._question.files]
            arrivals = Arrivals(
                list(map(self._own, self._question.files, files)),
                self._reject,
                self._question.until_ms,
                lambda: progress(sum(file.position for file in files)),
            )
            for batch in arrivals.batches():
                events += len(batch)
                first_ms = min(first_ms, int(batch.ts.min()))
                for place, side in enumerate(self._sides):
                    side.apply(batch, None if place else arrivals)
        newest_ms = max(side.played.newest_ms for side in self._sides)
        begins_ms, ends_ms = meet(first_ms, newest_ms)
        if self._question.until_ms is not None:
            ends_ms = self._question.until_ms
        for side in self._sides:
            side.pass_time(ends_ms)
        return self._part(arrivals, events, begins_ms, ends_ms)

    def _own(self, name: str, file: History) -> Whole:
        if self._shares is None:
            return Whole(file, self._decoder)
        return Shared(name, file, self._decoder, self._shares, self._number)

    def _reject(self, rejected: RejectedLine) -> None:
        if len(self._rejects) < REJECTS_TOLD:
            self._rejects.append(told(rejected))

    def _part(self, arrivals: Arrivals, events: int, begins_ms: int, ends_ms: int) -> Part:
        span = Span(begins_ms, ends_ms, self._question.within_ms)
        instants = self._instants()
        asked = None if self._outcome is None else instants
        return Part(
            lines=arrivals.lines - arrivals.passed_over[ANOTHERS.kind],
            events=events,
            rejected=arrivals.rejected,
            rejects=self._rejects,
            users=self._new.shard.table.profiles,
            begins_ms=begins_ms,
            ends_ms=ends_ms,
            new=_found(self._new, span, asked),
            old={} if self._old is None else _found(self._old, span, asked),
            moves={} if self._old is None else _moves(self._new, self._old, ends_ms),
            base=self._base(span, instants),
        )

    def _instants(self) -> dict[str, list[int]]:
        """By user, when the event was."""
        if self._outcome is None:
            return {}
        stays = self._outcome.tally.segments[OUTCOME].all_stays()
        return {user: [began for began, _ in own] for user, own in stays.items()}

    def _base(self, span: Span, instants: Mapping[str, Sequence[int]]) -> Base:
        found = Base()
        if self._outcome is not None:
            for user, first_ms in self._new.first_seen().items():
                found = found.joined(base(span, first_ms, instants.get(user, ())))
        return found


def _found(side: Side, span: Span, instants: Mapping[str, Sequence[int]] | None) -> dict[str, SegmentPart]:
    """instants: by user, of the event that is to be foretold, if one is."""
    segments = side.tally.segments
    return {segment: _of(segments[segment], span, instants) for segment in side.shard.catalog.rulebook.segments}


def _of(kept: Kept, span: Span, instants: Mapping[str, Sequence[int]] | None) -> SegmentPart:
    told = Forecast() if instants is None else forecast(span, kept.all_stays(), instants)
    since = array("q", kept.inside.values())
    return SegmentPart(kept.entries, kept.exits, kept.ended, since, kept.users, kept.returns, len(kept.returned), told)


def _moves(new: Side, old: Side, at_ms: int) -> dict[str, Moves]:
    found: dict[str, Moves] = {}
    groupings = [*old.shard.catalog.rulebook.groupings, *new.shard.catalog.rulebook.groupings]
    for segment, rule in {segment: each.name for each in groupings for segment in each.segments}.items():
        here, there = new.inside(segment).keys(), old.inside(segment).keys()
        entering, leaving = here - there, there - here
        found[segment] = Moves(
            len(here & there),
            len(entering),
            len(leaving),
            [_sample(new, old, user, rule, at_ms) for user in heapq.nsmallest(SAMPLES, entering)],
            [_sample(new, old, user, rule, at_ms) for user in heapq.nsmallest(SAMPLES, leaving)],
        )
    return found


def _sample(new: Side, old: Side, user: str, rule: str, at_ms: int) -> Sample:
    return Sample(user, new.conditions(user, rule, at_ms), old.conditions(user, rule, at_ms))
