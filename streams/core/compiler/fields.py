"""The fields of a row's kept part: what is kept because a rule reads it, each under a name that is stored with it.

Comes in: features. Goes out: the field that each is made of, its kind and how long it is. The names are not to be
changed: stored rows and documents bear them. What is done with a field of each kind: `streams.core.profiles.kinds`.
"""

from dataclasses import dataclass
from enum import Enum

from streams.core.calendar import Calendar, Instants
from streams.core.instants import HOUR_MS
from streams.core.kernel.layout import COUNTS, GREATEST, LEAST, MOVE, SUMS
from streams.core.language.render import render
from streams.core.rules.nodes import (
    EventSet,
    Feature,
    Holds,
    LastSeen,
    Latest,
    LatestTime,
    Lifetime,
    Lowered,
    Statistic,
    Trait,
    TraitTime,
    Unit,
    Window,
)
from streams.core.rules.statistics import BUCKETS, STATISTICS

CONTEXT = "context."  # begins the names of the traits that are kept only where a rule reads them


class Kind(Enum):
    """What a field holds."""

    CLOCK = "the profile's clock"
    FIRST = "the oldest of instants"
    NEWEST = "the newest of instants"
    TALLY = "a count over the profile's life"
    IDS = "the messageIds that were accepted last, the newest first"
    SEGMENT = "whether the subject is in it, since when, and how many changes there were"
    TIER = "at which level the subject is, and the same"
    COUNTS = "a ring of counts"
    SUMS = "a ring of sums"
    LEAST = "a ring of the least numbers"
    GREATEST = "a ring of the greatest numbers"
    VALUES = "a ring of how many values were seen last then; which they are has the document"
    DOCUMENT = "nothing: the document alone has it"


RING_KINDS = {COUNTS: Kind.COUNTS, SUMS: Kind.SUMS, LEAST: Kind.LEAST, GREATEST: Kind.GREATEST}


@dataclass(frozen=True, slots=True)
class Ring:
    """Buckets of a day or an hour; shared by all windows of a statistic over the same events and property."""

    events: EventSet
    unit: Unit
    statistic: Statistic
    prop: str | None
    length: int

    @property
    def holds(self) -> int:
        """What its buckets hold, as `streams.core.kernel.buckets` says."""
        return STATISTICS[self.statistic].holds

    @property
    def kind(self) -> Kind:
        is_of_values = STATISTICS[self.statistic].told_by == MOVE
        return Kind.VALUES if is_of_values else RING_KINDS[self.holds]

    @property
    def words(self) -> int:
        return (self.length * BUCKETS[self.holds].halves + 1) // 2

    @property
    def name(self) -> str:
        """Of its field; not to be changed, because stored rows bear it."""
        about = "" if self.statistic in ("count", "sum") else f" {self.statistic}"
        return f"{self.unit}s {_set_name(self.events)}{about}" + (f" {self.prop!r}" if self.prop else "")


RingKey = tuple[EventSet, Unit, Statistic, str | None]


def ring_key(window: Window) -> RingKey:
    return window.events, window.unit, STATISTICS[window.statistic].buckets_of, window.prop


def bucket_of(ms: Instants, is_days: bool, calendar: Calendar) -> Instants:
    """The day or the hour of an instant, or of many."""
    return calendar.day(ms) if is_days else ms // HOUR_MS


@dataclass(frozen=True, slots=True)
class Field:
    """A named stretch of the kept part, of no words where the document alone has what is kept.

    length: how many buckets a ring has; 0 for all else. kind: of one that rules of today have; what is stored does not
    say it.
    """

    name: str
    start: int
    words: int
    length: int = 0
    kind: Kind | None = None

    @property
    def is_days(self) -> bool:
        """Of a ring: whether its buckets are days, and not hours."""
        return self.name.startswith("days")

    def oldest_bucket(self, clock_ms: Instants, calendar: Calendar) -> Instants:
        """The oldest bucket of a ring that still counts."""
        return bucket_of(clock_ms, self.is_days, calendar) - self.length + 1


def _set_name(events: EventSet) -> str:
    names = "any" if events.names is None else "|".join(map(repr, events.names))
    return names if events.where is None else f"{names} where {render(events.where)}"


def latest_name(latest: Latest) -> str:
    """Of its field; not to be changed, because stored documents bear it."""
    return f"latest {_set_name(latest.events)} {latest.prop!r}"


def own_name(feature: LastSeen | Lifetime) -> str:
    """Of its field; not to be changed, because stored rows bear it."""
    return f"{'last_seen' if isinstance(feature, LastSeen) else 'count'} {_set_name(feature.events)}"


def trait_of(feature: Feature) -> str | None:
    match feature:
        case Trait(name) | TraitTime(name) | Lowered(Trait(name)) | Holds(of=Trait(name) | Lowered(Trait(name))):
            return name
    return None


def latest_of(feature: Feature) -> Latest | None:
    match feature:
        case Latest(events, prop) | LatestTime(events, prop):
            return Latest(events, prop)
        case Lowered(Latest() as latest) | Holds(of=Latest() as latest) | Holds(of=Lowered(Latest() as latest)):
            return latest
    return None


def field_name(feature: Feature) -> str | None:
    """The field with what a feature is made of, which is kept because a rule reads it; None where it always is."""
    match feature:
        case Window():
            return Ring(*ring_key(feature), length=feature.length + feature.before).name
        case LastSeen() | Lifetime():
            return own_name(feature)
    latest, trait = latest_of(feature), trait_of(feature)
    if latest is not None:
        return latest_name(latest)
    return trait if trait is not None and trait.startswith(CONTEXT) else None
