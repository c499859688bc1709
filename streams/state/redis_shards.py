"""What each shard keeps, in Redis.

Comes in and goes out: what `ShardStore` says. `codec` says how a checkpoint lies in Redis, `scripts` how it gets there
whole or not at all, `fencing` what an answer means.
"""

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from heapq import nsmallest
from typing import Any, Final

from streams.core.flows import Flow
from streams.errors import StateLost, Unreachable
from streams.state import scripts
from streams.state.codec import Commands, commands, decode_outbox, decode_positions
from streams.state.collection import Collection, Form, Name, Value
from streams.state.counting import SINCE, Summed, contains
from streams.state.fencing import Held, before, may_claim, may_save, owns
from streams.state.format import (
    COUNTED,
    DOCUMENTS,
    FLOWS,
    FORMAT,
    MEMBERS,
    OUTBOX,
    ROWS,
    SHARD,
    SHARDS,
    loaded,
    of_subjects,
)
from streams.state.keys import Keys, ShardKeys
from streams.state.redis_client import RedisClient
from streams.state.scanning import SLICE, Taker, scan
from streams.state.store import Checkpoint, Count, Progress, Stored, StoredProfile, StoredShard, Take
from streams.state.upgrades import UPGRADES

COUNTED_AT_ONCE: Final = 50  # segments: of a year, some milliseconds of Redis
LISTED_AT_ONCE: Final = 200  # timelines: some milliseconds of Redis


class RedisShardStore:
    def __init__(self, redis: RedisClient, keys: Keys, table: tuple[Collection[Any, Any], ...] = SHARD) -> None:
        self._redis = redis
        self._keys = keys
        self._table = table
        self._loaded, self._of_subjects = loaded(table), of_subjects(table)
        self._seen: dict[int, int] = {}  # by shard, the newest checkpoint that we know of
        self._claim = redis.script(scripts.CLAIM)
        self._save = redis.script(scripts.SAVE)
        self._mark_published = redis.script(scripts.MARK_PUBLISHED)
        self._profile = redis.script(scripts.PROFILE)
        self._counts = redis.script(scripts.COUNTS)
        self._flows = redis.script(scripts.FLOWS)
        self._lists = redis.script(scripts.LISTS)

    async def owner(self, shard: int) -> int | None:
        epoch = await self._redis.call("HGET", self._keys.of(shard).state, "epoch")
        return None if epoch is None else int(epoch)

    async def claim(self, shard: int, epoch: int, after: int | None) -> Stored | None:
        keys = self._keys.of(shard)
        held = _held(await self._claim([keys.state], [epoch, _text(after), FORMAT]))
        may_claim(shard, held, after)
        await self._redis.call("SADD", self._keys.at(SHARDS), shard)
        await self._upgrade(shard, held, epoch)
        if held.number is None:
            self._seen.pop(shard, None)
            return None
        stored = await self._load(keys)
        self._seen[shard] = stored.number
        await self._still_owns(shard, epoch)
        return stored

    async def claim_back(self, shard: int, epoch: int, after: int, number: int) -> bool:
        held = _held(await self._claim([self._keys.of(shard).state], [epoch, after, FORMAT]))
        may_claim(shard, held, after)
        if (held.format, held.number) != (FORMAT, number):
            return False
        self._seen[shard] = number
        return True

    async def _upgrade(self, shard: int, held: Held, epoch: int) -> None:
        """Bring what an older version stored to today's format."""
        keys = self._keys.of(shard)
        for number in range(FORMAT if held.format is None else held.format, FORMAT):
            upgrade = UPGRADES[number]
            if upgrade is not None:
                async for part in upgrade(self._redis, keys):
                    await self._rewrite(shard, held, epoch, part)
            done = Commands()
            done.add("HSET", keys.state, ["format", number + 1])
            await self._rewrite(shard, held, epoch, done)

    async def _rewrite(self, shard: int, held: Held, epoch: int, parts: Commands) -> None:
        """Under the checkpoint that is there, as its owner."""
        state = self._keys.of(shard).state
        found = _held(await self._save([state, *parts.keys], [epoch, _text(held.number), *parts.arguments]))
        owns(shard, found, epoch)
        if found.number != held.number:
            raise StateLost(f"Redis lost checkpoints of shard {shard} while they were brought to format {FORMAT}")

    async def _load(self, keys: ShardKeys) -> Stored:
        state = await self._redis.call("HGETALL", keys.state)
        if b"number" not in state:
            raise self._began_anew()
        found = {each: dict[Any, Any]() for each in self._loaded if not each.is_large}
        if not await self._scan(keys, {each: contents.update for each, contents in found.items()}):
            raise self._began_anew()
        return Stored(
            number=int(state[b"number"]),
            head=state[b"head"],
            positions=decode_positions(state[b"positions"]),
            outbox=decode_outbox(found.pop(OUTBOX)),
            collections=found,
            rebuilds=state.get(b"rebuilds") == b"1",
        )

    async def load(self, shard: int, epoch: int, takers: Mapping[Collection[Any, Any], Take]) -> None:
        is_whole = await self._scan(self._keys.of(shard), takers)
        await self._still_owns(shard, epoch)
        if not is_whole:
            raise self._began_anew()

    async def _scan(self, keys: ShardKeys, takers: Mapping[Collection[Any, Any], Take]) -> bool:
        return await scan(self._redis, {keys.at(each): _decoding(each, take) for each, take in takers.items()})

    def _began_anew(self) -> Unreachable:
        return Unreachable(f"Redis at {self._redis.address} began anew while it was read")

    async def _still_owns(self, shard: int, epoch: int) -> None:
        """Whoever claimed the shard meanwhile may have written it while we read."""
        found = await self._redis.call("HMGET", self._keys.of(shard).state, "format", "epoch", "number")
        owns(shard, _held(found), epoch)

    async def _some(
        self, keys: ShardKeys, collection: Collection[Any, Any], *only: str, most: int | None = None
    ) -> dict[Any, Any]:
        """Those of a big hash that are wanted, or `most` of it, slice by slice. Redis may give a name twice."""
        found: dict[Any, Any] = {}
        cursor, count = None, SLICE if most is None else min(SLICE, most)
        while cursor != 0 and (most is None or len(found) < most):
            cursor, some = await self._redis.call("HSCAN", keys.at(collection), cursor or 0, *only, "COUNT", count)
            found.update(collection.decode(some))
        return found

    async def save(self, shard: int, epoch: int, checkpoint: Checkpoint) -> None:
        keys = self._keys.of(shard)
        seen = self._seen.get(shard)
        parts = commands(keys, checkpoint, self._of_subjects)
        arguments = [epoch, _text(before(checkpoint.number, seen)), *parts.arguments]
        held = _held(await self._save([keys.state, *parts.keys], arguments))
        may_save(shard, held, epoch, checkpoint.number, seen)
        self._seen[shard] = checkpoint.number

    async def mark_published(self, shard: int, epoch: int, number: int) -> None:
        keys = self._keys.of(shard)
        owns(shard, _held(await self._mark_published([keys.state, keys.at(OUTBOX)], [epoch, number])), epoch)

    async def get(self, shard: int, collection: Collection[Name, Value], name: Name) -> Value | None:
        keys = self._keys.of(shard)
        if collection.form is Form.STRINGS:
            found = await self._redis.call("GET", keys.at(collection, name))
        else:
            found = await self._redis.call("HGET", keys.at(collection), name)
        return None if found is None else collection.decode_value(found)

    async def values(self, shard: int, collection: Collection[Name, Value], names: Sequence[Name]) -> dict[Name, Value]:
        if not names:
            return {}
        keys = self._keys.of(shard)
        if collection.form is Form.STRINGS:
            found = await self._redis.call("MGET", *(keys.at(collection, name) for name in names))
        else:
            found = await self._redis.call("HMGET", keys.at(collection), *names)
        return {name: collection.decode_value(raw) for name, raw in zip(names, found, strict=True) if raw is not None}

    async def earliest(
        self, shard: int, collection: Collection[Name, int], until: int, most: int
    ) -> Sequence[tuple[Name, int]]:
        key = self._keys.of(shard).at(collection)
        found = await self._redis.call("ZRANGEBYSCORE", key, "-inf", until, "WITHSCORES", "LIMIT", 0, most)
        return list(collection.decode(dict(zip(found[::2], found[1::2], strict=True))))

    async def beginning_with(self, shard: int, collection: Collection[Name, Value], start: str) -> dict[Name, Value]:
        pattern = re.sub(r"([\\*?\[\]^-])", r"\\\1", start) + "*"
        return await self._some(self._keys.of(shard), collection, "MATCH", pattern)

    async def some(self, shard: int, collection: Collection[Name, Value], most: int) -> dict[Name, Value]:
        return await self._some(self._keys.of(shard), collection, most=most)

    async def profile(self, shard: int, user: str) -> StoredProfile | None:
        keys = self._keys.of(shard)
        head, row, document = await self._profile([keys.state, keys.at(ROWS), keys.at(DOCUMENTS)], [user])
        return None if row is None else StoredProfile(head, row, document or b"")

    async def progress(self, shard: int) -> Progress | None:
        number, positions = await self._redis.call("HMGET", self._keys.of(shard).state, "number", "positions")
        return None if number is None else Progress(int(number), decode_positions(positions))

    async def head(self, shard: int) -> bytes | None:
        head: bytes | None = await self._redis.call("HGET", self._keys.of(shard).state, "head")
        return head

    async def is_published(self, shard: int, number: int) -> bool:
        waiting = await self._redis.call("HKEYS", self._keys.of(shard).at(OUTBOX))
        return all(int(saved) > number for saved in waiting)

    async def _numbers(self) -> list[int]:
        """The shards that were ever claimed."""
        return [int(shard) for shard in await self._redis.call("SMEMBERS", self._keys.at(SHARDS))]

    async def all(self) -> dict[int, StoredShard]:
        found: dict[int, StoredShard] = {}
        for shard in await self._numbers():
            head = await self.head(shard)
            if head is not None:
                found[shard] = StoredShard(head, await self._redis.call("HLEN", self._keys.of(shard).at(ROWS)))
        return found

    async def members(self, shard: int, segment: str, of: Collection[str, str] = MEMBERS) -> set[str]:
        return {user async for some in self.each_member(shard, segment, of) for user in some}

    async def each_member(
        self, shard: int, segment: str, of: Collection[str, str] = MEMBERS
    ) -> AsyncIterator[Sequence[str]]:
        key, cursor = self._keys.of(shard).at(of, segment), None
        while cursor != 0:
            cursor, some = await self._redis.call("SSCAN", key, cursor or 0, "COUNT", SLICE)
            yield list(map(bytes.decode, some))

    async def sizes(self, of: Collection[str, str] = MEMBERS) -> dict[str, int]:
        sizes: Counter[str] = Counter()
        assert of.index is not None
        for keys in map(self._keys.of, await self._numbers()):
            for segment in map(bytes.decode, await self._redis.call("SMEMBERS", keys.at(of.index))):
                sizes[segment] += await self._redis.call("SCARD", keys.at(of, segment))
        return {segment: size for segment, size in sizes.items() if size}

    async def counts(self, segments: Sequence[str], periods: Sequence[str] = ()) -> dict[str, Count]:
        found = {segment: Summed() for segment in segments}
        for shard in await self._numbers():
            keys = self._keys.of(shard)
            for some in _slices(segments, COUNTED_AT_ONCE):
                names = [keys.at(each, segment) for segment in some for each in (MEMBERS, FLOWS)]
                answer = await self._counts(names, list(periods))
                for segment, size, flows in zip(some, answer[::2], answer[1::2], strict=True):
                    found[segment].add(size, zip(periods, flows, strict=True))
        return {segment: summed.count for segment, summed in found.items()}

    async def flows(
        self, collection: Collection[str, bytes], names: Sequence[str], periods: Sequence[str]
    ) -> dict[str, Mapping[str, Flow]]:
        found = {name: Summed() for name in names}
        for shard in await self._numbers() if periods else ():
            keys = self._keys.of(shard)
            for some in _slices(names, COUNTED_AT_ONCE):
                answer = await self._flows([keys.at(collection, name) for name in some], list(periods))
                for name, flows in zip(some, answer, strict=True):
                    found[name].add(0, zip(periods, flows, strict=True))
        return {name: summed.count.flows for name, summed in found.items()}

    async def counted_since(self) -> int | None:
        keys = [self._keys.of(shard).at(COUNTED) for shard in await self._numbers()]
        found = [await self._redis.call("HGET", key, SINCE) for key in keys]
        return max((int(since) for since in found if since is not None), default=None)

    async def members_after(
        self, segment: str, after: str, most: int, of: Collection[str, str] = MEMBERS, containing: str = ""
    ) -> list[tuple[int, str]]:
        found: list[tuple[str, int]] = []
        for shard in await self._numbers():
            async for some in self.each_member(shard, segment, of):
                wanted = (user for user in some if user > after and contains(user, containing))
                found = nsmallest(most, {*found, *((user, shard) for user in wanted)})
        return [(shard, user) for user, shard in found]

    async def entries(self, shard: int, collection: Collection[Name, bytes], name: Name) -> list[bytes]:
        found: list[bytes] = await self._redis.call("LRANGE", self._keys.of(shard).at(collection, name), 0, -1)
        return found[::-1]

    async def lists(
        self, shard: int, collection: Collection[Name, bytes], names: Sequence[Name]
    ) -> dict[Name, list[bytes]]:
        keys, found = self._keys.of(shard), dict[Name, list[bytes]]()
        for some in _slices(names, LISTED_AT_ONCE):
            answer = await self._lists([keys.at(collection, name) for name in some], [])
            found |= {name: entries[::-1] for name, entries in zip(some, answer, strict=True) if entries}
        return found

    def beside(self, room: str) -> "RedisShardStore":
        return RedisShardStore(self._redis, Keys(self._keys.group, room), self._table)

    async def forget(self, shard: int) -> None:
        keys = self._keys.of(shard)
        await self._redis.call("UNLINK", keys.state, *map(keys.at, self._loaded))
        await self._redis.call("SREM", self._keys.at(SHARDS), shard)
        self._seen.pop(shard, None)


def _decoding(collection: Collection[Any, Any], take: Take) -> Taker:
    return lambda found: take(list(collection.decode(found)))


def _slices(names: Sequence[Name], most: int) -> Iterator[Sequence[Name]]:
    return (names[start : start + most] for start in range(0, len(names), most))


def _held(answer: Sequence[bytes | None]) -> Held:
    return Held(*(None if value is None else int(value) for value in answer))


def _text(number: int | None) -> int | str:
    """As the scripts have it."""
    return "" if number is None else number
