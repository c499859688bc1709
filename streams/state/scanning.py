"""Big hashes of Redis, read whole, slice by slice: while one slice is taken, Redis makes the next ones.

Comes in: the keys, and who takes what is in each. Goes out: whether that was all that there is. Nobody may write them
meanwhile.

Whoever takes a slice has the processor for some milliseconds, in which nothing can be sent; hence what comes after it
is asked for first, of each hash. Redis may give a name twice, and is not believed when it says that it is at the end: a
cursor is of one life of a server, and one that began anew meanwhile passes over some.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from streams.state.redis_client import RedisClient

SLICE: Final = 5_000  # names of the largest: a few milliseconds of Redis, so that it can serve others in between

Taker = Callable[[Mapping[bytes, bytes]], None]


async def scan(redis: RedisClient, takers: Mapping[str, Taker]) -> bool:
    """Give each of them its hash, each name once; gives whether they got all of it."""
    scans = [_Scan(redis, key, take) for key, take in takers.items()]
    try:
        for each in scans:
            await each.count_names()
        largest = max((each.count for each in scans), default=0)
        for each in scans:
            # Slices in proportion, so that all of them end at about the same time: as long as there are several, there
            # is something to take while Redis makes the next one.
            await each.begin(-(-SLICE * each.count // largest) if largest else 0)
        while under_way := [each for each in scans if each.is_under_way]:
            for each in under_way:
                await each.take_slice()
    finally:
        for each in scans:
            each.end()
    return all(each.is_whole for each in scans)


class _Scan:
    """One hash. count: of its names. is_whole: whether all of them came."""

    def __init__(self, redis: RedisClient, key: str, take: Taker):
        self._redis, self._key, self._take = redis, key, take
        self._seen = set[bytes]()
        self._asked: asyncio.Task[Any] | None = None
        self.count = self._at_once = 0

    @property
    def is_under_way(self) -> bool:
        return self._asked is not None

    @property
    def is_whole(self) -> bool:
        return len(self._seen) == self.count

    async def count_names(self) -> None:
        self.count = await self._redis.call("HLEN", self._key)

    async def begin(self, at_once: int) -> None:
        self._at_once = at_once
        if self.count:
            await self._ask(0)

    async def take_slice(self) -> None:
        assert self._asked is not None
        cursor, found = await self._asked
        self._asked = None
        if cursor:
            await self._ask(cursor)
        new = found if self._seen.isdisjoint(found) else {name: found[name] for name in found.keys() - self._seen}
        self._seen.update(new)
        self._take(new)

    def end(self) -> None:
        if self._asked is not None:
            self._asked.cancel()

    async def _ask(self, cursor: int) -> None:
        self._asked = await self._redis.ask("HSCAN", self._key, cursor, "COUNT", self._at_once)
