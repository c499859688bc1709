"""What a rule can read from a profile: the features, as values that compare and hash.

Comes in: nothing; the parser makes them. Goes out: the catalog gives each a place in the row.
Equal features are one feature, however many rules name them.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from streams.core.tree import Condition

DAY_MS = 86_400_000
HOUR_MS = 3_600_000

Unit = Literal["day", "hour"]
Statistic = Literal["count", "active_days", "sum", "values", "min", "max", "distinct"]


@dataclass(frozen=True, slots=True)
class EventSet:
    """The events a feature is about: those of these names (sorted, unique); `None` is `any`, all activity.

    where: what must hold of the event's own properties, its leaves bearing their canonical text (`render`).
    """

    names: tuple[str, ...] | None
    where: "Condition | None" = None


@dataclass(frozen=True, slots=True)
class Window:
    """A statistic over `length` whole days or hours, today included, moved `before` units back.

    `active_days` counts the days with an event. `prop` is the dotted property that the others are about, else None:
    `sum`, `min` and `max` of its numbers, `values` how many numbers there are (an average is sum / values), `distinct`
    how many different values, of any kind.
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


@dataclass(frozen=True, slots=True)
class Latest:
    """The property of the newest event of the set that had it, of whatever kind it was sent as."""

    events: EventSet
    prop: str


@dataclass(frozen=True, slots=True)
class LatestTime:
    """The time that `Latest` holds, in ms; missing where it holds none."""

    events: EventSet
    prop: str


@dataclass(frozen=True, slots=True)
class Holds:
    """Whether a value is a list that holds `wanted`, or is `wanted` itself: decided once, where the value is set.

    wanted: as `sameness.spell` spells it, because `1` and `true` are equal in Python.
    """

    of: Trait | Latest
    wanted: str


Instant = LastSeen | IdleSince | FirstSeen | TraitTime | LatestTime
Feature = Window | Lifetime | Trait | Latest | Holds | Instant
