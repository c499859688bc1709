"""Erasing a user, seen from the command: what is kept, the command to the shard's owner, and what is left.

Comes in: a user, Kafka and Redis. Goes out: a `Report`, once the owner's checkpoint holds the command.
"""

import asyncio
import time
import uuid
from collections.abc import Sequence
from typing import NamedTuple

from streams.admin.commanding import done, send, shards_of
from streams.admin.links import known_in, merged_into
from streams.admin.reports import take_out_of_all
from streams.core.engine.erasure import Erasure, mark_of
from streams.core.kernel.layout import CLOCK, NEVER
from streams.core.profiles.snapshot import Head, read_rows
from streams.errors import SegmenterError
from streams.outputs.membership import decode_segments
from streams.printable import printable
from streams.settings import Settings
from streams.state.format import MARKS, MEMBERSHIPS
from streams.state.opening import opened_store
from streams.state.store import Store, StoredProfile
from streams.topics import PROFILE_COMMANDS


class Kept(NamedTuple):
    """What one shard keeps of a user. until_ms: up to when events are refused already."""

    profile: StoredProfile | None
    segments: tuple[str, ...]
    until_ms: int | None

    @property
    def clock_ms(self) -> int:
        """The time of the newest event or change."""
        if self.profile is None:
            return NEVER
        schema = Head.decode(self.profile.head).schemas[self.profile.row[0]]
        return int(read_rows([self.profile.row], schema)[0, CLOCK])


class Report(NamedTuple):
    """What was kept and is not any more, and up to when (ms) events are refused from now on.

    merged_into: whom the user had been merged into, who is erased in the place of them. alias_of: whose alias the id
    is, who is not erased. waiting: records that waited under the id, as an alias that nobody had linked. backtests: of
    how many what they found named the user.
    """

    user: str
    before: Sequence[Kept]
    until_ms: int
    merged_into: str | None = None
    alias_of: str | None = None
    waiting: int = 0
    backtests: int = 0

    @property
    def profiles(self) -> list[StoredProfile]:
        return [kept.profile for kept in self.before if kept.profile is not None]

    @property
    def segments(self) -> list[str]:
        return [segment for kept in self.before for segment in kept.segments]


async def erase(settings: Settings, user: str, timeout_ms: int) -> Report:
    """Erase a user as of now, or of the newest that is kept of them if that is later, as by a client's fast clock."""
    async with opened_store(settings) as store:
        shards = await shards_of(store, settings, user)
        before = [await _kept(store, shard, user) for shard in shards]
        into = await merged_into(store, settings, user)
        alias = await known_in(store, settings, user)
        at_ms = max(time.time_ns() // 1_000_000, *(kept.clock_ms for kept in before))
        offsets = await send(settings, Erasure(user, at_ms, str(uuid.uuid4())), shards)
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                for shard, offset in offsets.items():
                    await done(store, shard, settings.topic(PROFILE_COMMANDS.name), offset)
        except TimeoutError:
            raise SegmenterError(_too_late(settings, user, timeout_ms)) from None
        backtests = await take_out_of_all(store.group, {user, into or user})
        marks = [await store.shards.get(shard, MARKS, mark_of(user)) for shard in shards]
    until_ms, whose = max(mark or at_ms for mark in marks), alias.standing.now if into is None else None
    return Report(user, before, until_ms, into, whose, len(alias.waiting), backtests)


async def _kept(store: Store, shard: int, user: str) -> Kept:
    profile, memberships = await store.shards.profile(shard, user), await store.shards.get(shard, MEMBERSHIPS, user)
    return Kept(profile, tuple(decode_segments(memberships)), await store.shards.get(shard, MARKS, mark_of(user)))


def _too_late(settings: Settings, user: str, timeout_ms: int) -> str:
    return (
        f"No worker of the group {settings.group} erased {printable(user)} within {timeout_ms / 1000:g} s. The command"
        " is not lost: it is done as soon as a worker runs and has read it. To see that it is, run this again."
    )
