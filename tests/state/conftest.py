"""Stores on a real Redis, and another program beside them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from redis.asyncio import Redis

from streams.embedded.redis import RedisServer
from streams.state.memory import MemoryStore
from streams.state.redis_store import RedisStore
from streams.state.store import Store

Opens = Callable[..., RedisStore]


@pytest.fixture
async def opens(group: str) -> AsyncIterator[Opens]:
    """Opens stores, closed when the test is over."""
    async with AsyncExitStack() as stack:

        def opens(url: str, **options: Any) -> RedisStore:
            store = RedisStore(url, group, **options)
            stack.push_async_callback(store.close)
            return store

        yield opens


@pytest.fixture
def store(redis_server: RedisServer, opens: Opens) -> RedisStore:
    return opens(redis_server.url)


@pytest.fixture
async def other(redis_server: RedisServer) -> AsyncIterator[Redis]:
    """Another program's connection."""
    async with Redis.from_url(redis_server.url, decode_responses=True) as client:
        yield client


@pytest.fixture(params=["memory", "redis"])
def kept(request: pytest.FixtureRequest) -> Store:
    """Both, one after the other."""
    if request.param == "memory":
        return MemoryStore()
    opens: Opens = request.getfixturevalue("opens")
    return opens(request.getfixturevalue("redis_server").url)
