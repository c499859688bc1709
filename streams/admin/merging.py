"""Merging two users, seen from the command: the order to the shard of who is to be gone, and what became of it.

Comes in: two users, Kafka and Redis. Goes out: who both are from then on, once all that was kept is there.
"""

import asyncio
import time
import uuid
from typing import Final

import msgspec

from streams.admin.commanding import check_id, done, send, shards_of, until
from streams.admin.links import merged_into
from streams.core.identities.owners import MOST_IDS, Owned
from streams.core.links import How
from streams.errors import SegmenterError, UsageError
from streams.printable import printable
from streams.settings import Settings
from streams.sources import profile_commands
from streams.state.format import MERGES, OWNED
from streams.state.opening import opened_store
from streams.state.store import Store
from streams.topics import DEAD_LETTERS, PROFILE_COMMANDS

_OWNED: Final = msgspec.json.Decoder(dict[str, Owned])


async def merge(settings: Settings, gone: str, into: str, timeout_ms: int) -> str:
    """Who both are from then on: `into`, or who that was merged into before. SegmenterError: why they are not one."""
    for user in (gone, into):
        check_id(user)
    if gone == into:
        raise UsageError(f"That is {printable(gone)} twice: name who is to be gone, and with --into who stays.")
    async with opened_store(settings) as store:
        shard = await _home(store, settings, gone)
        command = profile_commands.merge(gone, into, time.time_ns() // 1_000_000, str(uuid.uuid4()))
        offsets = await send(settings, command, [shard])
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                await done(store, shard, settings.topic(PROFILE_COMMANDS.name), offsets[shard])
                return await _survivor(store, settings, shard, gone, into)
        except TimeoutError:
            raise SegmenterError(_too_late(settings, gone, timeout_ms)) from None


async def _home(store: Store, settings: Settings, gone: str) -> int:
    """The shard that has a profile of who is to be gone; where none has, the first that may."""
    shards = await shards_of(store, settings, gone)
    for shard in shards:
        if await store.shards.profile(shard, gone) is not None:
            return shard
    return shards[0]


async def _survivor(store: Store, settings: Settings, shard: int, gone: str, into: str) -> str:
    """Wait until the question is answered, and until all that was kept has arrived."""

    async def is_answered() -> bool:
        return await store.shards.get(shard, MERGES, gone) is None

    await until(is_answered)
    next_one, survivor = await merged_into(store, settings, gone), await _last(store, settings, gone)
    if next_one is None or survivor != await _last(store, settings, into):
        raise SegmenterError(await _refused(store, settings, gone, into))
    homes = await shards_of(store, settings, next_one)

    async def has_arrived() -> bool:
        return any([await _has(store, home, next_one, gone) for home in homes])

    await until(has_arrived)
    return survivor


async def _last(store: Store, settings: Settings, user: str) -> str:
    """Who a user is, where a chain of merges is followed to its end."""
    while (into := await merged_into(store, settings, user)) is not None:
        user = into
    return user


async def _has(store: Store, shard: int, user: str, gone: str) -> bool:
    return (await _owned(store, shard, user)).get(gone, Owned()).how is How.MERGE


async def _owned(store: Store, shard: int, user: str) -> dict[str, Owned]:
    raw = await store.shards.get(shard, OWNED, user)
    return {} if raw is None else _OWNED.decode(raw)


async def _ids(store: Store, settings: Settings, user: str) -> int:
    """How many ids a person has beside the user id."""
    found = [await _owned(store, shard, user) for shard in await shards_of(store, settings, user)]
    return sum(one.is_hers for owned in found for one in owned.values())


async def _refused(store: Store, settings: Settings, gone: str, into: str) -> str:
    stays = await _last(store, settings, into)
    has, more = await _ids(store, settings, stays), 1 + await _ids(store, settings, gone)
    if stays != gone and has + more > MOST_IDS:
        return (
            f"{printable(gone)} was not merged: {printable(stays)} has {has} ids beside the user id, and there would be"
            f" {more} more. One person may have {MOST_IDS}, and no merge makes it more; aliases go when whoever has"
            " them is erased."
        )
    return (
        f"{gone} was not merged: both must be users with a profile, and two users still. A record of the topic"
        f" {settings.topic(DEAD_LETTERS.name)} whose key is {gone} says exactly why."
    )


def _too_late(settings: Settings, gone: str, timeout_ms: int) -> str:
    return (
        f"No worker of the group {settings.group} merged {gone} within {timeout_ms / 1000:g} s. The command is not"
        " lost: it is done as soon as workers run and have read it. To see that it is, run this again."
    )
