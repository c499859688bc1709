"""Some of the stored profiles, as a worker under any rules would take them over.

Comes in: a store and a rulebook. Goes out: for each shard a copy with some of its profiles, which waits to be migrated.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Final

from streams.calendars import calendar
from streams.core.engine.shard import Shard
from streams.core.profiles.snapshot import Head
from streams.core.rules.rulebook import Rulebook
from streams.errors import SegmenterError
from streams.settings import Settings
from streams.state.format import DOCUMENTS, ROWS
from streams.state.store import ShardStore

AT_ONCE: Final = 2_000  # documents: a few milliseconds of Redis, so that workers wait for nothing
READ_AGAIN: Final = 3  # times, where the schemas of rows change while they are read


async def samples(store: ShardStore, settings: Settings, rulebook: Rulebook, most: int | None) -> AsyncIterator[Shard]:
    """most: profiles of all shards together, of each as many as it has a part of them; None for all."""
    shards = await store.all()
    profiles = sum(shard.profiles for shard in shards.values())
    for number, stored in shards.items():
        some = stored.profiles if most is None or profiles <= most else -(-most * stored.profiles // profiles)
        if some:
            yield await _copy(store, settings, rulebook, number, some)


async def _copy(store: ShardStore, settings: Settings, rulebook: Rulebook, number: int, most: int) -> Shard:
    head, rows, documents = await _read(store, number, most)
    days, ids = calendar(Head.decode(head).timezone), settings.remembered_ids
    return Shard.restore(rulebook, head, rows.items(), documents, days, settings.private_traits, remembered_ids=ids)


async def _read(store: ShardStore, number: int, most: int) -> tuple[bytes, Mapping[str, bytes], Mapping[str, bytes]]:
    """The head, and rows and documents that it tells how to read."""
    for _ in range(READ_AGAIN):
        rows = await store.some(number, ROWS, most)
        users, documents = list(rows), dict[str, bytes]()
        for start in range(0, len(users), AT_ONCE):
            documents |= await store.values(number, DOCUMENTS, users[start : start + AT_ONCE])
        head = await store.head(number)
        if head is not None and {packed[0] for packed in rows.values()} <= Head.decode(head).schemas.keys():
            return head, rows, documents
    raise SegmenterError("Workers take over other rules at this moment; try again when they have.")
