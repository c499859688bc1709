"""The state in Redis for commands that are no workers.

Comes in: the settings. Goes out: the store, for the length of a block.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streams.runtime.app import redis_store
from streams.settings import Settings
from streams.state.store import Store


@asynccontextmanager
async def storing(settings: Settings) -> AsyncIterator[Store]:
    store = redis_store(settings)
    try:
        yield store
    finally:
        await store.close()
