"""One shard in a process of its own, as a worker holds it, for `tests.bench.memory`.

    python -m tests.bench.holder REDIS GROUP < RECORDS

Comes in: records by the line, in time order. Goes out: the profiles in Redis, and on stdout how many they are and by
how many bytes the process grew at most: the table, names, documents, and the checkpoints while they are written.
"""

import asyncio
import sys
from collections.abc import Iterable, Iterator

from streams.core.batch import Batch
from streams.core.compiler.catalog import Catalog
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.identities.identities import Identities
from streams.core.rules.rulebook import Rulebook
from streams.native.build import compile_kernel
from streams.outputs.messages import Outputs
from streams.runtime.checkpoints.checkpoint import Snapshot
from streams.runtime.checkpoints.pending import Pending
from streams.runtime.pace import SLICE
from streams.settings import Settings, cache_folder
from streams.state.redis_store import RedisStore
from tests.anytime import ANY_TIME
from tests.bench.five import five_rules
from tests.bench.process import memory_of
from tests.decoders import Decoder
from tests.state.checkpoints import claimed

SHARD, EPOCH = 0, 1


def batches(rulebook: Rulebook, records: Iterable[bytes]) -> Iterator[Batch]:
    decoder = Decoder(Catalog(rulebook).reads, ANY_TIME)
    events: list[Event] = []
    for record in records:
        decode = decoder.billing if b'"type":"billing"' in record else decoder.product
        event = decode(record, None, None)
        assert isinstance(event, Event), event
        events.append(event)
        if len(events) == SLICE:
            yield Batch.of(events)
            events = []
    yield Batch.of(events)


async def save(store: RedisStore, snapshot: Snapshot) -> None:
    """Save a checkpoint and forget it, as a worker does."""
    await store.shards.save(SHARD, EPOCH, snapshot.checkpoint)
    await store.shards.mark_published(SHARD, EPOCH, snapshot.checkpoint.number)


async def hold(store: RedisStore, rulebook: Rulebook, records: Iterable[bytes]) -> int:
    """Take all records in, and write checkpoints as often as a worker with a backlog must; how many profiles."""
    shard, unsaved, number = Shard(rulebook), Pending(Outputs(Settings())), 0
    await claimed(store.shards, SHARD, EPOCH)
    for batch in batches(rulebook, records):
        unsaved.add(shard.step(batch), int(batch.ts.max(initial=0)))
        if unsaved.is_full(shard.dirty_count) or len(batch) < SLICE:
            number += 1
            await save(
                store, unsaved.snapshot(shard, Identities.empty(shard, 0), number, {"product-events": number}, ())
            )
    await store.close()
    return len(shard.table)


def main(redis: str, group: str) -> None:
    rulebook = five_rules()
    compile_kernel(cache_folder())
    before = memory_of("self").now
    profiles = asyncio.run(hold(RedisStore(redis, group), rulebook, sys.stdin.buffer))
    print(profiles, memory_of("self").peak - before)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
