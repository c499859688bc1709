"""The profile as the scope of an expression: traits, clocks, scores, what its events come to, and its segments.

Comes in: names and calls. Goes out: what they read of the profile, and the segments that are asked for, with their
places.
"""

import ast
from collections.abc import Collection
from dataclasses import dataclass, field

from streams.core.instants import DAY_MS
from streams.core.language.calls import Call, dotted, open_call
from streams.core.language.faults import ExpressionFaults, did_you_mean
from streams.core.language.functions import read_call
from streams.core.language.scores import read_score
from streams.core.language.syntax import Source
from streams.core.language.values import Values
from streams.core.language.vocabulary import CLOCKS, FUNCTIONS, mistaken
from streams.core.rules.nodes import Elapsed, InSegment, Read, Score, Trait, Value
from streams.core.rules.rfm import NAMES


@dataclass(frozen=True, slots=True)
class Reference:
    """A segment, or scores, that an expression asks for, and where."""

    rule: str
    offset: int
    width: int


@dataclass(frozen=True)
class OfProfile:
    """The names are those of the other rules; without `segments` any segment may be asked for."""

    source: Source
    segments: Collection[str] | None = None
    tiers: Collection[str] = ()
    scores: Collection[str] = ()
    references: list[Reference] = field(default_factory=list)
    example_text: str = "plan"
    example_number: str = "idle_days"

    def name(self, node: ast.expr) -> Value:
        name = dotted(node) or ""
        if name in CLOCKS:
            return Elapsed(CLOCKS[name].instant, float(DAY_MS))
        if score := read_score(self.source, node, self.scores):
            self.references.append(Reference(score.rule, *self.source.place(node)))
            return score
        if mistake := mistaken(name):
            raise self.source.fault(node, mistake, f'for a trait of this name write trait("{name}")')
        return Read(Trait(name))

    def open(self, node: ast.Call) -> Call:
        return open_call(self.source, node, FUNCTIONS)

    def call(self, call: Call) -> Value:
        return read_call(call, Values(self).value)

    def segment(self, call: Call) -> InSegment:
        node, segment = call.arguments[0], call.text(0, "a segment")
        rule, _, level = segment.partition("/")
        known = self.segments is not None and segment in self.segments
        if rule in self.tiers and not known:
            hint = "write the condition of its level here, or make a segment of that"
            raise self.source.fault(node, f"`{rule}` is a tier: nobody is in or out of it", hint)
        if rule in self.scores and not known:
            raise self._of_scores(node, rule, level)
        if self.segments is not None and not known:
            raise self.source.fault(node, f"there is no segment `{segment}`", did_you_mean(segment, self.segments))
        self.references.append(Reference(segment, *self.source.place(node)))
        return InSegment(segment, self.source.text(call.node))

    def _of_scores(self, node: ast.expr, rule: str, level: str) -> ExpressionFaults:
        name = level if level in NAMES else "champions"
        return self.source.fault(
            node, f"`{rule}` has scores: nobody is in or out of it", f'write {rule}.name == "{name}", or {rule}.r >= 4'
        )


class OfScores(OfProfile):
    """The scope of what scores are made of: the profile without any scores."""

    def name(self, node: ast.expr) -> Value:
        value = super().name(node)
        if isinstance(value, Score):
            hint = "write what the profile has: idle_days, active_days(days=90), mrr"
            raise self.source.fault(node, "scores are not made of scores", hint)
        return value
