"""The inbox: a shard's inputs merged by time, so that a backlog is worked off in the order in which it happened.

Comes in: what each source's fetches brought, and whether a source has more that is not fetched yet.
Goes out: the events that may be applied now, and the offsets up to which all has been taken.

The merge always takes the source whose head has the smallest event time, on a tie the one named first. That equals a
stable merge by each source's running maximum of event time. What one shard told another has its turn by what led to it,
so that it comes after that in a state made anew, too. A source that has unread records, none of them fetched,
holds the others back: its head is not known (docs/semantics.md#the-order-of-events).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np

from streams.core.batch import Batch
from streams.core.kernel.layout import NEVER

NOTHING = Batch.of([])
NO_BOUNDS: Final[Mapping[str, int]] = MappingProxyType({})


class _Source:
    """What waits of one source. `next_offset`: all records below it have been fetched; None before the first."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.fetched: list[Batch] = []
        self.next_offset: int | None = None

    def waiting(self) -> Batch:
        self.fetched = [Batch.joined(self.fetched)] if self.fetched else [NOTHING]
        return self.fetched[0]


class Inbox:
    """One shard's inputs. `sources` are their topics, the one that goes first on a tie first; in a batch they are
    numbers.

    caught_up: source -> whether it has no record that is not fetched; set it as the broker tells. reached_ms: how far
    all sources have come together, which is not begun anew where a shard is loaded.
    """

    def __init__(self, sources: Sequence[str], reached_ms: int = NEVER):
        self._sources = {name: _Source(number) for number, name in enumerate(sources)}
        self.caught_up = dict.fromkeys(sources, False)
        self.reached_ms = reached_ms

    @property
    def sources(self) -> list[str]:
        """By their numbers."""
        return list(self._sources)

    def add(self, source: str, batch: Batch, next_offset: int) -> None:
        """Put in what a fetch brought; every record below `next_offset` has now been seen, usable or not."""
        self._sources[source].next_offset = next_offset
        if len(batch):
            self._sources[source].fetched.append(batch.of_source(self._sources[source].number))

    def held(self, source: str) -> int:
        """How many events of a source wait here."""
        return sum(map(len, self._sources[source].fetched))

    def positions(self) -> dict[str, int]:
        """Source -> the offset of the first record that has not been taken; sources never heard of left out."""
        found: dict[str, int] = {}
        for name, source in self._sources.items():
            if source.next_offset is not None:
                waiting = source.waiting()
                found[name] = int(waiting.offsets[0]) if len(waiting) else source.next_offset
        return found

    def take(self, limit: int, before: Mapping[str, int] = NO_BOUNDS) -> Batch:
        """The next events to apply, at most `limit`; none while a source holds the others back.

        before: source -> the offset from which on none of its events may be taken yet; they hold the others back.
        """
        waiting = [source.waiting() for source in self._sources.values()]
        free = [_free(batch, before.get(name)) for name, batch in zip(self._sources, waiting, strict=True)]
        has_more = [
            count < len(batch) or not self.caught_up[name]
            for name, batch, count in zip(self._sources, waiting, free, strict=True)
        ]
        if any(more and not count for more, count in zip(has_more, free, strict=True)):
            return NOTHING
        # No more than `limit` can be taken of any.
        first = [batch[: min(limit, count)] for batch, count in zip(waiting, free, strict=True)]
        order = np.argsort(np.concatenate([_by_head(batch) for batch in first]), kind="stable")
        ends = np.cumsum([len(batch) for batch in first])
        lasts = [end - 1 for more, batch, end in zip(has_more, first, ends, strict=True) if more and len(batch)]
        taken = order[: min(limit, _known(order, lasts))]
        self._drop(waiting, taken, ends)
        return self._in_turn(Batch.joined(first).take(taken))

    def put_back(self, batch: Batch) -> None:
        """The last of what was taken."""
        for source in self._sources.values():
            source.fetched.insert(0, batch.take(np.flatnonzero(batch.sources == source.number)))

    def _in_turn(self, batch: Batch) -> Batch:
        """The same, with how far all sources had come together at the turn of each."""
        if not len(batch):
            return batch
        turns = np.maximum(np.maximum.accumulate(batch.turns), self.reached_ms)
        self.reached_ms = int(turns[-1])
        return replace(batch, turns=turns)

    def _drop(
        self, waiting: list[Batch], taken: "np.typing.NDArray[np.int64]", ends: "np.typing.NDArray[np.int64]"
    ) -> None:
        counts = np.bincount(np.searchsorted(ends, taken, side="right"), minlength=len(ends))
        for source, batch, count in zip(self._sources.values(), waiting, counts.tolist(), strict=True):
            source.fetched = [batch[count:]] if count < len(batch) else []


def _free(batch: Batch, before: int | None) -> int:
    """How many events of a source stand before an offset."""
    return len(batch) if before is None else int(np.searchsorted(batch.offsets, before))


def _known(order: "np.typing.NDArray[np.int64]", lasts: "Sequence[np.int64]") -> int:
    """How much of the order is certain: up to the last known event, one of `lasts`, of each source that has more."""
    return min((int(np.flatnonzero(order == last)[0]) + 1 for last in lasts), default=len(order))


def _by_head(batch: Batch) -> "np.typing.NDArray[np.int64]":
    return np.maximum.accumulate(batch.turns) if len(batch) else batch.turns
