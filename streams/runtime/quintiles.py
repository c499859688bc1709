"""Quintile edges kept up to date: this worker's part in what `streams.core.scores.consensus` says.

    tell    how the profiles of each of our shards are spread, once its time has come to a refresh
    agree   on the edges: whoever finds that enough has been told makes them, and the quickest decides
    take    give the edges to our shards, each once its time has come to their instant

Comes in: loaded shards, and what all workers of the group keep in Redis. Goes out: shards that all score by the same
edges; what changes by new ones is told by `tick`, in slices like all that time brings.

Nothing waits for any of it, nor is it part of a checkpoint: the edges that a shard scores by are in its head. What a
worker did not get done is done at the next call, here or elsewhere.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import numpy as np

from streams.core.arrays import Floats
from streams.core.engine.shard import Shard
from streams.core.instants import format_time
from streams.core.rules.rulebook import Rulebook, Scores
from streams.core.scores.consensus import Report, measure_at, newest_refresh, next_edges
from streams.core.scores.quintiles import Populations, Quintiles
from streams.errors import SegmenterError
from streams.log import Throttle, log
from streams.state.format import POPULATIONS, QUINTILES, SETTLED
from streams.state.store import GroupStore

# Profiles measured at once: some 10 ms.
SLICE: Final = 10_000


class Ready(Protocol):
    """A loaded shard."""

    @property
    def shard(self) -> Shard: ...

    @property
    def settled_ms(self) -> int:
        """The time that has come for all profiles, with nothing of it left to be worked off."""


class Refresher:
    """`rulebook` gives the rules in force, `loaded` our shards by number, `clock` the time in ms."""

    def __init__(
        self,
        rulebook: Callable[[], Rulebook],
        store: GroupStore,
        clock: Callable[[], int],
        loaded: Callable[[], Mapping[int, Ready]],
    ):
        self._rulebook = rulebook
        self._store = store
        self._clock = clock
        self._loaded = loaded
        self._told: dict[tuple[str, int], int] = {}  # by rule's subject and shard: as of when we told of it last
        self._may_tell = Throttle()

    async def refresh(self) -> None:
        """All that can be done now. Where Redis does not take part, it waits for the next time."""
        rules = self._rulebook().by_quintiles
        if not rules:
            return
        try:
            agreed = await self._store.read(QUINTILES)
            for rule in rules:
                await self._refresh(rule, agreed.get(_subject(rule), b""))
        except SegmenterError as error:
            if self._may_tell():
                log.warning("worker - quintile edges stay as they are: %s", error)

    async def _refresh(self, rule: Scores, was: bytes) -> None:
        quintiles = Quintiles.decode(was) if was else None
        told_ms = [await self._tell(rule, number, ready, quintiles) for number, ready in self._running(rule).items()]
        if newest_refresh(rule, max(told_ms, default=0)) > (quintiles.at_ms if quintiles is not None else 0):
            quintiles = await self._agree(rule, quintiles, was)
        if quintiles is not None:
            self._take(rule, quintiles)

    def _running(self, rule: Scores) -> Mapping[int, Ready]:
        """Our shards that score by this rule: others have not taken it over yet."""
        loaded = self._loaded().items()
        return {number: ready for number, ready in loaded if _scores_by(ready.shard, rule)}

    async def _tell(self, rule: Scores, number: int, ready: Ready, agreed: Quintiles | None) -> int:
        """As of when we told of the shard last; 0 if never."""
        told_ms = self._told.get((_subject(rule), number), 0)
        at_ms = measure_at(rule, agreed, told_ms, ready.settled_ms)
        if at_ms is None:
            return told_ms
        populations = await measured(ready.shard, rule.name, at_ms)
        report = Report(rule.version, at_ms, self._clock(), populations)
        await self._store.put(POPULATIONS.under(rule.name), number, report.encode())
        self._told[_subject(rule), number] = at_ms
        return at_ms

    async def _agree(self, rule: Scores, agreed: Quintiles | None, was: bytes) -> Quintiles | None:
        """The newest edges: ours, if they can be made by now and nobody was quicker."""
        told = await self._store.read(POPULATIONS.under(rule.name))
        reports = {number: Report.decode(raw) for number, raw in told.items()}
        shards = int(await self._store.get(SETTLED, "partitions") or 0)
        if not shards:
            return agreed  # Redis was emptied just now: nobody knows whose reports are missing
        ours = next_edges(rule, agreed, reports, shards, self._clock())
        if ours is None:
            return agreed
        found = await self._store.replace(QUINTILES, _subject(rule), was, ours.encode())
        if found != was:
            return Quintiles.decode(found) if found else None
        if agreed is None or agreed.version < ours.version:
            log.info("scores %s - new edges of %s, version %d", rule.name, format_time(ours.at_ms), ours.version)
        return ours

    def _take(self, rule: Scores, quintiles: Quintiles) -> None:
        for ready in self._running(rule).values():
            newest = ready.shard.quintiles(quintiles.rule)
            is_newer = newest is None or newest.at_ms < quintiles.at_ms
            # A backlog is scored by the edges of its own time.
            if is_newer and quintiles.at_ms <= ready.settled_ms:
                ready.shard.set_edges(quintiles)


async def measured(shard: Shard, rule: str, at_ms: int) -> Populations:
    """How a shard's profiles are spread; in slices, so that its events keep flowing."""
    slices: list[Floats] = []
    for start in range(0, len(shard.table) + 1, SLICE):
        slices.append(np.array(shard.measure(rule, at_ms, slice(start, start + SLICE))))
        await asyncio.sleep(0)
    # Sorting a million numbers takes a while, too.
    return await asyncio.to_thread(lambda: Populations.of(*np.concatenate(slices, axis=1)).thinned())


def _scores_by(shard: Shard, rule: Scores) -> bool:
    ours = shard.catalog.rulebook.scores.get(rule.name)
    return ours is not None and ours.version == rule.version


def _subject(rule: Scores) -> str:
    """What edges are agreed on for: workers with other rules, as during an upgrade, score by edges of their own."""
    return f"{rule.name} {rule.version}"
