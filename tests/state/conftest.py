"""A store on a real Redis, and another program beside it."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from streams.embedded.redis import RedisServer
from streams.state.redis_store import RedisStore
from tests.conftest import Opens


@pytest.fixture
def store(redis_server: RedisServer, opens: Opens) -> RedisStore:
    return opens(redis_server.url)


@pytest.fixture
async def other(redis_server: RedisServer) -> AsyncIterator[Redis]:
    """Another program's connection."""
    async with Redis.from_url(redis_server.url, decode_responses=True) as client:
        yield client
