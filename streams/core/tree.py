"""The checked tree of an expression: what the parser makes and the program is written from.

A *value* has a kind at run time (number, text, boolean, list) or is missing; a *condition* is true or false.
`text` of a condition is its own source text with runs of white space made one blank: what `because` shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from streams.core.features import Feature, Instant

Comparison = Literal["<", "<=", ">", ">=", "==", "!="]
TURNED: Mapping[Comparison, Comparison] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


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
    """A property of the event itself, by dotted name; only in the `where` of an event set."""

    name: str


@dataclass(frozen=True, slots=True)
class Score:
    """What a `scores` rule says of the profile: 1 to 5 by recency, frequency, monetary value; or from these its
    digits ("543") or the name of its segment of the R x F grid ("champions")."""

    rule: str
    part: Literal["r", "f", "m", "score", "name"]


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
    """The value is a list that holds `wanted`, or is `wanted` itself. The value reads a trait or a property."""

    value: "Value"
    wanted: float | str | bool
    text: str


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
