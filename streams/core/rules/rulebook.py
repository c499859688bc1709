"""What a rule file means once it is checked: the rules, in the order of their names.

Comes in: checked expressions from `streams.rulefiles`. Goes out: the rulebook that a shard runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Final, Literal

from streams.core.rules.nodes import Condition, Value
from streams.core.rules.rfm import FourEdges, grid

SHADOW: Final = "shadow "  # begins the keys of rules in shadow; no name has a blank


Sort = Literal["segment", "tier", "scores"]


def key_of(rule: str, is_shadow: bool) -> str:
    return f"{SHADOW}{rule}" if is_shadow else rule


class Keyed:
    """What all sorts of rules have. is_shadow: it is evaluated and explained, and nobody is told of it."""

    sort: ClassVar[Sort]
    name: str
    is_shadow: bool

    @property
    def key(self) -> str:
        """Under which its memberships are kept: a rule in shadow is another than the same one live."""
        return key_of(self.name, self.is_shadow)


@dataclass(frozen=True)
class Segment(Keyed):
    """In or out. `version` hashes what the rule means, not its description (`sha256:` and 64 hex digits)."""

    sort: ClassVar[Sort] = "segment"
    name: str
    enter: Condition
    exit: Condition | None = None
    min_stay_ms: int = 0
    include: tuple[str, ...] = ()
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    is_shadow: bool = False

    @property
    def segments(self) -> tuple[str, ...]:
        """What a profile can be in by this rule."""
        return (self.name,)


@dataclass(frozen=True)
class Level:
    """One level of a tier; it is the profile's if its condition is the first that holds."""

    name: str
    condition: Condition


@dataclass(frozen=True)
class Tier(Keyed):
    """Exactly one of several levels at any time; the last one always holds.

    scores: the scores rule whose grid this is. While that has no edges yet, no level is given.
    among: of whom it is; others are at no level.
    """

    sort: ClassVar[Sort] = "tier"
    name: str
    levels: tuple[Level, ...]
    include: tuple[str, ...] = ()
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    scores: str | None = None
    among: Condition | None = None
    is_shadow: bool = False

    @property
    def segments(self) -> tuple[str, ...]:
        """What a profile can be in by this rule: each of its levels, in order, as `lifecycle/power`."""
        return tuple(f"{self.name}/{level.name}" for level in self.levels)


@dataclass(frozen=True)
class Edges:
    """Four ascending edges a score, which part it into 1 to 5."""

    r: FourEdges
    f: FourEdges
    m: FourEdges


@dataclass(frozen=True)
class Scores(Keyed):
    """RFM scores. `fixed` is None for quintiles, whose edges are made anew every `refresh_ms` from all profiles.

    among: who is scored, and counts for the edges; None for everybody.
    """

    sort: ClassVar[Sort] = "scores"
    name: str
    recency: Value
    frequency: Value
    monetary: Value
    fixed: Edges | None = None
    refresh_ms: int = 3_600_000
    among: Condition | None = None
    include: tuple[str, ...] = ()
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    is_shadow: bool = False

    @property
    def is_by_quintiles(self) -> bool:
        return self.fixed is None

    @cached_property
    def tier(self) -> Tier:
        """The named segments of the R x F grid, which are a tier by themselves."""
        levels = tuple(Level(name, condition) for name, condition in grid(self.name, self.among is not None))
        said = self.include, self.description, self.labels, self.version
        return Tier(self.name, levels, *said, self.name, self.among, self.is_shadow)

    @property
    def segments(self) -> tuple[str, ...]:
        """What a profile can be in by this rule: the levels of its tier."""
        return self.tier.segments


def other_state(key: str) -> str:
    """The key of the same rule live, of one in shadow; and the other way round.

    >>> other_state("vip"), other_state("shadow vip")
    ('shadow vip', 'vip')
    """
    return key.removeprefix(SHADOW) if key.startswith(SHADOW) else f"{SHADOW}{key}"


def level_name(rule: str, segment: str) -> str:
    """What a tier itself calls a level of it: `power` of `lifecycle/power`."""
    return segment.removeprefix(f"{rule}/")


Rule = Segment | Tier | Scores
Grouping = Segment | Tier


@dataclass(frozen=True, eq=False)
class Rulebook:
    """All rules, sorted by name (code points), as every report of one instant is. Two that were read are two, whatever
    they say: what is made of one is kept by which it is."""

    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        names = [rule.name for rule in self.rules]
        if names != sorted(set(names)):
            raise ValueError("a rulebook holds rules of different names, sorted by name")

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(rule.name for rule in self.rules)

    @cached_property
    def by_name(self) -> Mapping[str, Rule]:
        return dict(zip(self.names, self.rules, strict=True))

    @cached_property
    def groupings(self) -> tuple[Grouping, ...]:
        """What profiles are grouped by, one for each rule, in order: scores stand for the tier of their grid."""
        return tuple(rule.tier if isinstance(rule, Scores) else rule for rule in self.rules)

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """All that a profile can be in."""
        return tuple(segment for grouping in self.groupings for segment in grouping.segments)

    def means_the_same_as(self, other: "Rulebook") -> bool:
        """Whether all that differs is what people read."""
        ours, theirs = ([(rule.key, rule.version) for rule in book.groupings] for book in (self, other))
        return ours == theirs

    def all_live(self) -> "Rulebook":
        """The same with nothing in shadow: as for stories."""
        return Rulebook(tuple(replace(rule, is_shadow=False) for rule in self.rules))

    @cached_property
    def scores(self) -> Mapping[str, Scores]:
        return {rule.name: rule for rule in self.rules if isinstance(rule, Scores)}

    @cached_property
    def by_quintiles(self) -> tuple[Scores, ...]:
        """The scores whose edges are made from all profiles."""
        return tuple(rule for rule in self.scores.values() if rule.is_by_quintiles)
