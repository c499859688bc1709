"""The process that delivers ends with word when what goes on beside its steps fails."""

import asyncio
from typing import Any

import pytest

from streams.delivery.message import Messages
from streams.dispatch.monitor import Monitor
from streams.dispatch.process import Deliverer, _posting
from streams.dispatch.sender import Sender
from streams.settings import Settings
from streams.state.memory import MemoryStore


async def test_who_posts_webhooks_does_not_end_unnoticed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lose_its_way(self: Sender) -> None:
        raise LookupError("which way?")

    monkeypatch.setattr(Sender, "run", lose_its_way)
    settings, nothing = Settings.from_environment({}), Any
    monitor = Monitor(settings)
    deliverer = Deliverer(nothing, nothing, {}, lambda: 0, monitor)  # type: ignore[arg-type]  # it has no shards
    async with _posting(settings, MemoryStore(), lambda: Messages(()), deliverer), asyncio.timeout(60):
        await monitor.has_failed.wait()
    assert str(monitor.failure) == "which way?"
