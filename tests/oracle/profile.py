"""One user: events accepted, time passed, changes owed (contract 2.4, 3.2 and 4).

Comes in: events in order of arrival, and how far time has come. Goes out: the list of changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from streams.core.events import Event, Value
from streams.core.features import DAY_MS, HOUR_MS, Window
from streams.core.rules import Rulebook, Segment
from streams.core.tree import Compare, Constant, Elapsed, InSegment, Leaf
from streams.core.tree import Value as Term
from tests.oracle.accepted import Accepted
from tests.oracle.values import compare
from tests.oracle.view import View
from tests.oracle.walk import compared, features, operands, parts, rule_leaves


class Reason(NamedTuple):
    condition: str
    value: Value
    was: bool
    now: bool


class Expected(NamedTuple):
    """One change that the engine owes."""

    user: str
    rule: str
    entered: bool
    occurred_at: int
    cause: str
    event_id: str | None
    ordinal: int
    because: tuple[Reason, ...]
    segments: tuple[str, ...]
    traits: Mapping[str, Value]


@dataclass
class Profile:
    user: str
    rulebook: Rulebook
    utc_offset_ms: int
    accepted: Accepted = field(default_factory=Accepted)
    clock: int | None = None
    since: dict[str, int] = field(default_factory=dict)
    ordinals: dict[str, int] = field(default_factory=dict)
    changes: list[Expected] = field(default_factory=list)

    def receive(self, event: Event) -> None:
        """Deadlines up to the event's time come first; a duplicate moves no time."""
        if self.accepted.repeats(event):
            return
        self.pass_time(event.ts)
        at = event.ts if self.clock is None else max(self.clock, event.ts)
        before = self.view(at)
        self.accepted = self.accepted.and_then(event)
        self.clock = at
        self.evaluate(before, self.view(at), "event", event.message_id)

    def pass_time(self, until: int) -> None:
        """Work off the deadlines after the clock, up to and with `until`: look wherever something could flip."""
        if self.clock is None:
            return
        now = self.clock
        while now < until:
            now = self.next_look(now, until)
            self.evaluate(self.view(now - 1), self.view(now), "timer", None)

    def next_look(self, now: int, until: int) -> int:
        """Windows move at whole days and hours, stays end; in between only what is linear in time can flip."""
        stops = [until, *(self.next_boundary(now, unit) for unit in self.units)]
        stops += [end for end in self.stay_ends() if end > now]
        return self.first_crossing(now, min(stops))

    def first_crossing(self, now: int, stop: int) -> int:
        """The first millisecond before `stop` at which some comparison's sides stand otherwise than now, or `stop`.

        Between two stops what is linear in time only rises or only falls, so two sides change order once.
        """
        here, low, high = self.orders(now), now, stop
        if self.orders(stop - 1) == here:
            return stop
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.orders(middle) == here else (low, middle)
        return high

    def orders(self, at: int) -> list[tuple[bool, bool]]:
        """Of every comparison that time moves: whether its left side is the smaller, whether it is the greater."""
        view = self.view(at)
        values = [(view.value(left), view.value(right)) for left, right in self.moving]
        return [(compare("<", left, right), compare(">", left, right)) for left, right in values]

    def next_boundary(self, now: int, unit: str) -> int:
        if unit == "hour":
            return (now // HOUR_MS + 1) * HOUR_MS
        return ((now + self.utc_offset_ms) // DAY_MS + 1) * DAY_MS - self.utc_offset_ms

    def stay_ends(self) -> list[int]:
        return [self.since[rule.name] + rule.min_stay_ms for rule in self.rulebook.segments if rule.name in self.since]

    def evaluate(self, before: View, after: View, cause: str, event_id: str | None) -> None:
        """All rules once, at one instant; what flips is reported in the order of the names."""
        for rule in self.rulebook.segments:
            if after.member(rule.name) != before.was_member(rule.name):
                self.clock = after.at
                self.flip(rule.name, after)
                self.changes.append(self.change(rule, before, after, cause, event_id))

    def flip(self, name: str, after: View) -> None:
        self.ordinals[name] = self.ordinals.get(name, 0) + 1
        if after.member(name):
            self.since[name] = after.at
        else:
            del self.since[name]

    def change(self, rule: Segment, before: View, after: View, cause: str, event_id: str | None) -> Expected:
        included = {name: after.trait(name) for name in rule.include}
        return Expected(
            user=self.user,
            rule=rule.name,
            entered=after.member(rule.name),
            occurred_at=after.at,
            cause=cause,
            event_id=event_id,
            ordinal=self.ordinals[rule.name],
            because=because(rule, before, after),
            segments=tuple(name for name in self.rulebook.names if after.member(name)),
            traits={name: value for name, value in included.items() if value is not None},
        )

    def view(self, at: int) -> View:
        return View(self.rulebook, self.utc_offset_ms, at, self.accepted, dict(self.since))

    @cached_property
    def leaves(self) -> list[Leaf]:
        return [leaf for rule in self.rulebook.segments for leaf in rule_leaves(rule)]

    @cached_property
    def units(self) -> set[str]:
        """The units of the windows that the rules read."""
        reads = (feature for leaf in self.leaves for term in operands(leaf) for feature in features(term))
        return {feature.unit for feature in reads if isinstance(feature, Window)}

    @cached_property
    def moving(self) -> list[tuple[Term, Term]]:
        """The two sides of every comparison that time moves."""
        pairs = [pair for leaf in self.leaves for pair in compared(leaf)]
        return [pair for pair in pairs if any(isinstance(part, Elapsed) for side in pair for part in parts(side))]


def because(rule: Segment, before: View, after: View) -> tuple[Reason, ...]:
    """Every leaf, of `enter` and then of `exit`, equal texts once; those that flipped first."""
    leaves = {leaf.text: leaf for leaf in rule_leaves(rule)}
    reasons = [
        Reason(text, shown(after, leaf), truth_before(before, leaf), after.holds(leaf)) for text, leaf in leaves.items()
    ]
    return tuple(sorted(reasons, key=lambda reason: reason.was == reason.now))


def truth_before(before: View, leaf: Leaf) -> bool:
    """Before its first event a profile says no to everything."""
    if isinstance(leaf, InSegment):
        return before.was_member(leaf.segment)
    return bool(before.accepted) and before.holds(leaf)


def shown(view: View, leaf: Leaf) -> Value:
    match leaf:
        case InSegment(segment):
            return view.member(segment)
        case Compare(_, Constant(), right):
            return view.value(right)
        case _:
            return view.value(operands(leaf)[0])
