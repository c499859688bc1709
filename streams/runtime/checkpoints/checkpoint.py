"""The checkpoint: how what happened in a shard becomes durable, and then public.

    0. publish the dead letters of the records that it passes
    1. save it in Redis, in one fenced transaction: dirty rows, documents, offsets, new changes, the read model
    2. publish the outbox in its order, also across partitions, and where its users stand now, and wait for the acks
    3. mark it published
    4. let Faust commit the Kafka offsets (for those who watch the lag; the truth is in Redis)

Comes in: a `Snapshot` of what is to be saved. Goes out: the same, in Redis and on Kafka.

A crash before 1 leaves all as the checkpoint before had it; one after it leaves an outbox, which the next owner
publishes again: the same bytes, the same ids. So a change is published at least once, and never invented. Where
users stand is not in the outbox: the next owner has it in the state.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple, Protocol

from streams.kafka.message import Message
from streams.retry import Retry
from streams.runtime.counters import Durations
from streams.state.store import Checkpoint, ShardStore


class Publisher(Protocol):
    async def publish(self, topic: str, shard: int, messages: Sequence[Message]) -> None:
        """Publish in order, to a shard's partition, and return when nothing of it can be lost any more."""


class Snapshot(NamedTuple):
    """What one checkpoint saves: a copy, so that the shard may go on meanwhile."""

    checkpoint: Checkpoint
    dead_letters: Sequence[Message] = ()
    memberships: Sequence[Message] = ()


class Checkpoints:
    """Writes the checkpoints of one shard, one at a time, as its owner by claim `epoch`.

    saved_at, published_at: when that was done last (Unix time, s), None where it has not been yet.
    """

    def __init__(
        self,
        store: ShardStore,
        publisher: Publisher,
        shard: int,
        epoch: int,
        retry: Retry,
        seconds: Durations | None = None,
    ):
        self._store = store
        self._publisher = publisher
        self._shard = shard
        self.subject = f"shard {shard}"
        self.epoch = epoch
        self._retry = retry
        self._seconds = seconds or Durations()
        self.saved_at: float | None = None
        self.published_at: float | None = None

    async def write(self, snapshot: Snapshot) -> None:
        """Write it whole, however often Redis or Kafka must be asked."""
        checkpoint = snapshot.checkpoint
        # 0
        await self._publish(snapshot.dead_letters)
        # 1
        with self._seconds.checkpoint.time():
            await self._with_redis(lambda: self._store.save(self._shard, self.epoch, checkpoint))
        self.saved_at = time.time()
        # 2, 3
        await self.publish(checkpoint.number, checkpoint.outbox, snapshot.memberships)
        # 4 is the owner's: `Consumer.may_commit`.

    async def save(self, snapshot: Snapshot) -> None:
        """Step 1 alone, if it has not been done: who leaves has no time for more. The dead letters go the way of the
        changes, by which the next owner publishes them."""
        checkpoint = replace(snapshot.checkpoint, outbox=[*snapshot.dead_letters, *snapshot.checkpoint.outbox])
        await self._with_redis(lambda: self._store.save(self._shard, self.epoch, checkpoint))

    async def publish(self, number: int, outbox: Sequence[Message], memberships: Sequence[Message]) -> None:
        """Steps 2 and 3 alone: what was saved, by us or by an earlier owner, and may not have been published."""
        await self._publish(outbox)
        await self._publish(memberships)
        if outbox:
            self.published_at = time.time()
            await self._with_redis(lambda: self._store.mark_published(self._shard, self.epoch, number))

    async def _publish(self, messages: Sequence[Message]) -> None:
        """In their order: whoever hears one may count on it that what stands before it was told."""
        for (topic, shard), part in groupby(messages, key=attrgetter("topic", "shard")):
            publish = partial(self._publisher.publish, topic, self._shard if shard is None else shard, list(part))
            with self._seconds.publish.time():
                await self._retry(f"{self.subject}, publishing to {topic}", publish)

    async def _with_redis(self, call: Callable[[], Awaitable[None]]) -> None:
        await self._retry(f"{self.subject}, checkpoint to Redis", call)
