"""All profiles, the time that has come for them, and the edges of quintiles (docs/semantics.md#quintiles).

Comes in: events in order of arrival, and how far time has come. Goes out: profiles with their changes.
"""

from collections.abc import Iterable
from datetime import tzinfo

from streams.core.events import Event
from streams.core.rules.rulebook import Rulebook, Scores
from tests.oracle.accepted import Accepted
from tests.oracle.merged import Merge
from tests.oracle.profile import Profile
from tests.oracle.report import Expected
from tests.oracle.scoring import Standing, new_edges

ALWAYS = -(1 << 62)


class Population:
    def __init__(self, rulebook: Rulebook, zone: tzinfo, history: type[Accepted]):
        self.rulebook = rulebook
        self.zone = zone
        self.history = history
        self.profiles: dict[str, Profile] = {}
        self.survivors: dict[str, str] = {}
        self.left: dict[str, list[Expected]] = {}  # what was told of those who are others now
        self.standings = {
            rule.name: Standing(rule.fixed, ALWAYS, None, ALWAYS)
            for rule in rulebook.scores.values()
            if rule.fixed is not None
        }
        self.stream_ms: int | None = None
        self.come_ms = 0

    def receive(self, event: Event) -> None:
        self.pass_refreshes(event.ts)
        subject = event.subject
        while subject in self.survivors:
            subject = self.survivors[subject]
        if subject not in self.profiles:
            self.profiles[subject] = Profile(subject, self.rulebook, self.zone, self.standings, self.history())
        self.profiles[subject].receive(event)
        self.profiles[subject].pass_time(self.come_ms)

    def merge(self, merge: Merge) -> None:
        """Deadlines up to then come first, for both."""
        gone, survivor = self.profiles.pop(merge.gone), self.profiles[merge.into]
        gone.pass_time(max(merge.ts, self.come_ms))
        assert gone.clock is not None
        survivor.pass_time(max(merge.ts, gone.clock, self.come_ms))
        self.left[merge.gone] = [*self.left.get(merge.gone, ()), *gone.changes, *gone.leave(merge)]
        self.survivors[merge.gone] = merge.into
        survivor.take_in(gone, merge)
        survivor.pass_time(self.come_ms)

    def pass_time(self, now: int) -> None:
        self.pass_refreshes(now)
        self.come_ms = max(self.come_ms, now)
        for profile in self.profiles.values():
            profile.pass_time(self.come_ms)

    def pass_refreshes(self, now: int) -> None:
        """Edges are made anew at every multiple of `refresh` that the stream of arrivals passes on its way to `now`."""
        if self.stream_ms is not None:
            live = [rule for rule in self.rulebook.scores.values() if rule.fixed is None]
            for instant in sorted({at for rule in live for at in multiples(rule.refresh_ms, self.stream_ms, now)}):
                self.refresh([rule for rule in live if instant % rule.refresh_ms == 0], instant)
        self.stream_ms = now if self.stream_ms is None else max(self.stream_ms, now)

    def refresh(self, rules: Iterable[Scores], instant: int) -> None:
        """Time comes to the instant; there all profiles are evaluated, once, under the edges that hold from it on."""
        if not self.profiles:
            return
        for profile in self.profiles.values():
            profile.pass_time(instant - 1)
        moved = {rule.name: self.moved(rule, instant) for rule in rules}
        self.standings.update({name: standing for name, standing in moved.items() if standing is not None})
        for profile in self.profiles.values():
            profile.pass_time(instant)
        self.come_ms = max(self.come_ms, instant)

    def moved(self, rule: Scores, instant: int) -> Standing | None:
        """What stands from this refresh on: what stood, if no edge has moved; nothing while nobody was scored yet."""
        views = [profile.view(instant) for profile in self.profiles.values()]
        old = self.standings.get(rule.name)
        values = [view.scored_values(rule) for view in views if view.is_scored(rule)]
        if old is None and not values:
            return None
        edges = new_edges(old and old.edges, values)
        if old is None:
            return Standing(edges, instant, None, ALWAYS)
        return old if old.edges == edges else Standing(edges, instant, old.edges, old.since_ms)


def multiples(step: int, after: int, until: int) -> range:
    """The multiples of a step in `after` < x <= `until`.

    >>> list(multiples(10, 20, 40))
    [30, 40]
    """
    return range((after // step + 1) * step, until + 1, step)
