"""How far workers, and those who deliver, are behind what Kafka has for them.

Comes in: where partitions end, as Kafka says every few seconds, and how far checkpoints came, as Redis does. Goes out:
`Waiting` of each of the two; None where nothing worth a word waits. What was there before anybody looked counts from
then.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from streams.admin.homes import partitions_of
from streams.errors import SegmenterError
from streams.kafka.ends import Ends
from streams.kafka.group import Partition
from streams.monitoring.lag import Lag
from streams.settings import Settings
from streams.state.store import ShardStore, Store
from streams.topics import READ_BY_DELIVERY, READ_BY_WORKERS, Topic

LOOKS_EVERY_S: Final = 5.0
# Behind a transaction stands a marker, which is no record: a few of them wait for ever where nothing else comes.
FEWEST: Final = 10
LONG_S: Final = 60.0

Positions = Mapping[Partition, int]


class Waiting(NamedTuple):
    """records: of all partitions that are behind. seconds: for how long the oldest of them waits."""

    records: int
    seconds: float


class Reader:
    """Of one consumer group: its partitions, and how far it came."""

    def __init__(self) -> None:
        self._lags: dict[Partition, Lag] = defaultdict(Lag)
        self._positions: Positions = {}

    def look(self, ends: Positions, positions: Positions, now_s: float) -> None:
        for partition, end in ends.items():
            self._lags[partition].ends_at(end, now_s)
        self._positions = positions

    def waiting(self, now_s: float) -> Waiting | None:
        behind = [
            Waiting(self._lags[each].records(at), self._lags[each].seconds(at, now_s))
            for each, at in self._positions.items()
        ]
        late = [each for each in behind if each.records >= FEWEST and each.seconds >= LONG_S]
        if not late:
            return None
        return Waiting(sum(each.records for each in late), max(each.seconds for each in late))


class Behind:
    """workers, deliver: looked at while `follow` runs. away: why Kafka did not answer when it was asked last; None
    where it did. Who waits for records alone hears nothing of that: the client tries again for ever."""

    def __init__(self, settings: Settings, store: Store):
        self._settings = settings
        self._store = store
        self.workers, self.deliver = Reader(), Reader()
        self.away: str | None = None

    async def follow(self) -> None:
        ends = Ends(self._settings)
        try:
            while True:
                with suppress(SegmenterError):  # Redis is away: whoever looks is told
                    await self.look(ends)
                await asyncio.sleep(LOOKS_EVERY_S)
        finally:
            await ends.close()

    async def look(self, ends: Ends) -> None:
        shards = range(await partitions_of(self._store, self._settings))
        workers = await self._positions(self._store.shards, shards, READ_BY_WORKERS)
        deliver = await self._positions(self._store.deliveries, shards, READ_BY_DELIVERY)
        found, now_s = await ends.ask({*workers, *deliver}), time.monotonic()
        self.away = ends.failure or None
        for reader, positions in ((self.workers, workers), (self.deliver, deliver)):
            reader.look({each: found[each] for each in positions if each in found}, positions, now_s)

    async def _positions(self, store: ShardStore, shards: Sequence[int], topics: Iterable[Topic]) -> Positions:
        """Of what checkpoints know; of a shard that nobody has written yet nothing is."""
        names = [self._settings.topic(topic.name) for topic in topics]
        found: dict[Partition, int] = {}
        for shard in shards:
            progress = await store.progress(shard)
            known = {} if progress is None else progress.positions
            found |= {Partition(name, shard): known[name] for name in names if name in known}
        return found
