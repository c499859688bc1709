"""The same as `accepted.py` says, kept in order of time and found by bisection: for histories of thousands of events.

Comes in: the events in order of arrival. Goes out: what happened, first times, traits, as of any arrival. Nothing is
summed up, rolled forward or expired: a window is still recomputed from the events that lie in it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import tzinfo
from operator import itemgetter

from streams.core.events import Event, Value
from streams.core.rules.nodes import EventSet, Window
from tests.oracle.accepted import REMEMBERED_IDS, Accepted, belongs, itself
from tests.oracle.traits import Happened, ledger, movement, mrr_micros, read_trait
from tests.oracle.values import begin, bucket, number_or


class Timeline:
    """Some of what happened, in order of time, the later arrival last: when, what, and which arrival told of it."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.facts: list[Happened] = []
        self.arrivals: list[int] = []

    def add(self, fact: Happened, arrival: int) -> None:
        place = bisect_right(self.times, fact.ts)
        self.times.insert(place, fact.ts)
        self.facts.insert(place, fact)
        self.arrivals.insert(place, arrival)


class Log:
    """All arrivals of a profile; every `Kept` is the log as of one of them."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.firsts: list[int] = []
        self.writers: list[tuple[int, Event]] = []  # the events that write traits or the ledger
        self.totals = [0]
        self.facts: list[tuple[Happened, int]] = []
        self.timelines: dict[EventSet, Timeline] = {}
        self.traits: dict[tuple[str, int], Value] = {}

    def append(self, event: Event) -> None:
        arrival = len(self.firsts)
        self.firsts.append(min([event.ts, *self.firsts[-1:]]))
        if event.message_id is not None:
            self.ids = [*self.ids[1 - REMEMBERED_IDS :], event.message_id]
        if event.traits or event.touches_ledger:
            self.writers.append((arrival, event))
        for fact in (itself(event), self.moved(event)):
            if fact is not None:
                self.facts.append((fact, arrival))
                for events, timeline in self.timelines.items():
                    if belongs(fact, events):
                        timeline.add(fact, arrival)

    def moved(self, event: Event) -> Happened | None:
        """What the event did to MRR."""
        if not event.touches_ledger:
            return None
        self.totals.append(mrr_micros(ledger([writer for _, writer in self.writers if writer.touches_ledger])))
        return movement(event.ts, self.totals)

    def of(self, events: EventSet) -> Timeline:
        if events not in self.timelines:
            self.timelines[events] = Timeline()
            for fact, arrival in self.facts:
                if belongs(fact, events):
                    self.timelines[events].add(fact, arrival)
        return self.timelines[events]


class Kept(Accepted):
    """A profile's history as of its first `count` arrivals."""

    def __init__(self, log: Log | None = None, count: int = 0):
        super().__init__()
        self.log = Log() if log is None else log
        self.count = count

    def __bool__(self) -> bool:
        return self.count > 0

    def and_then(self, event: Event) -> "Kept":
        assert self.count == len(self.log.firsts), "a history goes on where it ended"
        self.log.append(event)
        return Kept(self.log, self.count + 1)

    def repeats(self, event: Event) -> bool:
        return event.message_id is not None and event.message_id in self.log.ids

    def of(self, events: EventSet) -> list[Happened]:
        return self.told(self.log.of(events), slice(None))

    def between(self, events: EventSet, since: int, until: int) -> list[Happened]:
        timeline = self.log.of(events)
        return self.told(timeline, slice(bisect_left(timeline.times, since), bisect_left(timeline.times, until)))

    def told(self, timeline: Timeline, part: slice) -> list[Happened]:
        """What the first `count` arrivals told of it."""
        facts = timeline.facts[part]
        if self.count == len(self.log.firsts):
            return facts
        return [fact for fact, arrival in zip(facts, timeline.arrivals[part], strict=True) if arrival < self.count]

    def boundaries(self, windows: Iterable[Window], now: int, zone: tzinfo) -> list[int]:
        """Only those at which something leaves a window, or comes into one that was moved back."""
        found = []
        for window in windows:
            times, unit = self.log.of(window.events).times, window.unit
            for after in {window.before, window.before + window.length}:
                since = begin(bucket(now, unit, zone) - after + 1, unit, zone)
                place = bisect_left(times, since)
                if place < len(times):
                    found.append(begin(bucket(times[place], unit, zone) + after, unit, zone))
        return found

    def trait(self, name: str) -> Value:
        if not self.count:
            return None
        written = bisect_left(self.log.writers, self.count, key=itemgetter(0))
        if (name, written) not in self.log.traits:
            writers = [event for _, event in self.log.writers[:written]]
            self.log.traits[name, written] = number_or(read_trait(writers, name))
        return self.log.traits[name, written]

    def latest(self, events: EventSet, prop: str) -> Value:
        had = (fact.properties[prop] for fact in self.newest_first(events) if prop in fact.properties)
        return next((number_or(value) for value in had), None)

    def newest_first(self, events: EventSet) -> Iterator[Happened]:
        timeline = self.log.of(events)
        backwards = zip(reversed(timeline.facts), reversed(timeline.arrivals), strict=True)
        return (fact for fact, arrival in backwards if arrival < self.count)

    def last_seen(self, events: EventSet) -> int | None:
        return next((fact.ts for fact in self.newest_first(events)), None)

    @property
    def first_ts(self) -> int | None:
        return self.log.firsts[self.count - 1] if self.count else None
