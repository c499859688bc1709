"""What an older version stored is brought to today's format, whatever happens meanwhile."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from streams.errors import Fenced, Unreachable
from streams.state import fencing, redis_shards
from streams.state.codec import Commands
from streams.state.format import DOCUMENTS, FORMAT, FORMATS
from streams.state.keys import ShardKeys
from streams.state.redis_client import RedisClient
from streams.state.redis_store import RedisStore
from streams.state.upgrades import UPGRADES, Upgrade
from tests.state.checkpoints import checkpoint, claimed

USERS = [f"u-{place}" for place in range(6)]
NEXT = FORMAT + 1
CUT_AFTER = 2


class Rewrite:
    """A step that writes every document anew, two at a time; told to, it fails after some slices."""

    def __init__(self) -> None:
        self.fails_after: int | None = None
        self.slices: list[list[str]] = []

    async def __call__(self, redis: RedisClient, keys: ShardKeys) -> AsyncIterator[Commands]:
        stored = await redis.call("HGETALL", keys.at(DOCUMENTS))
        old = sorted(user.decode() for user, document in stored.items() if document == b"old")
        for place in range(0, len(old), 2):
            if len(self.slices) == self.fails_after:
                raise Unreachable("Redis at r:1 does not answer")
            self.slices.append(old[place : place + 2])
            part = Commands()
            part.add("HSET", keys.at(DOCUMENTS), [each for user in self.slices[-1] for each in (user, b"new")])
            yield part


@pytest.fixture
async def old(store: RedisStore) -> RedisStore:
    """A shard in today's format, which is then the one before."""
    await claimed(store.shards, 0, epoch=1)
    await store.shards.save(0, 1, checkpoint(5, documents=[(user, b"old") for user in USERS]))
    return store


@pytest.fixture
def rewrite(monkeypatch: pytest.MonkeyPatch) -> Rewrite:
    """The step to the next format."""
    step = Rewrite()
    steps: dict[int, Upgrade | None] = {**UPGRADES, FORMAT: step}
    monkeypatch.setattr(redis_shards, "UPGRADES", steps)
    for module in (fencing, redis_shards):
        monkeypatch.setattr(module, "FORMAT", NEXT)
    return step


def test_there_is_a_step_from_every_format_before_todays() -> None:
    assert list(UPGRADES) == list(range(1, FORMAT))
    assert list(FORMATS) == list(range(1, FORMAT + 1))


async def test_who_claims_a_shard_of_the_format_before_finds_it_in_todays(
    old: RedisStore,
    rewrite: Rewrite,
    other: Redis,
    group: str,
) -> None:
    stored = await claimed(old.shards, 0, epoch=2)
    assert stored is not None
    assert (stored.number, stored[DOCUMENTS]) == (5, dict.fromkeys(USERS, b"new"))
    assert rewrite.slices == [USERS[:2], USERS[2:4], USERS[4:]]
    assert await other.hget(f"{group}:{{0}}:state", "format") == str(NEXT)
    await old.shards.save(0, 2, checkpoint(6))


async def test_what_is_in_todays_format_is_left_alone(old: RedisStore, rewrite: Rewrite) -> None:
    await claimed(old.shards, 0, epoch=2)
    rewrite.slices.clear()
    await claimed(old.shards, 0, epoch=3)
    assert rewrite.slices == []


async def test_a_shard_that_was_never_saved_has_todays_format_at_once(
    old: RedisStore,
    rewrite: Rewrite,
    other: Redis,
    group: str,
) -> None:
    assert await claimed(old.shards, 1, epoch=1) is None
    assert await other.hget(f"{group}:{{1}}:state", "format") == str(NEXT)
    assert rewrite.slices == []


async def test_a_crash_between_two_slices_leaves_the_old_format_and_the_next_owner_does_the_rest(
    old: RedisStore,
    rewrite: Rewrite,
    other: Redis,
    group: str,
) -> None:
    rewrite.fails_after = CUT_AFTER
    with pytest.raises(Unreachable):
        await claimed(old.shards, 0, epoch=2)
    assert await other.hget(f"{group}:{{0}}:state", "format") == str(FORMAT)
    rewrite.fails_after = None
    stored = await claimed(old.shards, 0, epoch=3)
    assert stored is not None
    assert stored[DOCUMENTS] == dict.fromkeys(USERS, b"new")
    assert rewrite.slices == [USERS[:2], USERS[2:4], USERS[4:]]


async def test_a_worker_that_lost_the_shard_meanwhile_rewrites_nothing_more(
    old: RedisStore,
    rewrite: Rewrite,
    other: Redis,
    group: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = f"{group}:{{0}}:state"

    async def overtaken(redis: RedisClient, keys: ShardKeys) -> AsyncIterator[Commands]:
        async for part in rewrite(redis, keys):
            if len(rewrite.slices) == CUT_AFTER:
                await other.hset(state, "epoch", "9")
            yield part

    monkeypatch.setattr(redis_shards, "UPGRADES", {**UPGRADES, FORMAT: overtaken})
    with pytest.raises(Fenced, match="by another worker after this one"):
        await claimed(old.shards, 0, epoch=2)
    documents = await other.hgetall(f"{group}:{{0}}:documents")
    assert [user for user in USERS if documents[user] == "new"] == USERS[:2]
    assert await other.hget(state, "format") == str(FORMAT)
