"""Erasing a user, seen from the command: what is kept, the command to the shard's owner, and what is left.

Comes in: a user, Kafka and Redis. Goes out: a `Report`, once the owner's checkpoint holds the command.
"""

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from streams.core.engine.erasure import Erasure, mark_of
from streams.core.kernel.layout import CLOCK, NEVER
from streams.core.profiles.snapshot import Head, read_rows
from streams.errors import SegmenterError, UsageError
from streams.kafka.clients import producing
from streams.kafka.partitioning import homes
from streams.kafka.provisioning import existing
from streams.outputs.membership import decode_segments
from streams.settings import Settings
from streams.sources import profile_commands
from streams.sources.records import MAX_ID_CHARACTERS
from streams.state.format import MARKS, MEMBERSHIPS, SETTLED
from streams.state.opening import opened_store
from streams.state.store import Store, StoredProfile
from streams.topics import PROFILE_COMMANDS

LOOK_EVERY_S: Final = 0.1


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
    """What was kept and is not any more, and up to when (ms) events are refused from now on."""

    user: str
    before: Sequence[Kept]
    until_ms: int

    @property
    def profiles(self) -> list[StoredProfile]:
        return [kept.profile for kept in self.before if kept.profile is not None]

    @property
    def segments(self) -> list[str]:
        return [segment for kept in self.before for segment in kept.segments]


async def erase(settings: Settings, user: str, timeout_ms: int) -> Report:
    """Erase a user as of now, or of the newest that is kept of them if that is later, as by a client's fast clock."""
    if not 1 <= len(user) <= MAX_ID_CHARACTERS:
        raise UsageError(f"A user id has 1 to {MAX_ID_CHARACTERS} characters, this one {len(user)}.")
    async with opened_store(settings) as store:
        shards = await _shards(store, settings, user)
        before = [await _kept(store, shard, user) for shard in shards]
        at_ms = max(time.time_ns() // 1_000_000, *(kept.clock_ms for kept in before))
        offsets = await _send(settings, Erasure(user, at_ms, str(uuid.uuid4())), shards)
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                for shard, offset in offsets.items():
                    await _done(store, shard, settings.topic(PROFILE_COMMANDS.name), offset)
        except TimeoutError:
            raise SegmenterError(_too_late(settings, user, timeout_ms)) from None
        marks = [await store.shards.get(shard, MARKS, mark_of(user)) for shard in shards]
    return Report(user, before, max(mark or at_ms for mark in marks))


async def _shards(store: Store, settings: Settings, user: str) -> Sequence[int]:
    """The shards that may know the user: one, unless producers choose partitions by a rule of their own."""
    settled = await store.group.get(SETTLED, "partitions")
    if settled is None:
        raise SegmenterError(f"No worker of the group {settings.group} has ever written to this Redis.")
    topic, partitions = settings.topic(PROFILE_COMMANDS.name), int(settled)
    found = (await existing(settings)).get(topic)
    if found is None:
        raise UsageError(f"There is no topic {topic} at {settings.kafka}. `segmenter topics` creates it.")
    if found != partitions:
        raise UsageError(
            f"The topic {topic} at {settings.kafka} has {found} partitions, and the group {settings.group}"
            f" has {partitions} shards: is it another group's?"
        )
    return homes(user, partitions, settings.partitioner)


async def _kept(store: Store, shard: int, user: str) -> Kept:
    profile, memberships = await store.shards.profile(shard, user), await store.shards.get(shard, MEMBERSHIPS, user)
    return Kept(profile, tuple(decode_segments(memberships)), await store.shards.get(shard, MARKS, mark_of(user)))


async def _send(settings: Settings, erasure: Erasure, shards: Sequence[int]) -> Mapping[int, int]:
    """The offset of the command, by shard."""
    topic, key, value = (
        settings.topic(PROFILE_COMMANDS.name),
        erasure.subject.encode(),
        profile_commands.encode(erasure),
    )
    offsets: dict[int, int] = {}
    async with producing(settings) as producer:
        for shard in shards:
            sent = await producer.send_and_wait(topic, value, key, partition=shard, timestamp_ms=erasure.ts)
            offsets[shard] = sent.offset
    return offsets


async def _done(store: Store, shard: int, topic: str, offset: int) -> None:
    """Wait until a checkpoint holds what became of the record at this offset, and what followed is published."""
    number: int | None = None
    while number is None or not await store.shards.is_published(shard, number):
        await asyncio.sleep(LOOK_EVERY_S)
        progress = await store.shards.progress(shard)
        if number is None and progress is not None and progress.positions.get(topic, 0) > offset:
            number = progress.number


def _too_late(settings: Settings, user: str, timeout_ms: int) -> str:
    return (
        f"No worker of the group {settings.group} erased {user} within {timeout_ms / 1000:g} s. The command is not"
        " lost: it is done as soon as a worker runs and has read it. To see that it is, run this again."
    )
