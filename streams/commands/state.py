"""The store that the settings name.

Comes in: the settings. Goes out: a `Store` on Redis, which connects when it is first used.
"""

from streams.settings import Settings
from streams.state.redis_store import RedisStore
from streams.state.store import Store


def store_of(settings: Settings) -> Store:
    cluster = settings.redis_cluster
    url = cluster or settings.redis
    return RedisStore(url.get_secret_value(), settings.group, cluster=cluster is not None)
