"""What a shard's store promises whoever looks at it, and of the erased, tried on both: in memory and in Redis."""

import pytest

from streams.state.format import DOCUMENTS, MARKS, MEMBERSHIPS, ROWS
from streams.state.store import Progress, ShardStore, Store, StoredShard
from tests.state.checkpoints import checkpoint, claimed, message, whole

ALL_BYTES = bytes(range(256))


@pytest.fixture
def store(kept: Store) -> ShardStore:
    return kept.shards


# -------------------------------------------------------------------------------------- the read model


async def test_members_join_and_leave(store: ShardStore) -> None:
    for shard in (0, 1):
        await claimed(store, shard, epoch=1)
    await store.save(0, 1, checkpoint(1, joined=[("vip", "a"), ("vip", "b"), ("new", "a")]))
    await store.save(1, 1, checkpoint(1, joined=[("vip", "c")]))
    assert await store.sizes() == {"vip": 3, "new": 1}
    assert (await store.members(0, "vip"), await store.members(1, "vip")) == ({"a", "b"}, {"c"})
    assert await store.members(0, "never") == set()
    await store.save(0, 1, checkpoint(2, joined=[("vip", "d")], left=[("vip", "a"), ("vip", "b"), ("new", "a")]))
    assert await store.sizes() == {"vip": 2}
    await store.save(0, 1, checkpoint(3, joined=[("new", "a"), ("vip", "d")], left=[("vip", "nobody"), ("gone", "a")]))
    assert await store.sizes() == {"vip": 2, "new": 1}


async def test_memberships_of_a_user_are_replaced_and_removed(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    await store.save(0, 1, checkpoint(1, memberships=[("a", b"1"), ("b", b"1"), ("{b}", b"1")]))
    await store.save(0, 1, checkpoint(2, memberships=[("a", b"2"), ("b", None), ("never", None)]))
    assert await store.get(0, MEMBERSHIPS, "a") == b"2"
    assert await store.get(0, MEMBERSHIPS, "b") is None
    assert await store.get(0, MEMBERSHIPS, "{b}") == b"1"
    assert await store.get(0, MEMBERSHIPS, "never") is None


async def test_a_profile_may_lack_a_document(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    await store.save(0, 1, checkpoint(1, rows=[("a", b"row")]))
    profile = await store.profile(0, "a")
    assert profile is not None
    assert (profile.head, profile.row, profile.document) == (b"head 1", b"row", b"")
    assert await store.profile(0, "b") is None


async def test_all_shards_that_were_saved_can_be_looked_at(store: ShardStore) -> None:
    assert await store.all() == {}
    for shard in (0, 1, 11):
        await claimed(store, shard, epoch=1)
    await store.save(0, 1, checkpoint(1, rows=[("a", b"1"), ("b", b"1")]))
    await store.save(0, 1, checkpoint(2, rows=[("a", b"2")]))
    await store.save(11, 1, checkpoint(3))
    assert await store.all() == {0: StoredShard(b"head 2", profiles=2), 11: StoredShard(b"head 3", profiles=0)}
    assert [await store.head(shard) for shard in (0, 1, 11, 12)] == [b"head 2", None, b"head 3", None]


# ------------------------------------------------------------------------------------- who was erased


async def test_of_an_erased_user_a_mark_is_all_that_stays(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    await store.save(0, 1, checkpoint(1, rows=[("a", b"1"), ("b", b"1")], documents=[("a", b"{}"), ("b", b"{}")]))
    await store.save(0, 1, checkpoint(2, erased=["a", "never"], marks=[(ALL_BYTES[:32], 7), (b"\0" * 32, -5)]))
    assert await store.profile(0, "a") is None
    stored = await claimed(store, 0, epoch=2)
    assert stored is not None
    assert (stored[ROWS], stored[DOCUMENTS]) == ({"b": b"1"}, {"b": b"{}"})
    assert stored[MARKS] == {ALL_BYTES[:32]: 7, b"\0" * 32: -5}
    assert (await store.all())[0].profiles == 1


async def test_a_mark_is_found_by_shard_and_moves_on(store: ShardStore) -> None:
    for shard in (0, 1):
        await claimed(store, shard, epoch=1)
    assert await store.get(0, MARKS, b"m") is None
    await store.save(0, 1, checkpoint(1, marks=[(b"m", 7)]))
    assert (await store.get(0, MARKS, b"m"), await store.get(1, MARKS, b"m")) == (7, None)
    await store.save(0, 1, checkpoint(2, marks=[(b"m", 9)]))
    await store.save(0, 1, checkpoint(3))
    assert await store.get(0, MARKS, b"m") == 9


async def test_who_comes_back_in_the_checkpoint_that_erases_them_has_the_new_profile_alone(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    await store.save(0, 1, checkpoint(1, rows=[("a", b"old")], documents=[("a", b"old")]))
    await store.save(0, 1, checkpoint(2, erased=["a"], rows=[("a", b"new")]))
    profile = await store.profile(0, "a")
    assert profile is not None
    assert (profile.row, profile.document) == (b"new", b"")


async def test_twenty_thousand_users_are_erased_in_one_checkpoint(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    await store.save(0, 1, whole(1, users=20_000))
    users = [f"u-{user}" for user in range(20_000)]
    marks = [(user.encode(), 7) for user in users]
    await store.save(
        0,
        1,
        checkpoint(
            2,
            erased=users,
            marks=marks,
            left=[("at-1", user) for user in users],
            memberships=[(user, None) for user in users],
        ),
    )
    stored = await claimed(store, 0, epoch=2)
    assert stored is not None
    assert (stored[ROWS], stored[DOCUMENTS], stored[MARKS]) == ({}, {}, dict(marks))
    assert await store.sizes() == {}
    assert await store.get(0, MEMBERSHIPS, "u-19999") is None


async def test_how_far_a_shard_came_can_be_looked_at(store: ShardStore) -> None:
    assert await store.progress(0) is None
    await claimed(store, 0, epoch=1)
    assert await store.progress(0) is None
    await store.save(0, 1, checkpoint(4, positions={"product-events": 5, "profile-commands": 2**53 + 1}))
    assert await store.progress(0) == Progress(4, {"product-events": 5, "profile-commands": 2**53 + 1})


async def test_whether_a_checkpoint_is_published_can_be_looked_at(store: ShardStore) -> None:
    assert await store.is_published(0, 8)
    await claimed(store, 0, epoch=1)
    for number in (8, 9, 10):
        await store.save(0, 1, checkpoint(number, outbox=[message(number)]))
    assert await store.is_published(0, 7)
    assert not await store.is_published(0, 8)
    await store.mark_published(0, 1, 9)
    assert await store.is_published(0, 9)
    assert not await store.is_published(0, 10)


async def test_some_of_a_collection_can_be_looked_at_or_all(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    many = {f"u-{number}": b"%d" % number for number in range(2_000)}
    await store.save(0, 1, checkpoint(1, rows=list(many.items())))
    found = await store.some(0, ROWS, 100)
    assert 100 <= len(found) < 200
    assert found.items() <= many.items()
    assert await store.some(0, ROWS, 2_000) == await store.some(0, ROWS, 9_999) == many
    assert await store.some(1, ROWS, 100) == {}
