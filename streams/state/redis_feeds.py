"""Users' feeds in Redis: a hash a user, and of each shard a stream of who has news.

Comes in and goes out: what `streams.state.feeds` says. Each feed and the news of its shard are in one slot.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from streams.delivery.feed import Entry, Feed, Marked
from streams.delivery.outcomes import day_of, outcome
from streams.state import scripts
from streams.state.codec import NEWS_KEPT
from streams.state.feeds import MARKS, News, Place
from streams.state.format import FEEDS, NEWS, OUTCOMES
from streams.state.keys import Keys
from streams.state.redis_client import RedisClient

NOTHING_YET: Final = "0-0"
NEWS_READ: Final = 1_000  # of a shard at once; what is left comes with the next

_decode_gone = msgspec.msgpack.Decoder(list[tuple[str, int]]).decode


class RedisFeedStore:
    def __init__(self, redis: RedisClient, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._mark = redis.script(scripts.MARK)

    async def read(self, shard: int, user: str) -> Feed:
        found = await self._redis.call("HGETALL", self._keys.of(shard).at(FEEDS, user))
        return decode_feed({name.decode(): value for name, value in found.items()})

    async def mark(self, shard: int, user: str, marks: Sequence[Marked]) -> Sequence[Marked]:
        keys = self._keys.of(shard)
        said = [part for each in marks for part in (each.message, each.mark, each.at_ms, day_of(each.at_ms))]
        counted = [keys.at(OUTCOMES, outcome(each.name, each.mark)) for each in marks]
        new = await self._mark([keys.at(FEEDS, user), keys.at(NEWS), *counted], [user, NEWS_KEPT, *said])
        return [marks[int(place)] for place in new]

    async def place(self, shards: int) -> Place:
        return {shard: await self._newest(shard) for shard in range(shards)}

    async def _newest(self, shard: int) -> str:
        found = await self._redis.call("XREVRANGE", self._keys.of(shard).at(NEWS), "+", "-", "COUNT", 1)
        return found[0][0].decode() if found else NOTHING_YET

    async def news(self, after: Place) -> News:
        changed: dict[tuple[int, str], None] = {}
        place = dict(after)
        for shard, since in after.items():
            key = self._keys.of(shard).at(NEWS)
            for entry, said in await self._redis.call("XRANGE", key, f"({since}", "+", "COUNT", NEWS_READ):
                changed[shard, said[b"user"].decode()] = None
                place[shard] = entry.decode()
        return News(list(changed), place)


def decode_feed(fields: dict[str, bytes]) -> Feed:
    """From the fields of its hash."""
    feed = Feed(int(fields.get("last", 0)), int(fields.get("floor", 0)))
    if "into" in fields:
        feed.into = fields["into"].decode()
    if "gone" in fields:
        feed.gone = dict(_decode_gone(fields["gone"]))
    for name, value in fields.items():
        kind, _, message = name.partition(":")
        if kind == "message":
            feed.entries[message] = Entry(value, int(fields[f"at:{message}"]))
    for name, value in fields.items():
        kind, _, message = name.partition(":")
        if kind in MARKS:
            feed.entries[message].marks[kind] = int(value)
    return feed
