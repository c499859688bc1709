"""What is stored of a shard, made what it was.

Comes in: what whoever claims a shard is given, None where nothing was stored. Goes out: the shard, and what it knows of
ids. Others go on between any two slices of it: that we live is told to Kafka from the same event loop.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from faust.types import TP

from streams.core.engine.past import Past
from streams.core.engine.shard import Shard
from streams.core.identities.aliases import Aliases
from streams.core.identities.identities import Identities
from streams.core.identities.owners import Owners
from streams.core.identities.refusals import Refusals
from streams.core.kernel.layout import NEVER
from streams.runtime.worker import Worker
from streams.state.collection import Collection
from streams.state.format import ALIASES, DOCUMENTS, MARKS, MERGES, OWNED, REFUSED_LINKS, ROWS, UNLINKED
from streams.state.store import Stored, Take

Load = Callable[[Mapping[Collection[str, bytes], Take]], Awaitable[None]]


def offsets_of(positions: Mapping[str, int], tps: Sequence[TP]) -> dict[TP, int]:
    """Where inputs stand."""
    return {tp: positions.get(tp.topic, 0) for tp in tps}


async def shard_of(worker: Worker, stored: Stored | None, load: Load, begun_ms: int, past: Past | None = None) -> Shard:
    """load: loads what is large of what was stored. begun_ms: as `Shard` has it, where nothing was. past: of the same
    rules, for what was not kept before."""
    settings = worker.settings
    days, ids = settings.calendar, settings.remembered_ids
    begun_ms = begun_ms if stored is None else NEVER
    shard = Shard(worker.rulebook, days, settings.private_traits, begun_ms, ids)
    if stored is not None:
        loading = shard.loading(stored.head)
        await load({ROWS: loading.take_rows, DOCUMENTS: loading.take_documents})
        for _ in shard.finish(loading, stored[MARKS], past):
            await asyncio.sleep(0)
    return shard


async def identities_of(worker: Worker, shard: Shard, stored: Stored | None) -> Identities:
    settings, counters = worker.settings, worker.counters
    aliases = Aliases(settings.keep_unlinked, dropped=counters.unlinked)
    if stored is None:
        return Identities(shard, aliases, Owners(), Refusals(), merge_users=settings.merge_users)
    for _ in aliases.fill(stored[UNLINKED], stored[ALIASES]):
        await asyncio.sleep(0)
    owners, refusals = Owners(stored[OWNED]), Refusals(stored[REFUSED_LINKS])
    return Identities(shard, aliases, owners, refusals, stored[MERGES], settings.merge_users)
