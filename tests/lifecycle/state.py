"""The state of a group as its worker would have left it, in a store in memory or in Redis.

Comes in: a store, rules, events. Goes out: one shard's checkpoint in the store.
"""

from collections.abc import Sequence
from typing import Any

from streams.core.batch import Batch
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.rules.rulebook import Rulebook
from streams.state.format import DOCUMENTS, MEMBERS, ROWS
from streams.state.store import Checkpoint, Store, Write
from tests.state.checkpoints import claimed


async def left_by_worker(
    store: Store, rulebook: Rulebook, events: Sequence[Event], shard: int = 0, *, ticks: bool = True
) -> Shard:
    """ticks: whether time has come up to the newest event."""
    run = Shard(rulebook)
    run.step(Batch.of(events))
    if ticks:
        run.tick(max(event.ts for event in events))
    dirty = run.take_dirty()
    joined = [(segment, user) for user in run.table.subjects for segment in run.memberships(user)]
    writes: list[Write[str, Any]] = [Write(ROWS, dirty.rows), Write(DOCUMENTS, dirty.documents), Write(MEMBERS, joined)]
    await claimed(store.shards, shard, 1)
    await store.shards.save(shard, 1, Checkpoint(1, run.head(), {}, writes))
    return run


def signed_in(user: str, ts: int) -> Event:
    return Event(user, ts, "Signed In", True, f"{user}-{ts}", {}, {})
