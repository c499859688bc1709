"""One user: events accepted, time passed, changes owed (docs/semantics.md#when-rules-are-evaluated).

Comes in: events in order of arrival, and how far time has come. Goes out: the list of changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cached_property

from streams.core.events import Event
from streams.core.rules.nodes import Constant, Window
from streams.core.rules.nodes import Value as Term
from streams.core.rules.rulebook import Grouping, Rulebook, Segment
from tests.oracle.accepted import Accepted
from tests.oracle.merged import Merge, United
from tests.oracle.report import Expected, because, flip
from tests.oracle.scoring import Standing, edges_of, measures
from tests.oracle.values import compare
from tests.oracle.view import Held, View
from tests.oracle.walk import compared, features, moves, operands, rule_leaves


class Forgotten(Exception):
    """An event is so late that nobody knows any more by which edges its instant was scored: two refreshes that moved
    some. The engine takes the oldest it has; what it then makes of levels that others gave is not judged.
    """


@dataclass
class Profile:
    """`clock` is that of docs/semantics.md; `looked`: up to then nothing is left to flip by itself."""

    subject: str
    rulebook: Rulebook
    zone: tzinfo
    standings: Mapping[str, Standing]
    accepted: Accepted
    clock: int | None = None
    looked: int = 0
    held: dict[str, Held] = field(default_factory=dict)
    ordinals: dict[str, int] = field(default_factory=dict)
    changes: list[Expected] = field(default_factory=list)

    def receive(self, event: Event) -> None:
        """Deadlines up to the event's time come first; a duplicate moves no time."""
        if self.accepted.repeats(event):
            return
        self.pass_time(event.ts)
        at = event.ts if self.clock is None else max(self.clock, event.ts)
        if any(at < standing.known_ms for standing in self.standings.values()):
            raise Forgotten
        before = self.view(at)
        self.accepted = self.accepted.and_then(event)
        self.clock = self.looked = at
        self.evaluate(before, self.view(at), "event", event.message_id)

    def take_in(self, other: "Profile", merge: Merge) -> None:
        """Another is this one from then on: in what either was in, since the earlier; then evaluated once."""
        assert self.clock is not None
        assert other.clock is not None
        at = max(merge.ts, self.clock, other.clock)
        before, told = self.view(at), dict(self.held)
        self.held = {name: joined(told.get(name), other.held.get(name)) for name in {*told, *other.held}}
        self.accepted = United(self.accepted, other.accepted)
        self.clock = self.looked = at
        after = self.view(at)
        self.evaluate(before, after, "merge", merge.message_id)
        for name in self.rulebook.names:
            segment = after.is_in(name)
            both = [held[name].since for held in (told, other.held) if is_at(held, name, segment)]
            if segment is None:
                self.held.pop(name, None)
            elif both:
                self.held[name] = Held(segment, min(both))

    def leave(self, merge: Merge) -> list[Expected]:
        """What is told where this one is another from then on."""
        assert self.clock is not None
        return [
            Expected(
                subject=self.subject,
                rule=name,
                type="segment.exited",
                segment=self.held[name].segment,
                previous=None,
                occurred_at=max(merge.ts, self.clock),
                cause="merge",
                event_id=merge.message_id,
                ordinal=self.ordinals[name] + 1,
                because=(),
                segments=(),
                traits={},
            )
            for name in (each.name for each in self.rulebook.rules if not each.is_shadow)
            if name in self.held
        ]

    def pass_time(self, until: int) -> None:
        """Work off the deadlines up to and with `until`: look wherever something could flip."""
        while self.clock is not None and self.looked < until:
            self.looked = self.next_look(self.looked, until)
            self.evaluate(self.view(self.looked - 1), self.view(self.looked), "timer", None)

    def next_look(self, now: int, until: int) -> int:
        """Windows move at whole days and hours, stays end, edges move; else only what is linear in time can flip."""
        stops = [until, *self.accepted.boundaries(self.windows, now, self.zone)]
        ends = [*self.stay_ends(), *(standing.since_ms for standing in self.standings.values())]
        return self.first_crossing(now, min([*stops, *(at for at in ends if at > now)]))

    def first_crossing(self, now: int, stop: int) -> int:
        """The first millisecond before `stop` at which some comparison's sides stand otherwise than now, or `stop`.

        Between two stops what is linear in time only rises or only falls, so two sides change order once. A score
        is no such line, but while no value crosses an edge it stands still.
        """
        pairs = [*self.moving, *self.nearing(now)]
        here, low, high = self.orders(now, pairs), now, stop
        if self.orders(stop - 1, pairs) == here:
            return stop
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.orders(middle, pairs) == here else (low, middle)
        return high

    def orders(self, at: int, pairs: Sequence[tuple[Term, Term]]) -> list[tuple[bool, bool]]:
        """Of each pair: whether its left side is the smaller, whether it is the greater."""
        view = self.view(at)
        values = [(view.value(left), view.value(right)) for left, right in pairs]
        return [(compare("<", left, right), compare(">", left, right)) for left, right in values]

    def stay_ends(self) -> list[int]:
        stays = {rule.name: rule.min_stay_ms for rule in self.rulebook.rules if isinstance(rule, Segment)}
        return [self.held[name].since + stay_ms for name, stay_ms in stays.items() if name in self.held]

    def evaluate(self, before: View, after: View, cause: str, event_id: str | None) -> None:
        """All rules once, at one instant; what flips is reported in the order of the names."""
        for rule in self.rulebook.groupings:
            if after.is_in(rule.name) != before.was_in(rule.name):
                self.clock = after.at
                self.ordinals[rule.name] = self.ordinals.get(rule.name, 0) + 1
                self.hold(rule.name, after)
                if not rule.is_shadow:
                    self.changes.append(self.change(rule, before, after, cause, event_id))

    def hold(self, name: str, after: View) -> None:
        segment = after.is_in(name)
        if segment is None:
            self.held.pop(name, None)
        else:
            self.held[name] = Held(segment, after.at)

    def change(self, rule: Grouping, before: View, after: View, cause: str, event_id: str | None) -> Expected:
        kind, segment, previous = flip(rule, before.was_in(rule.name), after.is_in(rule.name))
        memberships = [after.is_in(each.name) for each in self.rulebook.rules if not each.is_shadow]
        included = {name: after.trait(name) for name in rule.include}
        return Expected(
            subject=self.subject,
            rule=rule.name,
            type=kind,
            segment=segment,
            previous=previous,
            occurred_at=after.at,
            cause=cause,
            event_id=event_id,
            ordinal=self.ordinals[rule.name],
            because=because(rule, before, after),
            segments=tuple(membership for membership in memberships if membership is not None),
            traits={name: value for name, value in included.items() if value is not None},
        )

    def view(self, at: int) -> View:
        return View(self.rulebook, self.zone, at, self.accepted, dict(self.held), self.standings)

    # what time moves

    @cached_property
    def compared(self) -> list[tuple[Term, Term]]:
        """The two sides of every comparison of the rules."""
        return [pair for rule in self.rulebook.groupings for leaf in rule_leaves(rule) for pair in compared(leaf)]

    @cached_property
    def moving(self) -> list[tuple[Term, Term]]:
        """Of these, the ones that time moves."""
        return [(left, right) for left, right in self.compared if moves(left) or moves(right)]

    def nearing(self, now: int) -> list[tuple[Term, Term]]:
        """The scored values that time moves, each with each of its edges."""
        held = [(self.rulebook.scores[name], standing.at(now)) for name, standing in self.standings.items()]
        pairs = [pair for rule, edges in held if edges is not None for pair in edges_of(rule, edges)]
        return [(value, Constant(edge)) for value, edge in pairs if moves(value)]

    @cached_property
    def windows(self) -> set[Window]:
        """All that the rules read."""
        terms = [term for rule in self.rulebook.groupings for leaf in rule_leaves(rule) for term in operands(leaf)]
        terms += [term for rule in self.rulebook.scores.values() for term in measures(rule)]
        return {feature for term in terms for feature in features(term) if isinstance(feature, Window)}


def joined(told: Held | None, other: Held | None) -> Held:
    """What a survivor comes in: its own level, where both have another of a tier."""
    if told is None or other is None:
        [held] = [each for each in (told, other) if each is not None]
        return held
    return Held(told.segment, min(told.since, other.since)) if told.segment == other.segment else told


def is_at(held: Mapping[str, Held], name: str, segment: str | None) -> bool:
    return name in held and held[name].segment == segment
