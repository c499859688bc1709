"""Merging two users, seen from the command: the order to the shard of who is to be gone, and what became of it.

Comes in: two users, Kafka and Redis. Goes out: who both are from then on, once all that was kept is there. What is
known beforehand not to be possible (`streams.admin.mergeable`) is not sent.
"""

import asyncio
import time
import uuid

from streams.admin.commanding import done, send, shards_of, until
from streams.admin.links import merged_into
from streams.admin.mergeable import has_become, who_is, why_not
from streams.errors import SegmenterError, UsageError
from streams.printable import printable
from streams.settings import Settings
from streams.sources import profile_commands
from streams.state.format import MERGES
from streams.state.opening import opened_store
from streams.state.store import Store
from streams.topics import DEAD_LETTERS, PROFILE_COMMANDS


async def merge(settings: Settings, gone: str, into: str, timeout_ms: int) -> str:
    """Who both are from then on: `into`, or who that was merged into before. SegmenterError: why they are not one."""
    if gone == into:
        raise UsageError(f"That is {printable(gone)} twice: name who is to be gone, and with --into who stays.")
    async with opened_store(settings) as store:
        shard = await _home(store, settings, gone)
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                if not await _is_merged(store, settings, gone, into):
                    await _order(store, settings, shard, gone, into)
                return await _survivor(store, settings, gone, into)
        except TimeoutError:
            raise SegmenterError(_too_late(settings, gone, timeout_ms)) from None


async def _home(store: Store, settings: Settings, gone: str) -> int:
    """The shard that has a profile of who is to be gone; where none has, the first that may."""
    shards = await shards_of(store, settings, gone)
    for shard in shards:
        if await store.shards.profile(shard, gone) is not None:
            return shard
    return shards[0]


async def _is_merged(store: Store, settings: Settings, gone: str, into: str) -> bool:
    """Whether that is so already."""
    now = await who_is(store, settings, gone)
    return now != gone and now == await who_is(store, settings, into)


async def _order(store: Store, settings: Settings, shard: int, gone: str, into: str) -> None:
    """Send it, and wait until the question is answered."""
    why = await why_not(store, settings, gone, into)
    if why is not None:
        raise SegmenterError(f"{printable(gone)} was not merged: {why}")
    command = profile_commands.merge(gone, into, time.time_ns() // 1_000_000, str(uuid.uuid4()))
    offsets = await send(settings, command, [shard])
    await done(store, shard, settings.topic(PROFILE_COMMANDS.name), offsets[shard])

    async def is_answered() -> bool:
        return await store.shards.get(shard, MERGES, gone) is None

    await until(is_answered)


async def _survivor(store: Store, settings: Settings, gone: str, into: str) -> str:
    """Wait until all that was kept has arrived."""
    next_one, survivor = await merged_into(store, settings, gone), await who_is(store, settings, gone)
    if next_one is None or survivor != await who_is(store, settings, into):
        raise SegmenterError(await _refused(store, settings, gone, into))

    async def has_arrived() -> bool:
        return await has_become(store, settings, gone, next_one)

    await until(has_arrived)
    return survivor


async def _refused(store: Store, settings: Settings, gone: str, into: str) -> str:
    why = await why_not(store, settings, gone, into) or (
        "both must be users with a profile, and two users still. A record of the topic"
        f" {settings.topic(DEAD_LETTERS.name)} whose key is {printable(gone)} says exactly why."
    )
    return f"{printable(gone)} was not merged: {why}"


def _too_late(settings: Settings, gone: str, timeout_ms: int) -> str:
    return (
        f"No worker of the group {settings.group} merged {printable(gone)} within {timeout_ms / 1000:g} s. The command"
        " is not lost: it is done as soon as workers run and have read it. To see that it is, run this again."
    )
