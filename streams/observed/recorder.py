"""What this worker reads, noted for `segmenter check --seen`.

Comes in: the events of each fetch, and the records that they are of. Goes out: now and then, what was seen since the
last time, added to the day's record in Redis, which all workers of the group share.

Every event is counted; some records are looked into, of rare events rather than of frequent ones. It is no part of a
checkpoint: what was not noted yet when a worker dies is lost, and what is read again is counted again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from heapq import nsmallest
from typing import Any, Final

from streams.core.events import Event
from streams.core.instants import DAY_MS
from streams.errors import SegmenterError
from streams.log import Throttle, log
from streams.observed.names import ObservedNames
from streams.observed.sampling import sample
from streams.state.format import OBSERVED
from streams.state.store import GroupStore

# One record in so many is looked into, and one in so many is searched for, of the event of which the fewest were.
ONE_IN: Final = 100
RARE_ONE_IN: Final = 1_000
# Of one event between two notes: more would tell no more, and each takes as long as to decode a few.
ENOUGH: Final = 20
# Workers that note at the same moment see each other's record and add to that.
ATTEMPTS: Final = 5
# So many days are kept.
DAYS: Final = 7
# A worker that ends waits no longer for this.
WITHIN_S: Final = 3.0


class Recorder:
    """`clock` gives the time in ms: a record is of the day on which it was read, whenever its events happened."""

    def __init__(self, store: GroupStore, clock: Callable[[], int]):
        self._store = store
        self._clock = clock
        self._seen = ObservedNames()
        self._samples: Counter[str] = Counter()
        self._noted = 0, b""  # the day of our last note, and its record then
        self._may_tell = Throttle(every_s=600)

    def read(self, events: Sequence[Event], records: Sequence[Any]) -> None:
        """Events, and the Kafka record of each."""
        names = [event.name for event in events]
        counts = Counter(names)
        self._seen.count(counts)
        rare = nsmallest(1 + len(names) // RARE_ONE_IN, counts, key=self._samples.__getitem__)
        for at in {*map(names.index, rare), *range(0, len(names), ONE_IN)}:
            if self._samples[names[at]] < ENOUGH:
                self._samples[names[at]] += 1
                self._seen.note(sample(events[at], records[at].value))

    async def note(self) -> None:
        """Add what was seen to the record of the day. Where Redis does not take it, it waits for the next time."""
        if not self._seen:
            return
        seen, self._seen = self._seen, ObservedNames()
        self._samples.clear()
        try:
            async with asyncio.timeout(WITHIN_S):
                is_noted = await self._add(self._clock() // DAY_MS, seen)
        except (SegmenterError, TimeoutError) as error:
            is_noted = False
            if self._may_tell():
                log.warning("worker - what was read is not noted for `check --seen`: %s", str(error) or "no answer")
        if not is_noted:
            self._seen.add(seen)

    async def _add(self, day: int, seen: ObservedNames) -> bool:
        noted_on, noted = self._noted
        was = noted if noted_on == day else b""
        for _ in range(ATTEMPTS):
            record = ObservedNames.decode(was)
            record.add(seen)
            now = record.encode()
            found = await self._store.replace(OBSERVED, day, was, now, newest=DAYS)
            if found == was:
                self._noted = day, now
                return True
            was = found
        return False
