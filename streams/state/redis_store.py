"""The store of production: Redis, one server or a cluster.

Comes in: what `Store` takes. Goes out: what `Store` gives. `codec` says how a checkpoint lies in Redis, `scripts`
how it gets there whole or not at all, `fencing` what an answer means.
"""

import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from streams.errors import UsageError
from streams.state import scripts
from streams.state.codec import Keys, ShardKeys, decode_outbox, decode_positions, writes
from streams.state.fencing import FORMAT, Held, before, may_claim, may_save, owns
from streams.state.redis_client import RedisClient
from streams.state.store import DAYS_OBSERVED, Checkpoint, Progress, Stored, StoredProfile, StoredShard

log = logging.getLogger(__name__)

OLDEST_VERSION: Final = (6, 2)  # the oldest that the tests run against
SCAN_COUNT: Final = 5_000  # rows an HSCAN: a few milliseconds of Redis, so that it can serve others in between

Name = TypeVar("Name", str, bytes)


class RedisStore:
    """The state of one consumer group in Redis."""

    def __init__(self, url: str, group: str, *, cluster: bool = False) -> None:
        self._keys = Keys(group)
        self._seen: dict[int, int] = {}  # by shard, the newest checkpoint that we know of
        self._redis = RedisClient(url, cluster=cluster)
        self._claim = self._redis.script(scripts.CLAIM)
        self._save = self._redis.script(scripts.SAVE)
        self._mark_published = self._redis.script(scripts.MARK_PUBLISHED)
        self._profile = self._redis.script(scripts.PROFILE)
        self._note_observed = self._redis.script(scripts.NOTE_OBSERVED)
        self._agree = self._redis.script(scripts.AGREE)

    def __repr__(self) -> str:
        return f"<RedisStore of {self._keys.group} at {self._redis.address}>"

    async def check(self) -> None:
        for server, info in (await self._redis.info()).items():
            _check(f"Redis at {server}", info)

    async def settle(self, name: str, value: str) -> str:
        await self._redis.call("HSETNX", self._keys.settled, name, value)
        settled: bytes = await self._redis.call("HGET", self._keys.settled, name)
        return settled.decode()

    async def settled(self, name: str) -> str | None:
        settled: bytes | None = await self._redis.call("HGET", self._keys.settled, name)
        return settled.decode() if settled is not None else None

    async def claim(self, shard: int, epoch: int) -> Stored | None:
        keys = self._keys.of(shard)
        held = _held(await self._claim([keys.state], [epoch, FORMAT]))
        may_claim(shard, held, epoch, release=f"redis-cli HDEL '{keys.state}' epoch")
        await self._redis.call("SADD", self._keys.shards, shard)
        if held.number is None:
            self._seen.pop(shard, None)
            return None
        stored = await self._load(keys)
        self._seen[shard] = stored.number
        # Whoever claimed the shard meanwhile may have written it while we read.
        owns(shard, _held(await self._redis.call("HMGET", keys.state, "format", "epoch", "number")), epoch)
        return stored

    async def _load(self, keys: ShardKeys) -> Stored:
        state = await self._redis.call("HGETALL", keys.state)
        return Stored(
            number=int(state[b"number"]),
            head=state[b"head"],
            positions=decode_positions(state[b"positions"]),
            rows=list((await self._read_hash(keys.rows, bytes.decode)).items()),
            documents=await self._read_hash(keys.documents, bytes.decode),
            outbox=decode_outbox(await self._redis.call("HGETALL", keys.outbox)),
            marks={mark: int(until_ms) for mark, until_ms in (await self._read_hash(keys.erased, bytes)).items()},
        )

    async def _read_hash(self, key: str, name: Callable[[bytes], Name]) -> dict[Name, bytes]:
        """All of a big hash, slice by slice, under names made of its fields. Redis may give a field twice."""
        values: dict[Name, bytes] = {}
        cursor = None
        while cursor != 0:
            cursor, some = await self._redis.call("HSCAN", key, cursor or 0, "COUNT", SCAN_COUNT)
            values.update((name(field), value) for field, value in some.items())
        return values

    async def save(self, shard: int, epoch: int, checkpoint: Checkpoint) -> None:
        keys = self._keys.of(shard)
        seen = self._seen.get(shard)
        parts = writes(keys, checkpoint)
        must_find = before(checkpoint.number, seen)
        arguments = [epoch, "" if must_find is None else must_find, *parts.arguments]
        held = _held(await self._save([keys.state, *parts.keys], arguments))
        may_save(shard, held, epoch, checkpoint.number, seen)
        self._seen[shard] = checkpoint.number

    async def mark_published(self, shard: int, epoch: int, number: int) -> None:
        keys = self._keys.of(shard)
        owns(shard, _held(await self._mark_published([keys.state, keys.outbox], [epoch, number])), epoch)

    async def release(self, shard: int) -> None:
        await self._redis.call("HDEL", self._keys.of(shard).state, "epoch")

    async def profile(self, shard: int, user: str) -> StoredProfile | None:
        keys = self._keys.of(shard)
        head, row, document = await self._profile([keys.state, keys.rows, keys.documents], [user])
        return None if row is None else StoredProfile(head, row, document or b"")

    async def memberships(self, shard: int, user: str) -> bytes | None:
        memberships: bytes | None = await self._redis.call("GET", self._keys.of(shard).user(user))
        return memberships

    async def mark(self, shard: int, mark: bytes) -> int | None:
        until_ms: bytes | None = await self._redis.call("HGET", self._keys.of(shard).erased, mark)
        return None if until_ms is None else int(until_ms)

    async def progress(self, shard: int) -> Progress | None:
        number, positions = await self._redis.call("HMGET", self._keys.of(shard).state, "number", "positions")
        return None if number is None else Progress(int(number), decode_positions(positions))

    async def is_published(self, shard: int, number: int) -> bool:
        return all(int(waiting) > number for waiting in await self._redis.call("HKEYS", self._keys.of(shard).outbox))

    async def shards(self) -> dict[int, StoredShard]:
        found: dict[int, StoredShard] = {}
        for shard in map(int, await self._redis.call("SMEMBERS", self._keys.shards)):
            keys = self._keys.of(shard)
            head: bytes | None = await self._redis.call("HGET", keys.state, "head")
            if head is not None:
                found[shard] = StoredShard(head, await self._redis.call("HLEN", keys.rows))
        return found

    async def sizes(self) -> dict[str, int]:
        sizes: Counter[str] = Counter()
        for shard in await self._redis.call("SMEMBERS", self._keys.shards):
            keys = self._keys.of(int(shard))
            for segment in await self._redis.call("SMEMBERS", keys.segments):
                sizes[segment.decode()] += await self._redis.call("SCARD", keys.members(segment.decode()))
        return {segment: size for segment, size in sizes.items() if size}

    async def note_observed(self, day: int, was: bytes, now: bytes) -> bytes:
        found: bytes = await self._note_observed([self._keys.sightings], [day, was, now, DAYS_OBSERVED])
        return found

    async def sightings(self) -> dict[int, bytes]:
        found = await self._redis.call("HGETALL", self._keys.sightings)
        return {int(day): record for day, record in found.items()}

    async def tell_population(self, rule: str, shard: int, report: bytes) -> None:
        await self._redis.call("HSET", self._keys.populations(rule), shard, report)

    async def populations(self, rule: str) -> dict[int, bytes]:
        found = await self._redis.call("HGETALL", self._keys.populations(rule))
        return {int(shard): report for shard, report in found.items()}

    async def agree(self, subject: str, was: bytes, now: bytes) -> bytes:
        found: bytes = await self._agree([self._keys.quintiles], [subject, was, now])
        return found

    async def agreed(self) -> dict[str, bytes]:
        found = await self._redis.call("HGETALL", self._keys.quintiles)
        return {subject.decode(): now for subject, now in found.items()}

    async def close(self) -> None:
        await self._redis.close()


def _held(answer: Sequence[bytes | None]) -> Held:
    return Held(*(None if value is None else int(value) for value in answer))


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
