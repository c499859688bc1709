"""Changes: a membership that flipped or a level that is another one, with the reason."""

from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any, Literal

import msgspec

from streams.core.instants import format_time
from streams.core.subjects import USER, SubjectKind

Type = Literal["segment.entered", "segment.exited", "segment.changed"]
Cause = Literal["event", "timer", "rule_change", "backfill", "erase", "merge"]
CAUSES: tuple[Cause, ...] = ("event", "timer", "rule_change", "merge")
OLD_NEWS: frozenset[Cause] = frozenset({"rule_change", "backfill", "erase"})


class Reason(msgspec.Struct, frozen=True, gc=False):
    """One condition of the rule: its text, its value, its truth before the instant and at it."""

    condition: str
    value: Any
    was: bool
    now: bool

    @property
    def flipped(self) -> bool:
        return self.was != self.now


class Change(msgspec.Struct, frozen=True, gc=False):
    """What became of a subject by one rule at `occurred_at` (ms). `ordinal` counts its changes by the rule from 1.

    segment: the rule's name; of a tier with the level, `lifecycle/power`. previous: what a `segment.changed` leaves;
    None where the tier gave no level before. merged_into: of who leaves because another subject is who it was from now
    on. is_shadow: the rule is in shadow: this is for whoever keeps its members, and nobody else is told.
    """

    subject: str
    rule: str
    type: Type
    segment: str
    previous: str | None
    occurred_at: int
    cause: Cause
    event_id: str | None
    ordinal: int
    rule_version: str
    because: tuple[Reason, ...]
    segments: tuple[str, ...]
    traits: Mapping[str, Any]
    kind: SubjectKind = USER
    merged_into: str | None = None
    is_shadow: bool = False

    @property
    def id(self) -> str:
        """The same change always bears the same id."""
        parts = f"{self.subject}\0{self.rule}\0{self.ordinal}\0{format_time(self.occurred_at)}"
        return sha256(parts.encode()).hexdigest()

    @property
    def entered(self) -> bool:
        """Whether the subject is in `segment` from now on, or no longer."""
        return self.type != "segment.exited"

    def concerns(self, names: Collection[str]) -> bool:
        """Whether it is about one of these: rules, or segments that the subject is in from now on or no longer."""
        return not {self.rule, self.segment, self.previous}.isdisjoint(names)

    def is_live(self, detected_at: int, live_within_ms: int) -> bool:
        """False for news that is old by its cause or by its age, and of who is somebody else from now on."""
        if self.merged_into is not None:
            return False
        return self.cause not in OLD_NEWS and detected_at - self.occurred_at <= live_within_ms
