"""A batch: events of one shard, in the order in which they are to be applied.

Comes in: decoded events with their offsets. Goes out: the same, cut, joined or put in another order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from xxhash import xxh3_64_intdigest

from streams.core.arrays import Ints
from streams.core.events import Event

NO_ID = xxh3_64_intdigest(b"")


def _ids(events: Sequence[Event]) -> Ints:
    texts = [event.message_id or "" for event in events]
    ids = np.fromiter(map(xxh3_64_intdigest, map(str.encode, texts)), np.uint64, len(texts))
    ids[ids == NO_ID] = 0
    return ids.view(np.int64)


@dataclass(frozen=True, slots=True)
class Batch:
    """events, their event times (ms), their messageIds, and the offsets of their records, all of one length.

    ids: of each messageId as much as a profile remembers, 64 bits of its hash; 0 where there is none.
    sources: which of several sources each offset is of. turns: when it is an event's turn among those of all sources,
    ms: its time, or, of what one shard told another, that of what led to it.
    """

    events: list[Event]
    ts: Ints
    ids: Ints
    offsets: Ints
    sources: Ints
    turns: Ints

    @classmethod
    def of(
        cls, events: Sequence[Event], offsets: Sequence[int] | None = None, turns: Sequence[int] | None = None
    ) -> Self:
        """Without offsets, the places in the sequence are the offsets; without turns, they are the event times."""
        count = len(events)
        ts = np.fromiter([event.ts for event in events], np.int64, count)
        places = np.arange(count) if offsets is None else np.array(offsets, np.int64)
        in_turn = ts if turns is None else np.array(turns, np.int64)
        return cls(list(events), ts, _ids(events), places, np.zeros(count, np.int64), in_turn)

    @classmethod
    def joined(cls, batches: Sequence["Batch"]) -> "Batch":
        if len(batches) == 1:
            return batches[0]
        return Batch(
            [event for batch in batches for event in batch.events],
            np.concatenate([np.empty(0, np.int64), *(batch.ts for batch in batches)]),
            np.concatenate([np.empty(0, np.int64), *(batch.ids for batch in batches)]),
            np.concatenate([np.empty(0, np.int64), *(batch.offsets for batch in batches)]),
            np.concatenate([np.empty(0, np.int64), *(batch.sources for batch in batches)]),
            np.concatenate([np.empty(0, np.int64), *(batch.turns for batch in batches)]),
        )

    def __len__(self) -> int:
        return len(self.events)

    def __getitem__(self, part: slice) -> "Batch":
        arrays = (each[part] for each in (self.ts, self.ids, self.offsets, self.sources, self.turns))
        return Batch(self.events[part], *arrays)

    def take(self, places: Ints, instead: list[Event] | None = None) -> "Batch":
        """Those at these places. instead: what they have become, of the same time and messageId."""
        events = self.events
        taken = [events[i] for i in places.tolist()] if instead is None else instead
        arrays = (each[places] for each in (self.ts, self.ids, self.offsets, self.sources, self.turns))
        return Batch(taken, *arrays)

    def of_source(self, number: int) -> "Batch":
        return replace(self, sources=np.full(len(self), number, np.int64))
