"""A shard that is let go while Kafka or Redis is away: soon, and with its last checkpoint where that can be."""

import asyncio
from collections.abc import Sequence

import pytest

from streams.core.engine.shard import Shard
from streams.errors import Unreachable
from streams.kafka.message import Message
from streams.runtime import shard_loop
from streams.runtime.checkpoints import pending
from streams.state.memory import MemoryShardStore
from streams.state.store import Checkpoint
from streams.testing import instant, track
from tests.rulebooks import rulebook
from tests.runtime.alone import Alone
from tests.state.checkpoints import claimed

NOON = instant("2026-03-01 12:00")
RULES = rulebook(open='count("Opened") > count("Closed")')


class Away(MemoryShardStore):
    """A Redis that stops to answer."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = False

    async def save(self, shard: int, epoch: int, checkpoint: Checkpoint) -> None:
        if self.is_away:
            await asyncio.Event().wait()
        await super().save(shard, epoch, checkpoint)


class Worked(Alone):
    """A shard on which is worked, with a Kafka that stops to answer."""

    def __init__(self) -> None:
        self.redis = Away()
        super().__init__(Shard(RULES), lambda: NOON, self.redis)
        self.kafka_is_away = False
        self.sent = 0

    async def publish(self, topic: str, shard: int, messages: Sequence[Message]) -> None:
        if self.kafka_is_away:
            await asyncio.Event().wait()
        await super().publish(topic, shard, messages)

    async def start(self) -> None:
        self._work = asyncio.create_task((await self.load()).work())

    async def change(self) -> None:
        """A fetch brings an event that makes a change, and is applied."""
        name = "Closed" if self.sent % 2 else "Opened"
        self.sent += 1
        self.arrive([track("ann", name, NOON + self.sent, f"m-{self.sent}")])
        async with asyncio.timeout(60):
            while self.counters.changes < self.sent:  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0)

    async def let_go(self) -> None:
        self.loaded.leave()
        async with asyncio.timeout(60):
            await self._work


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_loop, "WRITTEN_WITHIN_S", 0.05)
    monkeypatch.setattr(shard_loop, "SAVED_WITHIN_S", 0.05)


async def test_what_kafka_does_not_take_waits_in_redis_for_the_next_owner() -> None:
    worked = Worked()
    await worked.start()
    await worked.change()
    while not worked.published["segment-memberships"]:  # noqa: ASYNC110 - nobody is told
        await asyncio.sleep(0)
    worked.kafka_is_away = True
    await worked.change()
    await worked.change()
    worked.receive_bad_record()
    await worked.let_go()
    stored = await claimed(worked.redis, 0, epoch=2)
    assert stored is not None
    assert stored.positions["product-events"] == 4
    assert [dict(message.headers)["ce_type"] for message in stored.outbox if message.topic == "segment-changes"] == [
        b"segment.exited",
        b"segment.entered",
    ]
    assert [message.topic for message in stored.outbox].count("dead-letters") == 1
    assert worked._work.result() is None, "what was not published yet is left to whoever claims and reads it"


async def test_a_shard_that_waits_for_kafka_to_take_a_checkpoint_is_let_go_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pending, "MOST_ROWS", 1)
    worked = Worked()
    await worked.start()
    worked.kafka_is_away = True
    await worked.change()
    await worked.change()
    await worked.let_go()
    stored = await claimed(worked.redis, 0, epoch=2)
    assert stored is not None
    assert stored.positions["product-events"] == 2


async def test_where_redis_does_not_answer_either_it_is_let_go_without() -> None:
    worked = Worked()
    await worked.start()
    worked.redis.is_away = True
    await worked.change()
    with pytest.raises(Unreachable):
        await worked.let_go()
