"""What a rule file means once it is checked: the rules, in the order of their names.

Comes in: checked expressions from `streams.rulefiles`. Goes out: the rulebook that a shard runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from streams.core.tree import Condition


@dataclass(frozen=True)
class Segment:
    """In or out. `version` hashes what the rule means, not its description (`sha256:` and 64 hex digits)."""

    name: str
    enter: Condition
    exit: Condition | None = None
    min_stay_ms: int = 0
    include: tuple[str, ...] = ()
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    version: str = ""


@dataclass(frozen=True)
class Rulebook:
    """All rules, sorted by name (code points), as every report of one instant is."""

    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        names = [segment.name for segment in self.segments]
        if names != sorted(set(names)):
            raise ValueError("a rulebook holds rules of different names, sorted by name")

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(segment.name for segment in self.segments)
