"""The store that the settings name, for workers and commands alike."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streams.settings import Settings
from streams.state.redis_store import RedisStore
from streams.state.store import Store


def redis_store(settings: Settings) -> Store:
    """It connects when it is first used."""
    url = settings.redis_cluster or settings.redis
    return RedisStore(url.get_secret_value(), settings.group, cluster=settings.redis_cluster is not None)


@asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[Store]:
    """The same, for the length of a block."""
    store = redis_store(settings)
    try:
        yield store
    finally:
        await store.close()
