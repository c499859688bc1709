"""Readings: what is read of an event, by its name and whether it is activity.

Comes in: a catalog. Goes out: for each such class of events the numbers and truths that the kernel is told of, and what
the document keeps of it. Most events bear nothing that rules read, and have no reading.
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from streams.core.calendar import Calendar
from streams.core.compiler.catalog import Catalog, Places
from streams.core.compiler.dependencies import touched_sets
from streams.core.compiler.event_filters import Ask, asked
from streams.core.compiler.fields import Ring, bucket_of, latest_name
from streams.core.events import Value
from streams.core.kernel.layout import AMOUNT
from streams.core.rules.nodes import EventSet, Unit
from streams.core.rules.statistics import STATISTICS

LARGEST_AMOUNT = 1e10  # docs/semantics.md#windows: a value beyond this size counts as missing


def as_amount(value: Value) -> float:
    """A number to add up; NaN for what is none or too large to count."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_AMOUNT:
        return float(value)
    return np.nan


class KeptLatest(NamedTuple):
    """A property whose newest value the document keeps. where: the column that says whether the event is meant."""

    field: str
    prop: str
    where: int | None
    places: Places


class KeptSeen(NamedTuple):
    """A property whose values the document keeps, each with the newest bucket it was seen in.

    column: where the kernel is told that bucket.
    """

    field: str
    prop: str
    where: int | None
    column: int
    unit: Unit

    def bucket(self, ts: int, calendar: Calendar) -> int:
        return bucket_of(ts, self.unit == "day", calendar)


class Extraction(NamedTuple):
    """All that is read of the events of a class. numbers, truths: with their columns."""

    numbers: tuple[tuple[str, int], ...]
    truths: tuple[tuple[Ask, int], ...]
    latest: tuple[KeptLatest, ...]
    seen: tuple[KeptSeen, ...]

    @property
    def keeps(self) -> bool:
        return bool(self.latest or self.seen)

    @property
    def asked_of_kept(self) -> set[int]:
        """The columns that say whether an event is meant whose properties are kept."""
        wheres = *(each.where for each in self.latest), *(each.where for each in self.seen)
        return {where for where in wheres if where is not None}


def reading(catalog: Catalog, name: str | None, active: bool) -> Extraction | None:
    """What is read of events of a name; None if nothing is."""
    touched = touched_sets(catalog, name, active)
    found = Extraction(
        numbers=_numbers(catalog, touched),
        truths=tuple((asked(s.where), catalog.columns[s.where]) for s in touched if s.where is not None),
        latest=tuple(
            KeptLatest(latest_name(latest), latest.prop, _where(catalog, latest.events), catalog.places(latest))
            for latest in catalog.latest
            if latest.events in touched
        ),
        seen=tuple(_kept_seen(catalog, ring) for ring in catalog.distinct if ring.events in touched),
    )
    return found if any(found) else None


def _numbers(catalog: Catalog, touched: Collection[EventSet]) -> tuple[tuple[str, int], ...]:
    rings = [ring for ring in catalog.rings if ring.events in touched and STATISTICS[ring.statistic].told_by == AMOUNT]
    props = dict.fromkeys(ring.prop for ring in rings if ring.prop is not None)
    return tuple((prop, catalog.columns[prop]) for prop in props)


def _kept_seen(catalog: Catalog, ring: Ring) -> KeptSeen:
    return KeptSeen(ring.name, ring.prop or "", _where(catalog, ring.events), catalog.columns[ring], ring.unit)


def _where(catalog: Catalog, events: EventSet) -> int | None:
    return None if events.where is None else catalog.columns[events.where]
