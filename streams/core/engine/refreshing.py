"""Quintile edges made anew as a stream goes by, where one shard holds all profiles, as in a replay.

Comes in: batches in the order to apply them, and the time. Goes out: the changes of the shard, and those that follow
from new edges. When edges move, docs/semantics.md#quintiles says.
"""

from collections.abc import Iterator

import numpy as np

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.shard import Shard
from streams.core.scores.quintiles import Populations, Quintiles


class Refreshing:
    """A shard whose edges are settled at each multiple of `refresh` that the stream of its events passes.

    passed_ms: how far the stream and the time have come; None at the beginning. limit: profiles a tick.
    """

    def __init__(self, shard: Shard, passed_ms: int | None = None, limit: int = 10_000):
        self._shard = shard
        self._limit = limit
        self.passed_ms = passed_ms
        self._rules = shard.catalog.rulebook.by_quintiles

    def step(self, batch: Batch) -> Iterator[Change]:
        """Apply events; the edges of an instant are settled before the first event that reaches it."""
        if not self._rules or not len(batch):
            yield from self._shard.step(batch)
            return
        first_ms = int(batch.ts[0]) if self.passed_ms is None else self.passed_ms
        passed = np.maximum.accumulate(np.concatenate([[first_ms], batch.ts]))
        new = [np.diff(passed // rule.refresh_ms) > 0 for rule in self._rules]
        start = 0
        for place in np.flatnonzero(np.any(new, axis=0)).tolist():
            yield from self._shard.step(batch[start:place])
            yield from self._pass_refreshes(int(passed[place]), int(passed[place + 1]))
            start = place
        yield from self._shard.step(batch[start:])
        self.passed_ms = int(passed[-1])

    def pass_time(self, now_ms: int) -> Iterator[Change]:
        """Time comes to `now_ms` for all profiles."""
        passed_ms = now_ms if self.passed_ms is None else self.passed_ms
        yield from self._pass_refreshes(passed_ms, now_ms)
        yield from self._tick(now_ms)
        self.passed_ms = max(passed_ms, now_ms)

    def _pass_refreshes(self, after_ms: int, until_ms: int) -> Iterator[Change]:
        multiples = [range((after_ms // r + 1) * r, until_ms + 1, r) for r in {rule.refresh_ms for rule in self._rules}]
        for at_ms in sorted(set().union(*multiples)):
            yield from self._tick(at_ms - 1)
            for quintiles in self._settled(at_ms):
                self._shard.set_edges(quintiles)
            yield from self._tick(at_ms)

    def _settled(self, at_ms: int) -> list[Quintiles]:
        """The new edges of an instant, all of them by what is scored under the old ones."""
        if not len(self._shard.table):
            return []
        settled = [self._settle(rule.name, at_ms) for rule in self._rules if at_ms % rule.refresh_ms == 0]
        return [quintiles for quintiles in settled if quintiles is not None]

    def _settle(self, rule: str, at_ms: int) -> Quintiles | None:
        """None where nobody is scored and never was: edges that nobody made would be anybody's."""
        populations = Populations.of(*self._shard.measure(rule, at_ms))
        old = self._shard.quintiles(rule)
        if old is not None:
            return old.refreshed(at_ms, populations)
        return Quintiles.first(rule, at_ms, populations) if populations.f.size else None

    def _tick(self, now_ms: int) -> Iterator[Change]:
        yield from self._shard.tick(now_ms, self._limit)
        while self._shard.due <= now_ms:
            yield from self._shard.tick(now_ms, self._limit)
