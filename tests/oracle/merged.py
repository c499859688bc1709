"""Two users who are one: what both accepted, as if one had, and what was accepted since.

Comes in: the histories of both. Goes out: what `Accepted` says, of all of it. Where both wrote something at the same
millisecond, nothing is promised here: histories that are merged have no such ties.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from msgspec.structs import replace
from xxhash import xxh3_64_intdigest

from streams.core.events import Event
from tests.oracle.accepted import REMEMBERED_IDS, Accepted, itself
from tests.oracle.traits import Happened, ledger, lost, movement, mrr_micros, mrr_totals, subscription_id


class Merge(NamedTuple):
    """`gone` is `into` from then on."""

    gone: str
    into: str
    ts: int
    message_id: str


class United(Accepted):
    def __init__(self, one: Accepted, other: Accepted, since: Sequence[Event] = ()):
        both = [*without_lost(one.events), *without_lost(other.events)]
        super().__init__((*sorted(both, key=lambda event: event.ts), *since))
        self.one, self.other, self.since = one, other, since

    def and_then(self, event: Event) -> Accepted:
        return United(self.one, self.other, (*self.since, event))

    @cached_property
    def ages(self) -> dict[str, int]:
        """The newest of each, then the next of each."""
        both = dict(self.one.ages)
        for each, age in self.other.ages.items():
            both[each] = min(age, both.get(each, age))
        found = sorted(both, key=lambda each: (both[each], _as_remembered(each)))[:REMEMBERED_IDS]
        for event in self.since:
            if event.message_id is not None:
                both |= {each: both[each] + 1 for each in found} | {event.message_id: 0}
                found = [event.message_id, *found][:REMEMBERED_IDS]
        return {each: both[each] for each in found}

    @cached_property
    def happened(self) -> list[Happened]:
        """That two ledgers are one is nothing that happened."""
        facts = [*self.one.happened, *self.other.happened]
        writers = [event for event in self.events[: len(self.events) - len(self.since)] if event.touches_ledger]
        totals = [*self.one.totals, *self.other.totals, mrr_micros(ledger(writers))]
        for event in self.since:
            moved = None
            if event.touches_ledger:
                writers.append(event)
                totals.append(mrr_micros(ledger(writers)))
                moved = movement(event.ts, totals)
            facts += [fact for fact in (itself(event), moved) if fact is not None]
        return facts

    @cached_property
    def totals(self) -> list[int]:
        writers = [event for event in self.events if event.touches_ledger]
        return [*self.one.totals, *self.other.totals, *mrr_totals(writers)]


def without_lost(events: Sequence[Event]) -> list[Event]:
    """The subscriptions that somebody else has by now are in no ledger of theirs any more: nor will they be in that of
    both."""
    kept: list[Event] = []
    for event in events:
        if event.touches_ledger and not event.name and "customer" in event.properties:
            gone = lost([one for one in kept if one.touches_ledger], event.properties["customer"])
            kept = [
                replace(one, touches_ledger=False) if one.touches_ledger and subscription_id(one) in gone else one
                for one in kept
            ]
            event = replace(event, touches_ledger=False)
        kept.append(event)
    return kept


def _as_remembered(message_id: str) -> int:
    digest = xxh3_64_intdigest(message_id.encode())
    return digest - (1 << 64 if digest >= 1 << 63 else 0)
