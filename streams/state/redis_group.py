"""What all workers of a group share, in Redis.

Comes in and goes out: what `GroupStore` says. No transaction binds it to what a shard keeps.
"""

from streams.state import scripts
from streams.state.collection import Collection, Name
from streams.state.keys import Keys
from streams.state.redis_client import RedisClient


class RedisGroupStore:
    def __init__(self, redis: RedisClient, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._replace = redis.script(scripts.REPLACE)

    async def get(self, collection: Collection[Name, bytes], name: Name) -> bytes | None:
        value: bytes | None = await self._redis.call("HGET", self._keys.at(collection), name)
        return value

    async def read(self, collection: Collection[Name, bytes]) -> dict[Name, bytes]:
        return dict(collection.decode(await self._redis.call("HGETALL", self._keys.at(collection))))

    async def put(self, collection: Collection[Name, bytes], name: Name, value: bytes) -> None:
        await self._redis.call("HSET", self._keys.at(collection), name, value)

    async def replace(
        self,
        collection: Collection[Name, bytes],
        name: Name,
        was: bytes,
        now: bytes,
        newest: int = 0,
        most: int | None = None,
    ) -> bytes:
        greatest = "" if most is None else most
        found: bytes = await self._replace([self._keys.at(collection)], [name, was, now, newest, greatest])
        return found

    async def remember(self, collection: Collection[str, bytes], name: str, for_s: int, value: bytes = b"") -> None:
        await self._redis.call("SET", f"{self._keys.at(collection)}:{name}", value, "EX", for_s)

    async def remembers(self, collection: Collection[str, bytes], name: str) -> bool:
        return bool(await self._redis.call("EXISTS", f"{self._keys.at(collection)}:{name}"))

    async def take(self, collection: Collection[str, bytes], name: str) -> bytes | None:
        value: bytes | None = await self._redis.call("GETDEL", f"{self._keys.at(collection)}:{name}")
        return value
