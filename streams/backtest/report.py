"""What a backtest found, as JSON has it.

Comes in: the parts of the processes. Goes out: a `Report`. Fields are only added. Days are those of the time zone;
shares are from 0 to 1, None where nothing can be told.
"""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce
from typing import Final

import msgspec
import numpy as np

from streams.backtest.outcomes import Base, Forecast, joined
from streams.backtest.question import Question
from streams.backtest.sides import Holding
from streams.backtest.unknown import RuleWarmth, unknowns, warmth
from streams.backtest.worker import REJECTS_TOLD, SAMPLES, Moves, Part, Sample, SegmentPart
from streams.core.calendar import EPOCH
from streams.core.instants import DAY_MS, format_time
from streams.core.kernel.layout import NEVER
from streams.core.rules.rulebook import Rulebook
from streams.core.survival import left_after

SCHEMA: Final = 1


class Day(msgspec.Struct):
    """size: at its end."""

    day: str
    size: int
    entries: int
    exits: int


class StayLengths(msgspec.Struct):
    """In days: after how long a quarter, half and three quarters have left; None where that was never seen."""

    quarter: float | None
    median: float | None
    three_quarters: float | None


class Returns(msgspec.Struct):
    """How often somebody was back within a day of leaving, how many users, and of all entries the share."""

    times: int
    users: int
    share: float | None


class Foretold(msgspec.Struct):
    """Entering the segment as a forecast; `docs/backtest.md` says what the figures are."""

    entries: int
    hits: int
    precision: float | None
    lift: float | None
    events: int
    forewarned: int
    recall: float | None
    median_lead_days: float | None
    incomplete_entries: int
    incomplete_events: int


class Under(msgspec.Struct):
    """A segment under one rulebook. members: at the end. users: who were ever in."""

    members: int
    users: int
    entries: int
    exits: int
    by_day: list[Day]
    stay_days: StayLengths
    returns: Returns
    outcome: Foretold | None = None


class Example(msgspec.Struct):
    """A user, and the conditions of the rule at the end: under the new rulebook, and under the old one."""

    user_id: str
    because: Sequence[Holding]
    because_old: Sequence[Holding]


class Differs(msgspec.Struct):
    """At the end: in under both, under the new rulebook alone, under the old one alone."""

    stay: int
    would_enter: int
    would_leave: int
    entering: list[Example]
    leaving: list[Example]


class SegmentReport(msgspec.Struct):
    """new, old: None where the rulebook has no such segment; it is of one of them."""

    segment: str
    rule: str
    new: Under | None
    old: Under | None
    now: Differs | None

    @property
    def under(self) -> Under:
        """Under the new rulebook; under the old one, where that alone has it."""
        found = self.new or self.old
        assert found is not None
        return found

    @property
    def was_entered(self) -> bool:
        return any(under is not None and under.entries for under in (self.new, self.old))


class Coverage(msgspec.Struct):
    """from_, until: the first event, and up to when time passed."""

    files: Sequence[str]
    lines: int
    events: int
    rejected: int
    rejects: list[str]
    users: int
    from_: str | None = msgspec.field(name="from")
    until: str | None
    timezone: str
    processes: int


class OutcomeReport(msgspec.Struct):
    event: str
    within_days: float
    base_rate: float | None


class Report(msgspec.Struct):
    schema: int
    coverage: Coverage
    outcome: OutcomeReport | None
    rules: list[RuleWarmth]
    segments: list[SegmentReport]
    unknown: list[str]


def report(question: Question, parts: Sequence[Part]) -> Report:
    """Of all processes together."""
    return _Reporter(question, parts).report()


class _Reporter:
    def __init__(self, question: Question, parts: Sequence[Part]):
        self._question, self._parts = question, parts
        self._begins_ms, self._ends_ms = parts[0].begins_ms, parts[0].ends_ms
        # Who has not said who they are has no profile, and no time passes for nobody.
        self._is_empty = self._ends_ms == NEVER or not any(part.events for part in parts)
        self._base = reduce(Base.joined, (part.base for part in parts))

    def report(self) -> Report:
        question = self._question
        rules = [] if self._is_empty else warmth(question, self._begins_ms)
        coverage = self._coverage()
        return Report(
            SCHEMA,
            coverage,
            None if question.outcome is None else self._outcome(),
            rules,
            [self._segment(segment, rule) for segment, rule in _segments(question).items()],
            unknowns(question, None if self._is_empty else self._begins_ms, rules, len(self._parts)),
        )

    def _coverage(self) -> Coverage:
        parts = self._parts
        return Coverage(
            files=self._question.files,
            lines=sum(part.lines for part in parts),
            events=sum(part.events for part in parts),
            rejected=sum(part.rejected for part in parts),
            rejects=[each for part in parts for each in part.rejects][:REJECTS_TOLD],
            users=sum(part.users for part in parts),
            from_=None if self._is_empty else format_time(self._begins_ms),
            until=None if self._is_empty else format_time(self._ends_ms),
            timezone=self._question.settings.calendar.name,
            processes=len(parts),
        )

    def _outcome(self) -> OutcomeReport:
        question = self._question
        rate = _share(self._base.followed_ms, self._base.looked_ms)
        return OutcomeReport(question.outcome_text, question.within_ms / DAY_MS, rate)

    def _segment(self, segment: str, rule: str) -> SegmentReport:
        question, parts = self._question, self._parts
        old = question.old
        return SegmentReport(
            segment,
            rule,
            self._under(question.new, segment, [part.new.get(segment) for part in parts]),
            None if old is None else self._under(old, segment, [part.old.get(segment) for part in parts]),
            None if old is None else _differs([part.moves[segment] for part in parts]),
        )

    def _under(self, rulebook: Rulebook, segment: str, found: Sequence[SegmentPart | None]) -> Under | None:
        if segment not in rulebook.segments:
            return None
        parts = [part for part in found if part is not None]
        ended, since = array("q"), array("q")
        for part in parts:
            ended += part.ended
            since += part.since
        entries = sum((part.entries for part in parts), Counter[int]())
        exits = sum((part.exits for part in parts), Counter[int]())
        returns = sum(part.returns for part in parts)
        number = entries.total()
        told = None if self._question.outcome is None else self._foretold(joined([part.forecast for part in parts]))
        return Under(
            members=len(since),
            users=sum(part.users for part in parts),
            entries=number,
            exits=exits.total(),
            by_day=self._by_day(entries, exits),
            stay_days=self._stay_lengths(ended, since),
            returns=Returns(returns, sum(part.returned for part in parts), _share(returns, number)),
            outcome=told,
        )

    def _by_day(self, entries: Mapping[int, int], exits: Mapping[int, int]) -> list[Day]:
        if self._is_empty:
            return []
        calendar, size, found = self._question.settings.calendar, 0, list[Day]()
        for day in range(calendar.day(self._begins_ms), calendar.day(self._ends_ms) + 1):
            entered, left = entries.get(day, 0), exits.get(day, 0)
            size += entered - left
            found.append(Day(_date(day), size, entered, left))
        return found

    def _stay_lengths(self, ended: "array[int]", since: "array[int]") -> StayLengths:
        lasting = [self._ends_ms - began for began in since]
        return StayLengths(*(_days(left_after(part, ended, lasting)) for part in (0.25, 0.5, 0.75)))

    def _foretold(self, found: Forecast) -> Foretold:
        precision = _share(found.hits, found.entries)
        rate = _share(self._base.followed_ms, self._base.looked_ms)
        return Foretold(
            found.entries,
            found.hits,
            precision,
            None if precision is None or not rate else precision / rate,
            found.events,
            found.forewarned,
            _share(found.forewarned, found.events),
            _days(int(np.median(found.leads))) if found.leads else None,
            found.incomplete_entries,
            found.incomplete_events,
        )


def _segments(question: Question) -> dict[str, str]:
    """All segments of either rulebook, with their rule, by name."""
    books = [question.new] if question.old is None else [question.old, question.new]
    found = {segment: rule.name for book in books for rule in book.groupings for segment in rule.segments}
    order = {segment: (rule, place) for place, (segment, rule) in enumerate(found.items())}
    return {segment: found[segment] for segment in sorted(found, key=order.__getitem__)}


def _differs(parts: Sequence[Moves]) -> Differs:
    return Differs(
        sum(part.stay for part in parts),
        sum(part.entering for part in parts),
        sum(part.leaving for part in parts),
        _examples([each for part in parts for each in part.who_enters]),
        _examples([each for part in parts for each in part.who_leaves]),
    )


def _examples(samples: Sequence[Sample]) -> list[Example]:
    return [Example(*each) for each in sorted(samples, key=lambda sample: sample.user)[:SAMPLES]]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _days(ms: int | None) -> float | None:
    return None if ms is None else ms / DAY_MS


def _date(day: int) -> str:
    return date.fromordinal(EPOCH + day).isoformat()
