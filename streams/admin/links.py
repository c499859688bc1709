"""What is known of an alias, which aliases are a user's, and which links were refused, as workers have stored it.

Comes in: an alias or a user, and Redis. Goes out: whose it is, what waits under it, what became of the rest.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from streams.admin.homes import homes_of, partitions_of
from streams.core.identities import kept
from streams.core.identities.aliases import Standing
from streams.core.identities.kept import Kept
from streams.core.identities.owners import Owned
from streams.core.identities.refusals import Refusal, read_refusal
from streams.core.identities.waiting import BETWEEN
from streams.core.links import How
from streams.kafka.partitioning import homes
from streams.settings import Settings
from streams.state.format import ALIASES, OWNED, REFUSED_LINKS, UNLINKED
from streams.state.opening import opened_store
from streams.state.store import Store


class Known(NamedTuple):
    """waiting: the records under it, in order of arrival."""

    standing: Standing
    waiting: Sequence[Kept]


class AliasOf(NamedTuple):
    """An alias of a user. is_hers: whether its home has it as hers; it is another's, or a worker has yet to hear of it,
    where it does not."""

    alias: str
    how: str
    is_hers: bool
    is_shared: bool


async def known(settings: Settings, alias: str) -> Known:
    async with opened_store(settings) as store:
        return await known_in(store, settings, alias)


async def known_in(store: Store, settings: Settings, alias: str) -> Known:
    """The same, of a store that is open already."""
    found = [await _standing(store, shard, alias) for shard in await homes_of(store, settings, alias)]
    standing = next((each for each in found if each != Standing()), Standing())
    return Known(standing, await waiting_under(store, settings, alias))


async def waiting_under(store: Store, settings: Settings, alias: str) -> list[Kept]:
    """The records that wait until the alias is linked, in order of arrival."""
    shards = await homes_of(store, settings, alias)
    parts = [await store.shards.beginning_with(shard, UNLINKED, alias + BETWEEN) for shard in shards]
    return sorted((kept.read(raw) for part in parts for raw in part.values()), key=lambda each: each.number)


async def aliases_of(store: Store, settings: Settings, user: str) -> list[AliasOf]:
    partitions, partitioner = await partitions_of(store, settings), settings.partitioner
    found: list[AliasOf] = []
    for shard in homes(user, partitions, partitioner):
        raw = await store.shards.get(shard, OWNED, user)
        for alias, owned in ({} if raw is None else _OWNED.decode(raw)).items():
            if owned.is_hers:
                home = shard if partitioner == "trust" else homes(alias, partitions, partitioner)[0]
                standing = await _standing(store, home, alias)
                found.append(AliasOf(alias, owned.how, standing.now == user, standing.is_shared))
    return found


async def merged_into(store: Store, settings: Settings, user: str) -> str | None:
    """Whom a user was merged into, if so."""
    for shard in await homes_of(store, settings, user):
        standing = await _standing(store, shard, user)
        if standing.how is How.MERGE:
            return standing.now
    return None


async def refused(settings: Settings) -> list[Refusal]:
    """By their time."""
    async with opened_store(settings) as store:
        shards = range(await partitions_of(store, settings))
        parts = [await store.shards.beginning_with(shard, REFUSED_LINKS, "") for shard in shards]
    return sorted((read_refusal(raw) for part in parts for raw in part.values()), key=lambda each: each.ts)


async def _standing(store: Store, shard: int, alias: str) -> Standing:
    raw = await store.shards.get(shard, ALIASES, alias)
    return Standing() if raw is None else _STANDING.decode(raw)


_STANDING = msgspec.json.Decoder(Standing)
_OWNED = msgspec.json.Decoder(dict[str, Owned])
