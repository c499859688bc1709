"""What every store promises, tried on both: the one in memory and the one in Redis."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from streams.embedded.redis import RedisServer
from streams.errors import Fenced, StateError, StateLost
from streams.kafka.message import Message
from streams.state.format import (
    DOCUMENTS,
    MARKS,
    MEMBERSHIPS,
    OBSERVED,
    POPULATIONS,
    QUINTILES,
    ROWS,
    SETTLED,
)
from streams.state.memory import MemoryStore
from streams.state.redis_store import RedisStore
from streams.state.store import GroupStore, Progress, ShardStore, Store, StoredShard
from tests.state.checkpoints import checkpoint, message, whole

STRANGE_IDS = ["ü", "用户-1", "a{b}c", "{}", "a:b:c", "user:{1}:rows", " ", "'\"\\", "\n\r\n", "\0", "😀" * 255, "*?[]"]
ALL_BYTES = bytes(range(256))


@pytest.fixture(params=["memory", "redis"])
async def kept(request: pytest.FixtureRequest, group: str) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    server = cast(RedisServer, request.getfixturevalue("redis_server"))
    redis = RedisStore(server.url, group)
    yield redis
    await redis.close()


@pytest.fixture
def store(kept: Store) -> ShardStore:
    return kept.shards


@pytest.fixture
def shared(kept: Store) -> GroupStore:
    return kept.group


# ------------------------------------------------------------------------------------- what is kept


async def test_a_shard_never_saved_has_nothing(store: ShardStore) -> None:
    assert await store.claim(0, epoch=1) is None
    assert await store.claim(0, epoch=1) is None


async def test_a_new_owner_finds_what_the_last_checkpoint_left(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
    await store.save(0, 1, checkpoint(1, rows=[("a", b"1"), ("b", b"1")], documents=[("a", b"{}")]))
    await store.save(0, 1, checkpoint(2, rows=[("b", b"2"), ("c", b"2")], documents=[("c", b"[]")]))
    stored = await store.claim(0, epoch=2)
    assert stored is not None
    assert (stored.number, stored.head, stored.positions) == (2, b"head 2", {"product-events": 2})
    assert stored[ROWS] == {"a": b"1", "b": b"2", "c": b"2"}
    assert stored[DOCUMENTS] == {"a": b"{}", "c": b"[]"}


async def test_shards_share_nothing(store: ShardStore) -> None:
    for shard in (0, 1, 11):
        await store.claim(shard, epoch=1)
    await store.save(0, 1, whole(5))
    await store.save(11, 1, whole(7))
    assert await store.claim(1, epoch=2) is None
    assert await store.profile(1, "u-0") is None
    assert await store.get(1, MEMBERSHIPS, "u-0") is None
    stored = await store.claim(11, epoch=2)
    assert stored is not None
    assert stored.number == 7


async def test_any_user_id_and_any_bytes_come_back_as_they_went(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
    rows = [(user, ALL_BYTES + user.encode()) for user in STRANGE_IDS]
    await store.save(
        0,
        1,
        checkpoint(
            1,
            head=ALL_BYTES,
            positions={"プロダクト{x}": 2**53 + 1},
            rows=rows,
            documents=rows,
            outbox=[Message(user, user.encode(), ALL_BYTES, ((user, ALL_BYTES),)) for user in STRANGE_IDS],
            joined=[("lifecycle/{new}:ü", user) for user in STRANGE_IDS],
            memberships=rows,
        ),
    )
    stored = await store.claim(0, epoch=2)
    assert stored is not None
    assert stored.head == ALL_BYTES
    assert stored.positions == {"プロダクト{x}": 2**53 + 1}
    assert stored[ROWS] == stored[DOCUMENTS] == dict(rows)
    assert [message.topic for message in stored.outbox] == STRANGE_IDS
    assert stored.outbox[0] == Message("ü", "ü".encode(), ALL_BYTES, (("ü", ALL_BYTES),))
    assert await store.sizes() == {"lifecycle/{new}:ü": len(STRANGE_IDS)}
    for user, value in rows:
        assert await store.get(0, MEMBERSHIPS, user) == value
        profile = await store.profile(0, user)
        assert profile is not None
        assert profile.row == profile.document == value


async def test_empty_values_are_values(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
    await store.save(0, 1, checkpoint(1, head=b"", positions={}, rows=[("u", b"")], memberships=[("u", b"")]))
    stored = await store.claim(0, epoch=2)
    assert stored is not None
    assert (stored.head, stored.positions, stored[ROWS]) == (b"", {}, {"u": b""})
    assert await store.get(0, MEMBERSHIPS, "u") == b""


async def test_twenty_thousand_profiles_fit_into_one_checkpoint(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
    await store.save(0, 1, whole(1, users=20_000))
    assert await store.sizes() == {"at-1": 20_000}
    stored = await store.claim(0, epoch=2)
    assert stored is not None
    assert stored[ROWS] == stored[DOCUMENTS] == {f"u-{user}": b"1" for user in range(20_000)}
    await store.save(0, 2, whole(2, users=20_000))
    assert await store.sizes() == {"at-2": 20_000}
    assert await store.get(0, MEMBERSHIPS, "u-19999") == b"2"


async def test_what_is_fixed_at_first_start_stays(shared: GroupStore) -> None:
    assert await shared.replace(SETTLED, "partitions", b"", b"4") == b""
    assert await shared.replace(SETTLED, "partitions", b"", b"8") == b"4"
    assert await shared.replace(SETTLED, "utc_offset", b"", b"-08:00") == b""
    assert await shared.read(SETTLED) == {"partitions": b"4", "utc_offset": b"-08:00"}


async def test_what_is_fixed_can_be_looked_at_without_fixing_it(shared: GroupStore) -> None:
    assert await shared.get(SETTLED, "partitions") is None
    assert await shared.replace(SETTLED, "partitions", b"", b"8") == b""
    assert await shared.get(SETTLED, "partitions") == b"8"


# -------------------------------------------------------------------------------------- who may write


async def test_a_worker_that_lost_the_shard_cannot_write_it(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
    await store.save(0, 1, whole(1))
    await store.claim(0, epoch=2)
    for number in (1, 2, 3):
        with pytest.raises(Fenced):
            await store.save(0, 1, whole(number))
    with pytest.raises(Fenced):
        await store.mark_published(0, 1, 1)
    stored = await store.claim(0, epoch=2)
    assert stored is not None
    assert (stored.number, len(stored.outbox)) == (1, 1)


async def test_a_stale_worker_is_fenced_even_before_anything_was_saved(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
    await store.claim(0, epoch=2)
    with pytest.raises(Fenced):
        await store.save(0, 1, whole(1))
    await store.save(0, 2, whole(1))


async def test_a_stale_worker_cannot_take_the_shard_back(store: ShardStore) -> None:
    await store.claim(0, epoch=7)
    with pytest.raises(Fenced, match=r"generation 7 .* generation 6"):
        await store.claim(0, epoch=6)
    await store.save(0, 7, whole(1))


async def test_generations_are_numbers_and_not_text(store: ShardStore) -> None:
    await store.claim(0, epoch=9)
    await store.claim(0, epoch=10)
    with pytest.raises(Fenced):
        await store.claim(0, epoch=9)


async def test_after_its_group_was_deleted_a_shard_is_released_by_hand(store: ShardStore) -> None:
    await store.claim(0, epoch=57)
    await store.save(0, 57, whole(1))
    with pytest.raises(Fenced, match="consumer group was deleted"):
        await store.claim(0, epoch=1)
    await store.release(0)
    with pytest.raises(Fenced, match="owned by nobody"):
        await store.save(0, 57, whole(2))
    stored = await store.claim(0, epoch=1)
    assert stored is not None
    assert stored.number == 1
    await store.save(0, 1, whole(2))


async def test_a_shard_that_nobody_claimed_cannot_be_written(store: ShardStore) -> None:
    await store.release(0)
    with pytest.raises(StateLost):
        await store.save(0, 1, whole(1))
    with pytest.raises(StateLost):
        await store.mark_published(0, 1, 1)
    assert await store.claim(0, epoch=1) is None
    assert await store.profile(0, "u-0") is None


async def test_of_two_workers_that_race_the_stale_one_writes_nothing_after_the_claim(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
    claimed: list[int] = []
    saved_once = asyncio.Event()

    async def stale() -> int:
        for number in range(1, 1_000_000):
            try:
                await store.save(0, 1, whole(number, users=50))
            except Fenced:
                return number - 1
            saved_once.set()
            await asyncio.sleep(0)
        raise AssertionError("never fenced")

    async def fresh() -> None:
        await saved_once.wait()
        stored = await store.claim(0, epoch=2)
        assert stored is not None
        claimed.append(stored.number)

    last, _ = await asyncio.gather(stale(), fresh())
    assert claimed == [last]


# ----------------------------------------------------------------------------- which checkpoint is next


async def test_the_first_number_is_free_and_each_later_one_is_greater(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
    await store.save(0, 1, whole(1_795_000_000_000))
    for number in (0, 1_794_999_999_999):
        with pytest.raises(StateError, match="cannot come next"):
            await store.save(0, 1, whole(number))
    await store.save(0, 1, whole(1_795_000_000_001))
    await store.claim(0, epoch=2)
    await store.save(0, 2, whole(1_796_000_000_000))
    await store.save(0, 2, whole(1_796_000_000_000))
    stored = await store.claim(0, epoch=3)
    assert stored is not None
    assert stored.number == 1_796_000_000_000


async def test_a_checkpoint_saved_again_changes_nothing(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
    await store.save(0, 1, checkpoint(1, rows=[("u", b"first")], outbox=[message(1)]))
    await store.save(0, 1, checkpoint(1, rows=[("u", b"again")], outbox=[message(1), message(2)]))
    stored = await store.claim(0, epoch=2)
    assert stored is not None
    assert stored[ROWS] == {"u": b"first"}
    assert stored.outbox == [message(1)]


async def test_a_new_owner_goes_on_counting(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
    await store.save(0, 1, whole(41))
    await store.claim(0, epoch=2)
    with pytest.raises(StateError):
        await store.save(0, 2, whole(1))
    await store.save(0, 2, whole(42))


async def test_a_reader_sees_a_checkpoint_whole_or_not_at_all(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
    await store.save(0, 1, whole(1, users=2_000))

    async def write() -> None:
        for number in range(2, 20):
            await store.save(0, 1, whole(number, users=2_000))

    async def read(writing: asyncio.Task[None]) -> None:
        while not writing.done():
            profile = await store.profile(0, "u-1999")
            assert profile is not None
            assert profile.head == b"head " + profile.row
            assert profile.row == profile.document
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(read(group.create_task(write())))


# --------------------------------------------------------------------------------------- what was read


async def test_what_was_read_is_kept_by_day(shared: GroupStore) -> None:
    assert await shared.read(OBSERVED) == {}
    assert await shared.replace(OBSERVED, 20_000, b"", ALL_BYTES, newest=7) == b""
    assert await shared.replace(OBSERVED, 20_000, ALL_BYTES, b"more", newest=7) == ALL_BYTES
    assert await shared.replace(OBSERVED, 20_001, b"", b"next", newest=7) == b""
    assert await shared.read(OBSERVED) == {20_000: b"more", 20_001: b"next"}


async def test_of_two_workers_that_note_at_once_the_slower_is_given_what_the_quicker_wrote(shared: GroupStore) -> None:
    await shared.replace(OBSERVED, 1, b"", b"quick", newest=7)
    assert await shared.replace(OBSERVED, 1, b"", b"slow", newest=7) == b"quick"
    assert await shared.read(OBSERVED) == {1: b"quick"}
    assert await shared.replace(OBSERVED, 1, b"gone", b"slow", newest=7) == b"quick"
    assert await shared.replace(OBSERVED, 2, b"gone", b"slow", newest=7) == b""
    assert await shared.read(OBSERVED) == {1: b"quick"}


async def test_only_the_newest_seven_days_are_kept(shared: GroupStore) -> None:
    for day in (99, 100, 102, 98, 105, 103, 104, 101):
        await shared.replace(OBSERVED, day, b"", b"%d" % day, newest=7)
    assert sorted(await shared.read(OBSERVED)) == [99, 100, 101, 102, 103, 104, 105]


async def test_what_shards_tell_is_kept_by_rule_and_the_last_of_each_stays(shared: GroupStore) -> None:
    assert await shared.read(POPULATIONS.under("rfm")) == {}
    await shared.put(POPULATIONS.under("rfm"), 0, b"old")
    await shared.put(POPULATIONS.under("rfm"), 0, ALL_BYTES)
    await shared.put(POPULATIONS.under("rfm"), 11, b"eleven")
    await shared.put(POPULATIONS.under("other"), 0, b"other")
    assert await shared.read(POPULATIONS.under("rfm")) == {0: ALL_BYTES, 11: b"eleven"}


async def test_of_two_workers_that_agree_at_once_the_quicker_decides(shared: GroupStore) -> None:
    assert await shared.read(QUINTILES) == {}
    assert await shared.replace(QUINTILES, "rfm 1", b"", ALL_BYTES) == b""
    assert await shared.replace(QUINTILES, "rfm 1", b"", b"slow") == ALL_BYTES
    assert await shared.replace(QUINTILES, "rfm 1", ALL_BYTES, b"next") == ALL_BYTES
    assert await shared.replace(QUINTILES, "rfm ü", b"gone", b"lost") == b""
    assert await shared.read(QUINTILES) == {"rfm 1": b"next"}


# ------------------------------------------------------------------------------------------ the outbox


async def test_the_outbox_is_in_the_order_in_which_it_was_saved(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
    for number in range(8, 13):
        messages = [message(number), message(number, b"z"), message(number, b"a")]
        await store.save(0, 1, checkpoint(number, outbox=messages))
    stored = await store.claim(0, epoch=2)
    assert stored is not None
    assert stored.outbox == [message(number, key) for number in range(8, 13) for key in (b"u-0", b"z", b"a")]


async def test_what_was_published_leaves_the_outbox_up_to_that_checkpoint(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
    for number in range(8, 13):
        await store.save(0, 1, checkpoint(number, outbox=[message(number)]))
    await store.mark_published(0, 1, 10)
    await store.mark_published(0, 1, 10)
    await store.mark_published(0, 1, 9)
    stored = await store.claim(0, epoch=2)
    assert stored is not None
    assert stored.outbox == [message(11), message(12)]
    await store.mark_published(0, 2, 12)
    stored = await store.claim(0, epoch=3)
    assert stored is not None
    assert stored.outbox == []
    assert stored.number == 12


async def test_a_tombstone_and_a_message_without_headers_come_back_as_they_went(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
    messages = [Message("segment-memberships", b"u", None), Message("segment-memberships", b"", b"")]
    await store.save(0, 1, checkpoint(1, outbox=messages))
    stored = await store.claim(0, epoch=2)
    assert stored is not None
    assert stored.outbox == messages


# -------------------------------------------------------------------------------------- the read model


async def test_members_join_and_leave(store: ShardStore) -> None:
    for shard in (0, 1):
        await store.claim(shard, epoch=1)
    await store.save(0, 1, checkpoint(1, joined=[("vip", "a"), ("vip", "b"), ("new", "a")]))
    await store.save(1, 1, checkpoint(1, joined=[("vip", "c")]))
    assert await store.sizes() == {"vip": 3, "new": 1}
    await store.save(0, 1, checkpoint(2, joined=[("vip", "d")], left=[("vip", "a"), ("vip", "b"), ("new", "a")]))
    assert await store.sizes() == {"vip": 2}
    await store.save(0, 1, checkpoint(3, joined=[("new", "a"), ("vip", "d")], left=[("vip", "nobody"), ("gone", "a")]))
    assert await store.sizes() == {"vip": 2, "new": 1}


async def test_memberships_of_a_user_are_replaced_and_removed(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
    await store.save(0, 1, checkpoint(1, memberships=[("a", b"1"), ("b", b"1"), ("{b}", b"1")]))
    await store.save(0, 1, checkpoint(2, memberships=[("a", b"2"), ("b", None), ("never", None)]))
    assert await store.get(0, MEMBERSHIPS, "a") == b"2"
    assert await store.get(0, MEMBERSHIPS, "b") is None
    assert await store.get(0, MEMBERSHIPS, "{b}") == b"1"
    assert await store.get(0, MEMBERSHIPS, "never") is None


async def test_a_profile_may_lack_a_document(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
    await store.save(0, 1, checkpoint(1, rows=[("a", b"row")]))
    profile = await store.profile(0, "a")
    assert profile is not None
    assert (profile.head, profile.row, profile.document) == (b"head 1", b"row", b"")
    assert await store.profile(0, "b") is None


async def test_all_shards_that_were_saved_can_be_looked_at(store: ShardStore) -> None:
    assert await store.all() == {}
    for shard in (0, 1, 11):
        await store.claim(shard, epoch=1)
    await store.save(0, 1, checkpoint(1, rows=[("a", b"1"), ("b", b"1")]))
    await store.save(0, 1, checkpoint(2, rows=[("a", b"2")]))
    await store.save(11, 1, checkpoint(3))
    assert await store.all() == {0: StoredShard(b"head 2", profiles=2), 11: StoredShard(b"head 3", profiles=0)}


# ------------------------------------------------------------------------------------- who was erased


async def test_of_an_erased_user_a_mark_is_all_that_stays(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
    await store.save(0, 1, checkpoint(1, rows=[("a", b"1"), ("b", b"1")], documents=[("a", b"{}"), ("b", b"{}")]))
    await store.save(0, 1, checkpoint(2, erased=["a", "never"], marks=[(ALL_BYTES[:32], 7), (b"\0" * 32, -5)]))
    assert await store.profile(0, "a") is None
    stored = await store.claim(0, epoch=2)
    assert stored is not None
    assert (stored[ROWS], stored[DOCUMENTS]) == ({"b": b"1"}, {"b": b"{}"})
    assert stored[MARKS] == {ALL_BYTES[:32]: 7, b"\0" * 32: -5}
    assert (await store.all())[0].profiles == 1


async def test_a_mark_is_found_by_shard_and_moves_on(store: ShardStore) -> None:
    for shard in (0, 1):
        await store.claim(shard, epoch=1)
    assert await store.get(0, MARKS, b"m") is None
    await store.save(0, 1, checkpoint(1, marks=[(b"m", 7)]))
    assert (await store.get(0, MARKS, b"m"), await store.get(1, MARKS, b"m")) == (7, None)
    await store.save(0, 1, checkpoint(2, marks=[(b"m", 9)]))
    await store.save(0, 1, checkpoint(3))
    assert await store.get(0, MARKS, b"m") == 9


async def test_who_comes_back_in_the_checkpoint_that_erases_them_has_the_new_profile_alone(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
    await store.save(0, 1, checkpoint(1, rows=[("a", b"old")], documents=[("a", b"old")]))
    await store.save(0, 1, checkpoint(2, erased=["a"], rows=[("a", b"new")]))
    profile = await store.profile(0, "a")
    assert profile is not None
    assert (profile.row, profile.document) == (b"new", b"")


async def test_twenty_thousand_users_are_erased_in_one_checkpoint(store: ShardStore) -> None:
    await store.claim(0, epoch=1)
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
    stored = await store.claim(0, epoch=2)
    assert stored is not None
    assert (stored[ROWS], stored[DOCUMENTS], stored[MARKS]) == ({}, {}, dict(marks))
    assert await store.sizes() == {}
    assert await store.get(0, MEMBERSHIPS, "u-19999") is None


async def test_how_far_a_shard_came_can_be_looked_at(store: ShardStore) -> None:
    assert await store.progress(0) is None
    await store.claim(0, epoch=1)
    assert await store.progress(0) is None
    await store.save(0, 1, checkpoint(4, positions={"product-events": 5, "profile-commands": 2**53 + 1}))
    assert await store.progress(0) == Progress(4, {"product-events": 5, "profile-commands": 2**53 + 1})


async def test_whether_a_checkpoint_is_published_can_be_looked_at(store: ShardStore) -> None:
    assert await store.is_published(0, 8)
    await store.claim(0, epoch=1)
    for number in (8, 9, 10):
        await store.save(0, 1, checkpoint(number, outbox=[message(number)]))
    assert await store.is_published(0, 7)
    assert not await store.is_published(0, 8)
    await store.mark_published(0, 1, 9)
    assert await store.is_published(0, 9)
    assert not await store.is_published(0, 10)
