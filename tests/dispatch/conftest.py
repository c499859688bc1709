"""A server of the test's own, to which webhooks go, and a Redis for each history."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from streams.state.redis_store import RedisStore
from streams.state.store import Store
from tests.dispatch.endpoint import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


@pytest.fixture
def run_on_redis(redis_server: Any, group: str) -> Callable[[Callable[[Store], Awaitable[None]]], None]:
    """On a new group of the same Redis each time."""
    times = iter(range(1_000_000))

    def run(test: Callable[[Store], Awaitable[None]]) -> None:
        async def on_store() -> None:
            store = RedisStore(redis_server.url, f"{group}-{next(times)}")
            try:
                await test(store)
            finally:
                await store.close()

        asyncio.run(on_store())

    return run
