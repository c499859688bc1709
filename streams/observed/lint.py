"""Names that a rule reads and nobody has sent: what to say of each.

Comes in: the names of an expression, and what workers have read. Goes out: what to say, or nothing where a name was
seen or too little is known. Event names were counted one by one; of properties and traits the samples tell.
"""

from collections.abc import Collection
from heapq import nlargest
from typing import NamedTuple

from streams.core.language.faults import nearest
from streams.core.language.names import Name
from streams.core.profiles.ledger import DERIVED_EVENTS, DERIVED_TRAITS, LEDGER_EVENTS
from streams.observed.names import Names, ObservedNames, shortened
from streams.printable import printable

NO_BILLING = "it follows from Subscription and Trial updates, and none was read"
SHOWN = 3  # of the names seen most, where none is near


class Unseen(NamedTuple):
    """`hint` says more, or is empty."""

    message: str
    hint: str = ""


class NameLint:
    """Holds names against what was read. where: such as `7 days`."""

    def __init__(self, seen: ObservedNames, where: str):
        self._seen = seen
        self._where = where
        self._has_ledgers = not LEDGER_EVENTS.keys().isdisjoint(seen.events.counts)

    def __call__(self, name: Name) -> Unseen | None:
        text = shortened(name.text)
        match name.kind:
            case "event":
                return self._event(text)
            case "property":
                return self._property(text, name.events)
            case "trait":
                return self._trait(text)

    def _event(self, name: str) -> Unseen | None:
        known = self._seen.events
        if name in known.counts or (name in DERIVED_EVENTS and self._has_ledgers):
            return None
        said = f'{_never(known)} "{printable(name)}"'
        if name in DERIVED_EVENTS:
            return Unseen(said, NO_BILLING)
        if near := nearest(name, known.counts):
            return Unseen(f'{said}; nearest "{printable(near)}", {known.counts[near]:,} in {self._where}')
        return Unseen(said, _most(known))

    def _property(self, name: str, events: Collection[str] | None) -> Unseen | None:
        known = self._seen.properties_of(events)
        if name in known.counts or not known.records or not DERIVED_EVENTS.isdisjoint(events or ()):
            return None
        return _not_in_samples(f'"{printable(name)}" of {_called(events)}', nearest(name, known.counts), known)

    def _trait(self, name: str) -> Unseen | None:
        known = self._seen.traits
        if name in known.counts or not known.records or (name in DERIVED_TRAITS and self._has_ledgers):
            return None
        said = f'trait "{printable(name)}"'
        if name in DERIVED_TRAITS:
            return Unseen(f"{_never(known)} {said}", NO_BILLING)
        near = nearest(name, [*known.counts, *(DERIVED_TRAITS if self._has_ledgers else ())])
        if near in DERIVED_TRAITS and near not in known.counts:
            return Unseen(f'{_never(known)} {said}; nearest "{printable(near)}", which follows from billing updates')
        return _not_in_samples(said, near, known)


def _not_in_samples(what: str, near: str, known: Names) -> Unseen:
    said = f"{_never(known)} {what} in {known.records:,} sample{'' if known.records == 1 else 's'}"
    if near:
        return Unseen(f'{said}; nearest "{printable(near)}", in {known.counts[near]:,} of them')
    return Unseen(said, _most(known))


def _never(known: Names) -> str:
    """A name that was seen may have found no room in the record."""
    return "never or rarely seen" if known.others else "never seen"


def _called(events: Collection[str] | None) -> str:
    if events is None:
        return "any event"
    return " or ".join(f'"{printable(event)}"' for event in events)


def _most(known: Names) -> str:
    names = nlargest(SHOWN, known.counts, key=lambda name: known.counts[name])
    return "seen most: " + ", ".join(f'"{printable(name)}"' for name in names) if names else ""
