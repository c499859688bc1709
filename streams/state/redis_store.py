"""The store of production: Redis, one server or a cluster.

Comes in: its URL, and whose state it is. Goes out: what shards and their group keep there, over one set of connections.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any, Final

from streams.errors import UsageError
from streams.state.format import DELIVERY, DELIVERY_ROOM
from streams.state.keys import Keys
from streams.state.redis_client import RedisClient
from streams.state.redis_feeds import RedisFeedStore
from streams.state.redis_group import RedisGroupStore
from streams.state.redis_shards import RedisShardStore

log = logging.getLogger(__name__)

OLDEST_VERSION: Final = (6, 2)  # the oldest that the tests run against


class RedisStore:
    """The state of one consumer group in Redis; it connects when it is first used."""

    def __init__(self, url: str, group: str, *, cluster: bool = False) -> None:
        keys = Keys(group)
        self._name = group
        self._redis = RedisClient(url, cluster=cluster)
        self.shards = RedisShardStore(self._redis, keys)
        delivery = Keys(group, DELIVERY_ROOM)
        self.deliveries = RedisShardStore(self._redis, delivery, DELIVERY)
        self.feeds = RedisFeedStore(self._redis, delivery)
        self.group = RedisGroupStore(self._redis, keys)

    def __repr__(self) -> str:
        return f"<RedisStore of {self._name} at {self._redis.address}>"

    async def check(self) -> None:
        for server, info in (await self._redis.info()).items():
            _check(f"Redis at {server}", info)

    async def close(self) -> None:
        await self._redis.close()


def _check(server: str, info: Mapping[str, Any]) -> None:
    version = str(info.get("redis_version", "unknown"))
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST_VERSION:
        oldest = ".".join(map(str, OLDEST_VERSION))
        raise UsageError(f"{server} has version {version}; it must have {oldest} or later")
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy.startswith("allkeys-"):
        raise UsageError(
            f"{server} evicts keys when it is full (maxmemory-policy {policy}): state would vanish without a word. "
            "Set its maxmemory-policy to noeviction, or give us a Redis of our own"
        )
    if not int(info.get("aof_enabled", 0)):
        log.warning(
            "%s keeps no append-only file: when it stops, whatever it stored since its last snapshot, if it makes any, "
            "is lost and must be rebuilt from the input topics. Set its appendonly to yes",
            server,
        )
