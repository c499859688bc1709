"""Pasts that are there, for tests of what becomes of them. Comes in: a store. Goes out: the room in which they are."""

from typing import Final

from streams.state.format import past_room
from streams.state.memory import MemoryStore
from streams.state.store import ShardStore, Store
from tests.runtime.world import lose
from tests.state.checkpoints import checkpoint

SHARDS: Final = 2


async def made_pasts(kept: Store, version: int, epoch: int = 0) -> ShardStore:
    """Of all shards those that a version of the rules awaits. epoch: of the claims by which they were made."""
    room: ShardStore = kept.shards.beside(past_room(version))
    for shard in range(SHARDS):
        await room.claim(shard, epoch, after=None)
        await room.save(shard, epoch, checkpoint(1))
    return room


async def lose_all(kept: Store) -> None:
    """Redis is emptied."""
    await lose(kept)
    if isinstance(kept, MemoryStore):
        kept.group.__dict__.update(MemoryStore().group.__dict__)
