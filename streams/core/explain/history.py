"""Since when each condition of the rules holds of a subject, or does not.

Comes in: a rulebook and a subject's events. Goes out: an instant for each condition. A profile does not keep these. But
a membership has its time; so each condition is made a segment of its own, in which the subject is while it holds.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from streams.core.batch import Batch
from streams.core.calendar import UTC, Calendar
from streams.core.changes import Change
from streams.core.engine.shard import Shard
from streams.core.engine.storable import NO_PRIVATE_TRAITS
from streams.core.explain.forecast import alone, clock
from streams.core.kernel.layout import FEWEST_IDS
from streams.core.rules.nodes import Leaf
from streams.core.rules.rulebook import Rulebook, Segment
from streams.core.rules.traversal import as_others_read, rule_leaves
from streams.core.scores.quintiles import Quintiles

BEFORE_ALL_NAMES = "\0"  # no rule in a file is called so


class Since(NamedTuple):
    """When a condition came to hold or not to hold; None if it never held. exact: False if maybe before that, too."""

    ms: int | None
    exact: bool


@lru_cache(maxsize=4)
def observed(rulebook: Rulebook) -> "Observed":
    """Kept for the latest few: whoever explains one subject after the other would make it anew for each."""
    return Observed(rulebook)


class Observed:
    """A rulebook, and its conditions as segments beside its rules.

    segment_of: what each condition's segment is called.
    """

    def __init__(self, rulebook: Rulebook):
        conditions = dict.fromkeys(leaf for rule in rulebook.groupings for leaf in rule_leaves(rule))
        self.segment_of = {leaf: f"{BEFORE_ALL_NAMES}{place:06}" for place, leaf in enumerate(conditions)}
        observers = [Segment(name, as_others_read(leaf)) for leaf, name in self.segment_of.items()]
        self.rulebook = Rulebook((*observers, *rulebook.rules))

    def since(self, shard: Shard, subject: str, at_ms: int) -> Mapping[Leaf, int | None]:
        """Since when each condition is as it is, in a shard under this rulebook; None where it never held."""
        since = {standing.rule: standing.since_ms for standing in shard.explain(subject, at_ms)}
        return {leaf: since[name] for leaf, name in self.segment_of.items()}


class Watching(Shard):
    """A shard that also watches the conditions of one of its subjects, from the first event on."""

    def __init__(
        self,
        rulebook: Rulebook,
        subject: str,
        calendar: Calendar = UTC,
        private_traits: frozenset[str] = NO_PRIVATE_TRAITS,
        remembered_ids: int = FEWEST_IDS,
    ):
        super().__init__(rulebook, calendar, private_traits, remembered_ids=remembered_ids)
        self.subject = subject
        self._observed = observed(rulebook)
        self._observer = Shard(self._observed.rulebook, calendar, remembered_ids=remembered_ids)

    def step(self, batch: Batch) -> list[Change]:
        places = [place for place, event in enumerate(batch.events) if event.subject == self.subject]
        self._observer.step(batch.take(np.array(places, np.int64)))
        return super().step(batch)

    def tick(self, now_ms: int, limit: int = 10_000) -> list[Change]:
        self._observer.tick(now_ms)
        return super().tick(now_ms, limit)

    def set_edges(self, quintiles: Quintiles) -> None:
        self._observer.set_edges(quintiles)
        super().set_edges(quintiles)

    def since(self, at_ms: int) -> Mapping[Leaf, Since]:
        """As of `at_ms`, exactly."""
        copy = alone(self._observer, self.subject, self._observed.rulebook)
        copy.tick(at_ms)
        return {leaf: Since(ms, exact=True) for leaf, ms in self._observed.since(copy, self.subject, at_ms).items()}


def since_or_before(shard: Shard, subject: str, at_ms: int) -> Mapping[Leaf, Since]:
    """As of `at_ms`, for a subject whose past was not watched.

    After the profile's clock only time has passed: what it flipped since then is known exactly. All else holds since
    then or before.
    """
    watched = observed(shard.catalog.rulebook)
    copy = alone(shard, subject, watched.rulebook)
    begun_ms = max(copy.time_ms, clock(copy, subject))
    copy.tick(at_ms)
    found = watched.since(copy, subject, at_ms)
    flipped = {leaf: Since(ms, exact=True) for leaf, ms in found.items() if ms is not None and ms > begun_ms}
    return dict.fromkeys(found, Since(begun_ms, exact=False)) | flipped
