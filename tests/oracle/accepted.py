"""What a profile accepted, and all that follows from it whatever the time.

Comes in: the events in order of arrival. Goes out: what happened, first times, traits. Each is worked out from the
whole list, and remembered only until the list is another one.
"""

from collections.abc import Sequence
from functools import cached_property

from streams.core.events import Event, Value
from streams.core.features import EventSet
from tests.oracle.traits import Happened, mrr_movement, read_trait
from tests.oracle.values import number_or

REMEMBERED_IDS = 16


class Accepted:
    def __init__(self, events: Sequence[Event] = ()):
        self.events = events
        self.traits: dict[str, Value] = {}

    def __bool__(self) -> bool:
        return bool(self.events)

    def and_then(self, event: Event) -> "Accepted":
        return Accepted((*self.events, event))

    def repeats(self, event: Event) -> bool:
        """Contract 2.4: among the last 16 accepted ids. An event without an id is nobody's duplicate."""
        ids = [earlier.message_id for earlier in self.events if earlier.message_id is not None]
        return event.message_id is not None and event.message_id in ids[-REMEMBERED_IDS:]

    def of(self, events: EventSet) -> list[Happened]:
        if events.names is None:
            return [fact for fact in self.happened if fact.active]
        return [fact for fact in self.happened if fact.name in events.names]

    def trait(self, name: str) -> Value:
        if name not in self.traits:
            self.traits[name] = number_or(read_trait(self.events, name)) if self.events else None
        return self.traits[name]

    @cached_property
    def first_ts(self) -> int | None:
        return min((event.ts for event in self.events), default=None)

    @cached_property
    def happened(self) -> list[Happened]:
        """The events that count as something, and what billing updates did to MRR."""
        named = [event for event in self.events if event.name]
        facts = [Happened(event.ts, event.name, event.active, event.properties) for event in named]
        return facts + mrr_movement(self.events)
