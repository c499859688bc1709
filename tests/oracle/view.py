"""A profile as of one instant: every feature recomputed from the plain list of what was accepted.

Comes in: the accepted events, the memberships held so far, the edges of scores, the instant. Goes out: values, truths,
memberships.
"""

from collections.abc import Mapping
from datetime import tzinfo
from typing import NamedTuple

from streams.core.events import Value
from streams.core.rules.nodes import Elapsed, Feature, Latest, Lifetime, Lowered, Property, Read, Score, Trait, Window
from streams.core.rules.nodes import Value as Term
from streams.core.rules.rulebook import Grouping, Rulebook, Scores, Segment, Tier
from tests.oracle.accepted import Accepted
from tests.oracle.conditions import Subject
from tests.oracle.scoring import Numbers, Scored, Standing, measures, scored
from tests.oracle.values import begin, bucket, canonical, countable, number_only, small, total


class Held(NamedTuple):
    """The segment that a profile is in by one rule (`churn-risk`, `lifecycle/power`), and since when."""

    segment: str
    since: int


class View(Subject):
    """A profile as of one instant: what it had accepted, the memberships it came with, and which edges hold when."""

    def __init__(
        self,
        rulebook: Rulebook,
        zone: tzinfo,
        at: int,
        accepted: Accepted,
        held: Mapping[str, Held],
        standings: Mapping[str, Standing],
    ):
        self.groupings = {rule.name: rule for rule in rulebook.groupings}
        self.scores = rulebook.scores
        self.zone = zone
        self.at = at
        self.elapsed_at = at
        self.accepted = accepted
        self.held = held
        self.standings = standings
        self.decided: dict[str, str | None] = {}
        self.found: dict[Feature, Value] = {}

    # memberships, as docs/semantics.md#segments says

    def was_in(self, name: str) -> str | None:
        return self.held[name].segment if name in self.held else None

    def is_in(self, name: str) -> str | None:
        """The segment that the profile is in by this rule at the end of this instant."""
        if name not in self.decided:
            self.decided[name] = self.decide(self.groupings[name])
        return self.decided[name]

    def member(self, segment: str) -> bool:
        return self.is_in(segment) is not None

    def decide(self, rule: Grouping) -> str | None:
        if isinstance(rule, Tier):
            level = self.level(rule)
            return None if level is None else f"{rule.name}/{level}"
        return rule.name if self.belongs(rule) else None

    def level(self, tier: Tier) -> str | None:
        if tier.scores is not None:
            scored = self.scored(tier.scores)
            return None if scored is None else scored.name
        return next(level.name for level in tier.levels if self.holds(level.condition))

    def belongs(self, rule: Segment) -> bool:
        if rule.name not in self.held:
            return self.holds(rule.enter) and not (rule.exit is not None and self.holds(rule.exit))
        if self.at < self.held[rule.name].since + rule.min_stay_ms:
            return True
        return not self.holds(rule.exit) if rule.exit is not None else self.holds(rule.enter)

    # values, as docs/semantics.md#values says

    def own(self, term: Read | Elapsed | Property | Score) -> Value:
        match term:
            case Read(feature):
                return self.read(feature)
            case Elapsed(instant, unit_ms, sign):
                ts = self.accepted.instant(instant, self.zone)
                return None if ts is None else sign * (self.elapsed_at - ts) / unit_ms
            case Score(rule, part):
                scored = self.scored(rule)
                return None if scored is None else scored.part(part)
            case _:
                return super().own(term)

    def apart(self, left: Elapsed, right: Elapsed) -> Value:
        """Exactly as long as it is from the one instant to the other."""
        one, two = (self.accepted.instant(each.instant, self.zone) for each in (left, right))
        return None if one is None or two is None else left.sign * (two - one) / left.unit_ms

    def scored(self, name: str) -> Scored | None:
        """Nobody has scores before there are edges, nor who is not among those that are scored."""
        if not self.is_scored(self.scores[name]):
            return None
        edges = self.standings[name].at(self.at) if name in self.standings else None
        return scored(self.scored_values(self.scores[name]), edges) if edges is not None else None

    def is_scored(self, rule: Scores) -> bool:
        return rule.among is None or self.holds(rule.among)

    def scored_values(self, rule: Scores) -> Numbers:
        """Recency, frequency and monetary value, where they are numbers."""
        recency, frequency, monetary = (self.value(term) for term in measures(rule))
        if rule.fixed is None:
            recency = self.as_of_1970(rule.recency)
        return number_only(recency), number_only(frequency), number_only(monetary)

    def as_of_1970(self, recency: Term) -> Value:
        """Edges of recency age by a day a day, as recency does: then neither has to, and equal stays equal exactly."""
        self.elapsed_at = 0
        value = self.value(recency)
        self.elapsed_at = self.at
        return value

    # features, as docs/semantics.md#windows says

    def read(self, feature: Feature) -> Value:
        if feature not in self.found:
            self.found[feature] = self.recomputed(feature)
        return self.found[feature]

    def recomputed(self, feature: Feature) -> Value:
        match feature:
            case Window():
                return self.window(feature)
            case Lifetime(events):
                return float(len(self.accepted.of(events)))
            case Trait(name):
                return self.trait(name)
            case Latest(events, prop):
                return self.accepted.latest(events, prop)
            case Lowered(of):
                return small(self.read(of))
            case _:
                raise AssertionError("an instant is read through Elapsed, what a list holds through Has")

    def window(self, window: Window) -> Value:
        newest = self.bucket(self.at, window.unit) - window.before
        since, until = (begin(each, window.unit, self.zone) for each in (newest - window.length + 1, newest + 1))
        inside = self.accepted.between(window.events, since, until)
        if window.statistic == "count":
            return float(len(inside))
        if window.statistic == "active_days":
            return float(len({self.bucket(fact.ts, "day") for fact in inside}))
        values = [fact.properties.get(window.prop or "") for fact in inside]
        if window.statistic == "distinct":
            return float(len({canonical(value) for value in values if value is not None}))
        numbers = countable(values)
        match window.statistic:
            case "sum":
                return total(numbers)
            case "values":
                return float(len(numbers))
            case "min":
                return min(numbers, default=None)
            case "max":
                return max(numbers, default=None)

    def trait(self, name: str) -> Value:
        return self.accepted.trait(name)

    def bucket(self, ts: int, unit: str) -> int:
        return bucket(ts, unit, self.zone)
