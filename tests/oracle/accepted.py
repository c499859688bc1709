"""What a profile accepted, and all that follows from it whatever the time.

Comes in: the events in order of arrival. Goes out: what happened, first times, traits. Each is worked out from the
whole list, and remembered only until the list is another one.
"""

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from functools import cached_property

from streams.core.events import Event, Value
from streams.core.rules.nodes import EventSet, FirstSeen, IdleSince, Instant, LastSeen, LatestTime, TraitTime, Window
from tests.oracle.conditions import OneEvent
from tests.oracle.traits import Happened, mrr_movement, mrr_totals, read_time, read_trait
from tests.oracle.values import begin, bucket, number_or

REMEMBERED_IDS = 16


class Accepted:
    """remembered_ids: among how many accepted ids a repeat is known."""

    remembered_ids = REMEMBERED_IDS

    def __init__(self, events: Sequence[Event] = ()):
        self.events = events
        self.traits: dict[str, Value] = {}
        self.sets: dict[EventSet, list[Happened]] = {}
        self.instants: dict[Instant, int | None] = {}

    def __bool__(self) -> bool:
        return bool(self.events)

    def and_then(self, event: Event) -> "Accepted":
        return type(self)((*self.events, event))

    def repeats(self, event: Event) -> bool:
        """docs/semantics.md#repeats: among the last accepted ids. An event without an id is nobody's duplicate."""
        return event.message_id is not None and event.message_id in self.ages

    @cached_property
    def ages(self) -> dict[str, int]:
        """The ids that are remembered, and how many were accepted after each."""
        ids = [earlier.message_id for earlier in self.events if earlier.message_id is not None]
        return {each: age for age, each in enumerate(reversed(ids[-self.remembered_ids :]))}

    @cached_property
    def totals(self) -> list[int]:
        """The MRR after each event."""
        return mrr_totals(self.events)

    def of(self, events: EventSet) -> list[Happened]:
        if events not in self.sets:
            self.sets[events] = [fact for fact in self.happened if belongs(fact, events)]
        return self.sets[events]

    def between(self, events: EventSet, since: int, until: int) -> list[Happened]:
        """Those that happened from `since` on and before `until`."""
        return [fact for fact in self.of(events) if since <= fact.ts < until]

    def boundaries(self, windows: Iterable[Window], now: int, zone: tzinfo) -> list[int]:
        """The next instants at which the day or the hour is another, where a window goes by it."""
        units = {window.unit for window in windows}
        return [begin(bucket(now, unit, zone) + 1, unit, zone) for unit in units]

    def trait(self, name: str) -> Value:
        if name not in self.traits:
            self.traits[name] = number_or(read_trait(self.events, name)) if self.events else None
        return self.traits[name]

    def latest(self, events: EventSet, prop: str) -> Value:
        """The property of the newest event that had it; on a tie the later arrival."""
        had = [fact for fact in self.of(events) if prop in fact.properties]
        newest = max((fact.ts for fact in had), default=None)
        return next((number_or(fact.properties[prop]) for fact in reversed(had) if fact.ts == newest), None)

    def instant(self, instant: Instant, zone: tzinfo) -> int | None:
        if instant not in self.instants:
            self.instants[instant] = self.found(instant, zone)
        return self.instants[instant]

    def found(self, instant: Instant, zone: tzinfo) -> int | None:
        match instant:
            case LastSeen(events):
                return self.last_seen(events)
            case IdleSince():
                active = self.last_seen(EventSet(None))
                return self.first_ts if active is None else active
            case FirstSeen():
                return self.first_ts
            case TraitTime(name):
                return read_time(self.trait(name), zone)
            case LatestTime(events, prop):
                return read_time(self.latest(events, prop), zone)

    def last_seen(self, events: EventSet) -> int | None:
        return max((fact.ts for fact in self.of(events)), default=None)

    @property
    def first_ts(self) -> int | None:
        return min((event.ts for event in self.events), default=None)

    @cached_property
    def happened(self) -> list[Happened]:
        """The events that count as something, in order of arrival, each followed by what it did to MRR."""
        facts = []
        for event, movement in zip(self.events, mrr_movement(self.events), strict=True):
            facts += [fact for fact in (itself(event), movement) if fact is not None]
        return facts


def itself(event: Event) -> Happened | None:
    """The event as something that counts, if it has a name."""
    return Happened(event.ts, event.name, event.active, event.properties) if event.name else None


def belongs(fact: Happened, events: EventSet) -> bool:
    named = fact.active if events.names is None else fact.name in events.names
    return named and (events.where is None or OneEvent(fact.properties).holds(events.where))
