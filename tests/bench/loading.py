"""How long a shard takes to come back from Redis: python -m tests.bench.loading [PROFILES]

For a hundredth, a tenth and all of PROFILES (a million) in one shard, under the rules that ship: seconds until it is
loaded, as a worker does it, and of these, for how many this process is busy; Redis answers while it works. Rows and
documents are those of a crowd of 20,000, as the engine wrote them, under as many ids as are wanted. Redis is a real
one, on this machine.
"""

import asyncio
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, cycle, islice
from typing import NamedTuple

from streams.core.engine.handed_out import Dirty
from streams.core.engine.shard import Shard
from streams.core.rules.rulebook import Rulebook
from streams.native.build import compile_kernel
from streams.runtime.running import collect_garbage_rarely
from streams.settings import cache_folder
from streams.state.format import DOCUMENTS, MARKS, ROWS
from streams.state.redis_store import RedisStore
from streams.state.store import Checkpoint, ShardStore, Write
from tests.bench.crowd import Crowd
from tests.bench.five import five_rules
from tests.bench.holder import batches
from tests.bench.state import SyncsEverySecond
from tests.state.checkpoints import claimed

PROFILES = 1_000_000
CROWD = Crowd(users=20_000, track_events=200_000)
AT_ONCE = 20_000
EPOCH = 1


class Profiles(NamedTuple):
    """As the engine writes them: what holds for all, and of each a row and, perhaps, a document."""

    head: bytes
    dirty: Dirty

    @classmethod
    def of(cls, rulebook: Rulebook, crowd: Crowd) -> "Profiles":
        shard = Shard(rulebook)
        for batch in batches(rulebook, (sent.value for sent in crowd.records())):
            shard.step(batch)
        while shard.time_ms < crowd.end_ms:
            shard.tick(crowd.end_ms)
        return cls(shard.head(), shard.take_dirty())

    def checkpoints(self, users: Iterable[str], positions: Mapping[str, int]) -> Iterator[Checkpoint]:
        """Of these users, each as one of the crowd, one crowd after the other."""
        documents, pairs = dict(self.dirty.documents), zip(users, cycle(self.dirty.rows), strict=False)
        for number in count(1):
            some = list(islice(pairs, AT_ONCE))
            if not some:
                return
            rows = [(user, row) for user, (_, row) in some]
            kept = [(user, documents[known]) for user, (known, _) in some if known in documents]
            yield Checkpoint(number, self.head, positions, [Write(ROWS, rows), Write(DOCUMENTS, kept)])


async def save(store: ShardStore, shard: int, checkpoints: Iterator[Checkpoint]) -> None:
    await claimed(store, shard, EPOCH)
    for checkpoint in checkpoints:
        await store.save(shard, EPOCH, checkpoint)


async def load(store: ShardStore, number: int, rulebook: Rulebook) -> tuple[float, float, int]:
    """Seconds until it is loaded, seconds of this process in them, and how many profiles there were."""
    since, busy_since = time.perf_counter(), time.process_time()
    stored = await store.claim(number, EPOCH + 1, after=EPOCH)
    assert stored is not None
    shard = Shard(rulebook)
    loading = shard.loading(stored.head)
    await store.load(number, EPOCH + 1, {ROWS: loading.take_rows, DOCUMENTS: loading.take_documents})
    deque(shard.finish(loading, stored[MARKS]), maxlen=0)
    return time.perf_counter() - since, time.process_time() - busy_since, len(shard.table)


async def bench(url: str, counts: Sequence[int]) -> None:
    rulebook, store = five_rules(), RedisStore(url, "loading")
    profiles = Profiles.of(rulebook, CROWD)
    for shard, wanted in enumerate(counts):
        users = (f"user-{number:08d}" for number in range(wanted))
        await save(store.shards, shard, profiles.checkpoints(users, {"product-events": 0}))
        took_s, busy_s, found = await load(store.shards, shard, rulebook)
        assert found == wanted
        print(f"{wanted:9,d} profiles: {took_s:6.2f} s, in which this process was busy for {busy_s:.2f} s")
    await store.close()


def main(profiles: int) -> None:
    compile_kernel(cache_folder())
    collect_garbage_rarely()  # as a worker does
    with SyncsEverySecond() as server:
        asyncio.run(bench(server.url, (profiles // 100, profiles // 10, profiles)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PROFILES)
