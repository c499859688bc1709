"""What a rule can read from a profile: the features, as values that compare and hash.

Comes in: nothing; the parser makes them. Goes out: the catalog gives each a place in the row.
Equal features are one feature, however many rules name them.
"""

from dataclasses import dataclass
from typing import Literal

DAY_MS = 86_400_000
HOUR_MS = 3_600_000

Unit = Literal["day", "hour"]
Statistic = Literal["count", "sum", "active_days"]


@dataclass(frozen=True, slots=True)
class EventSet:
    """The events a feature is about: those of these names (sorted, unique); `None` is `any`, all activity."""

    names: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Window:
    """A statistic over `length` whole days or hours, today included, moved `before` units back.

    `prop` is the dotted property that `sum` adds up, else None. `active_days` counts the days with an event.
    """

    statistic: Statistic
    events: EventSet
    unit: Unit
    length: int
    before: int = 0
    prop: str | None = None


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How many events of the set there ever were."""

    events: EventSet


@dataclass(frozen=True, slots=True)
class LastSeen:
    """When the newest event of the set happened, in ms; missing if never."""

    events: EventSet


@dataclass(frozen=True, slots=True)
class IdleSince:
    """The newest activity, in ms; the first event of any kind where there was none."""


@dataclass(frozen=True, slots=True)
class FirstSeen:
    """The first event of any kind, in ms."""


@dataclass(frozen=True, slots=True)
class Trait:
    """A trait's value, of whatever kind it was sent as."""

    name: str


@dataclass(frozen=True, slots=True)
class TraitTime:
    """The time that a trait holds, in ms; missing where it holds none."""

    name: str


Instant = LastSeen | IdleSince | FirstSeen | TraitTime
Feature = Window | Lifetime | Trait | Instant
