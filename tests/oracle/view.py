"""A profile as of one instant: every feature recomputed from the plain list of what was accepted.

Comes in: the accepted events, the memberships held so far, the instant. Goes out: values, truths, memberships.
"""

from collections.abc import Mapping

from streams.core.events import Value
from streams.core.features import (
    DAY_MS,
    HOUR_MS,
    EventSet,
    Feature,
    FirstSeen,
    IdleSince,
    Instant,
    LastSeen,
    Lifetime,
    Trait,
    TraitTime,
    Window,
)
from streams.core.rules import Rulebook, Segment
from streams.core.tree import (
    All,
    Always,
    Arithmetic,
    Compare,
    Condition,
    Constant,
    Elapsed,
    InSegment,
    Missing,
    Not,
    Read,
    Some,
    Truth,
    Within,
)
from streams.core.tree import Value as Term
from tests.oracle.accepted import Accepted
from tests.oracle.traits import read_time
from tests.oracle.values import calculate, compare, number_or, total


class View:
    """A profile as of one instant: what it had accepted, and the memberships it came with."""

    def __init__(self, rulebook: Rulebook, utc_offset_ms: int, at: int, accepted: Accepted, since: Mapping[str, int]):
        self.rules = {rule.name: rule for rule in rulebook.segments}
        self.utc_offset_ms = utc_offset_ms
        self.at = at
        self.accepted = accepted
        self.since = since
        self.decided: dict[str, bool] = {}

    # memberships: contract 3

    def was_member(self, name: str) -> bool:
        return name in self.since

    def member(self, name: str) -> bool:
        """Membership at the end of this instant."""
        if name not in self.decided:
            self.decided[name] = self.decide(self.rules[name])
        return self.decided[name]

    def decide(self, rule: Segment) -> bool:
        if rule.name not in self.since:
            return self.holds(rule.enter) and not (rule.exit is not None and self.holds(rule.exit))
        if self.at < self.since[rule.name] + rule.min_stay_ms:
            return True
        return not self.holds(rule.exit) if rule.exit is not None else self.holds(rule.enter)

    # conditions and values: contract 3.1

    def holds(self, condition: Condition) -> bool:
        match condition:
            case All(parts):
                return all(self.holds(part) for part in parts)
            case Some(parts):
                return any(self.holds(part) for part in parts)
            case Not(part):
                return not self.holds(part)
            case Always(value):
                return value
            case Compare(operator, left, right):
                return compare(operator, self.value(left), self.value(right))
            case InSegment(segment):
                return self.member(segment)
            case _:
                return self.says(condition)

    def says(self, leaf: Within | Truth | Missing) -> bool:
        match leaf:
            case Within(item, options, True):
                return all(compare("!=", self.value(item), option) for option in options)
            case Within(item, options):
                return any(compare("==", self.value(item), option) for option in options)
            case Truth(value):
                return self.value(value) is True
            case Missing(value):
                return self.value(value) is None

    def value(self, term: Term) -> Value:
        match term:
            case Constant(value):
                return number_or(value)
            case Read(feature):
                return self.read(feature)
            case Elapsed(instant, unit_ms, sign):
                ts = self.instant(instant)
                return None if ts is None else sign * (self.at - ts) / unit_ms
            case Arithmetic(operator, left, right):
                return calculate(operator, self.value(left), self.value(right))

    # features: contract 3.1

    def read(self, feature: Feature) -> Value:
        match feature:
            case Window():
                return self.window(feature)
            case Lifetime(events):
                return float(len(self.accepted.of(events)))
            case Trait(name):
                return self.trait(name)
            case _:
                raise AssertionError("an instant is read through Elapsed")

    def window(self, window: Window) -> Value:
        newest = self.bucket(self.at, window.unit) - window.before
        inside = [
            fact
            for fact in self.accepted.of(window.events)
            if newest - window.length < self.bucket(fact.ts, window.unit) <= newest
        ]
        if window.statistic == "count":
            return float(len(inside))
        if window.statistic == "active_days":
            return float(len({self.bucket(fact.ts, "day") for fact in inside}))
        return total([fact.properties.get(window.prop or "") for fact in inside])

    def instant(self, instant: Instant) -> int | None:
        match instant:
            case LastSeen(events):
                return max((fact.ts for fact in self.accepted.of(events)), default=None)
            case IdleSince():
                active = [fact.ts for fact in self.accepted.of(EventSet(None))]
                return max(active) if active else self.accepted.first_ts
            case FirstSeen():
                return self.accepted.first_ts
            case TraitTime(name):
                return read_time(self.trait(name))

    def trait(self, name: str) -> Value:
        return self.accepted.trait(name)

    def bucket(self, ts: int, unit: str) -> int:
        return ts // HOUR_MS if unit == "hour" else (ts + self.utc_offset_ms) // DAY_MS
