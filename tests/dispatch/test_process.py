"""The process that delivers: what it does with what is fetched, and that it ends with word when what goes on beside its
steps fails."""

import asyncio
from typing import Any

import pytest

from streams.delivery.message import Messages
from streams.dispatch.monitor import Monitor
from streams.dispatch.process import Deliverer, _posting, _round
from streams.dispatch.sender import Sender
from streams.kafka.group import Fetched
from streams.settings import Settings
from streams.state.memory import MemoryStore


def without_servers() -> Deliverer:
    nothing: Any = None
    return Deliverer(nothing, nothing, {}, lambda: 0, Monitor(Settings.from_environment({})))


class Consumer:
    """Brings the same of three partitions."""

    async def fetch(self) -> dict[int, Fetched]:
        return dict.fromkeys(range(3), Fetched({}, {}, True))

    async def commit(self, number: int, positions: object) -> None: ...


async def test_what_was_fetched_before_a_shard_was_claimed_anew_is_not_taken_for_what_follows_where_it_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deliverer, consumer = without_servers(), Consumer()
    a_shard: Any = object
    worked_on: list[tuple[int, object]] = []

    async def work(number: int, *_: object) -> bool:
        worked_on.append((number, deliverer.shards.get(number)))
        deliverer.shards[1] = reclaimed
        return True

    monkeypatch.setattr(deliverer, "work", work)
    deliverer.shards = {0: a_shard(), 1: a_shard(), 2: a_shard()}
    first, reclaimed, last = deliverer.shards[0], a_shard(), deliverer.shards[2]
    brings: Any = consumer
    await _round(deliverer, brings, lambda: 0)
    assert worked_on == [(0, first), (2, last)]
    await _round(deliverer, brings, lambda: 0)
    assert worked_on[2:] == [(0, first), (1, reclaimed), (2, last)]


async def test_who_posts_webhooks_does_not_end_unnoticed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lose_its_way(self: Sender) -> None:
        raise LookupError("which way?")

    monkeypatch.setattr(Sender, "run", lose_its_way)
    settings = Settings.from_environment({})
    deliverer = without_servers()
    monitor = deliverer.monitor
    async with _posting(settings, MemoryStore(), lambda: Messages(()), deliverer), asyncio.timeout(60):
        await monitor.has_failed.wait()
    assert str(monitor.failure) == "which way?"
