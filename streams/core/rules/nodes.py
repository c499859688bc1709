"""What a rule is made of once it is checked: features, values and conditions, which compare and hash.

A *feature* is what a profile is asked for; equal features are one, however many rules name them. A *value* has a kind
at run time (number, text, boolean, list) or is missing; a *condition* is true or false, and its `text` is its own
source text with runs of white space made one blank: what `because` shows. The parser makes them, the compiler writes
the program from them. They are one file because each is made of the others: a feature may be about events narrowed
down by a condition.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Unit = Literal["day", "hour"]
How = Literal["has", "contains", "starts_with", "ends_with"]
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
class Lowered:
    """A text in small letters; missing where the value is no text."""

    of: Trait | Latest


@dataclass(frozen=True, slots=True)
class Holds:
    """Whether a value holds what is wanted, as `how` says: decided once, where the value is set.

    wanted: for `has` as `equality.spell` spells it, because `1` and `true` are equal in Python; else a text.
    """

    of: Trait | Latest | Lowered
    wanted: str
    how: How = "has"


Instant = LastSeen | IdleSince | FirstSeen | TraitTime | LatestTime
Feature = Window | Lifetime | Trait | Latest | Lowered | Holds | Instant


Comparison = Literal["<", "<=", ">", ">=", "==", "!="]
MIRRORED: Mapping[Comparison, Comparison] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True)
class Constant:
    value: float | str | bool


@dataclass(frozen=True, slots=True)
class Read:
    feature: Feature


@dataclass(frozen=True, slots=True)
class Elapsed:
    """`sign * (t - instant) / unit_ms`: time since (sign 1) or until (sign -1) an instant, in days or hours."""

    instant: Instant
    unit_ms: float
    sign: Literal[1, -1] = 1


@dataclass(frozen=True, slots=True)
class Property:
    """A property of the event itself, by dotted name; only in the `where` of an event set.

    lowered: its text in small letters; missing where it is none.
    """

    name: str
    lowered: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """What a `scores` rule says of the profile: 1 to 5 by recency, frequency, monetary value; or from these its
    digits ("543") or the name of its segment of the R x F grid ("champions").

    of_grid: as the grid itself reads it that says who is scored; everybody else reads no score of others.
    """

    rule: str
    part: Literal["r", "f", "m", "score", "name"]
    of_grid: bool = False


@dataclass(frozen=True, slots=True)
class Arithmetic:
    operator: Literal["+", "-", "*", "/"]
    left: "Value"
    right: "Value"


@dataclass(frozen=True, slots=True)
class Compare:
    operator: Comparison
    left: "Value"
    right: "Value"
    text: str


@dataclass(frozen=True, slots=True)
class Within:
    """`item in [..]`: some == holds; negated: every != holds. `options` are of one kind, at least one."""

    item: "Value"
    options: tuple[float, ...] | tuple[str, ...] | tuple[bool, ...]
    negated: bool
    text: str


@dataclass(frozen=True, slots=True)
class Truth:
    """A bare value as a condition: true only if it is true, the boolean."""

    value: "Value"
    text: str


@dataclass(frozen=True, slots=True)
class Has:
    """The value is a list that holds `wanted`, or is `wanted` itself; or it is a text that contains, begins or ends
    with the text `wanted`. The value reads a trait or a property.
    """

    value: "Value"
    wanted: float | str | bool
    text: str
    how: How = "has"


@dataclass(frozen=True, slots=True)
class Missing:
    value: "Value"
    text: str


@dataclass(frozen=True, slots=True)
class InSegment:
    segment: str
    text: str


@dataclass(frozen=True, slots=True)
class All:
    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Some:
    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    part: "Condition"


@dataclass(frozen=True, slots=True)
class Always:
    """The literals `true` and `false` as conditions."""

    value: bool


Value = Constant | Read | Elapsed | Property | Score | Arithmetic
Leaf = Compare | Within | Truth | Has | Missing | InSegment
Condition = Leaf | All | Some | Not | Always
