"""Whether two users can become one, as workers have written down who they are.

Comes in: two users, and Redis. Goes out: who each is by now, and why they cannot be one, in words for whoever asks.
"""

from typing import Final

import msgspec

from streams.admin.homes import homes_of
from streams.admin.links import known_in, merged_into
from streams.admin.lookup import as_alias, unknown
from streams.core.engine.erasure import mark_of
from streams.core.identities.owners import MOST_IDS, Owned
from streams.core.links import How
from streams.printable import command_line, printable
from streams.settings import Settings
from streams.state.format import MARKS, OWNED
from streams.state.store import Store

_OWNED: Final = msgspec.json.Decoder(dict[str, Owned])


async def who_is(store: Store, settings: Settings, user: str) -> str:
    """By now, where a chain of merges is followed to its end."""
    while (into := await merged_into(store, settings, user)) is not None:
        user = into
    return user


async def why_not(store: Store, settings: Settings, gone: str, into: str) -> str | None:
    """Why a user cannot be merged into another; None where nothing is known that speaks against it."""
    now, stays = await who_is(store, settings, gone), await who_is(store, settings, into)
    if now != gone:
        return (
            f"{printable(gone)} was merged into {printable(now)} before, and a user is merged once. If all of them are"
            f" one person: {command_line('merge', now, '--into', into)}"
        )
    if stays == gone:
        return f"{printable(into)} was merged into {printable(gone)}: the two are one user already, {printable(gone)}."
    for user in (gone, stays):
        if not await _has_profile(store, settings, user):
            return await _nobody(store, settings, user)
    has, more = await _ids(store, settings, stays), 1 + await _ids(store, settings, gone)
    if has + more > MOST_IDS:
        return (
            f"{printable(stays)} has {has} ids beside the user id, and there would be {more} more. One person may have"
            f" {MOST_IDS}, and no merge makes it more; aliases go when whoever has them is erased."
        )
    return None


async def has_become(store: Store, settings: Settings, gone: str, user: str) -> bool:
    """Whether all that was kept of who is gone has arrived."""
    found = [await _owned(store, home, user) for home in await homes_of(store, settings, user)]
    return any(owned.get(gone, Owned()).how is How.MERGE for owned in found)


async def _has_profile(store: Store, settings: Settings, user: str) -> bool:
    shards = await homes_of(store, settings, user)
    return any([await store.shards.profile(shard, user) is not None for shard in shards])


async def _nobody(store: Store, settings: Settings, user: str) -> str:
    """What an id is that is no user's."""
    found = await known_in(store, settings, user)
    if said := as_alias(user, found):
        whose = found.standing.now
        todo = "who links it gets what waits, and no merge is needed" if whose is None else f"name {printable(whose)}"
        return f"{said}: {todo}."
    marks = [await store.shards.get(shard, MARKS, mark_of(user)) for shard in await homes_of(store, settings, user)]
    why = unknown(settings, user, max(filter(None, marks), default=None))
    return f"{why} A user is known once a worker has read an event of theirs; if one was sent just now, try again."


async def _owned(store: Store, shard: int, user: str) -> dict[str, Owned]:
    raw = await store.shards.get(shard, OWNED, user)
    return {} if raw is None else _OWNED.decode(raw)


async def _ids(store: Store, settings: Settings, user: str) -> int:
    """How many ids a person has beside the user id."""
    found = [await _owned(store, shard, user) for shard in await homes_of(store, settings, user)]
    return sum(one.is_hers for owned in found for one in owned.values())
