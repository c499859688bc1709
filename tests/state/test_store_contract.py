"""What a shard's store promises its owner, tried on both: the one in memory and the one in Redis."""

import asyncio

import pytest

from streams.errors import StateError
from streams.kafka.message import Message
from streams.state.format import DOCUMENTS, MEMBERSHIPS, ROWS
from streams.state.store import ShardStore, Store
from tests.state.checkpoints import checkpoint, claimed, message, whole

STRANGE_IDS = ["ü", "用户-1", "a{b}c", "{}", "a:b:c", "user:{1}:rows", " ", "'\"\\", "\n\r\n", "\0", "😀" * 255, "*?[]"]
ALL_BYTES = bytes(range(256))


@pytest.fixture
def store(kept: Store) -> ShardStore:
    return kept.shards


# ---------------------------------------------------------------------------------------- what is kept


async def test_a_shard_never_saved_has_nothing(store: ShardStore) -> None:
    assert await claimed(store, 0, epoch=1) is None
    assert await claimed(store, 0, epoch=1) is None


async def test_a_new_owner_finds_what_the_last_checkpoint_left(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    await store.save(0, 1, checkpoint(1, rows=[("a", b"1"), ("b", b"1")], documents=[("a", b"{}")]))
    await store.save(0, 1, checkpoint(2, rows=[("b", b"2"), ("c", b"2")], documents=[("c", b"[]")]))
    stored = await claimed(store, 0, epoch=2)
    assert stored is not None
    assert (stored.number, stored.head, stored.positions) == (2, b"head 2", {"product-events": 2})
    assert stored[ROWS] == {"a": b"1", "b": b"2", "c": b"2"}
    assert stored[DOCUMENTS] == {"a": b"{}", "c": b"[]"}


async def test_shards_share_nothing(store: ShardStore) -> None:
    for shard in (0, 1, 11):
        await claimed(store, shard, epoch=1)
    await store.save(0, 1, whole(5))
    await store.save(11, 1, whole(7))
    assert await claimed(store, 1, epoch=2) is None
    assert await store.profile(1, "u-0") is None
    assert await store.get(1, MEMBERSHIPS, "u-0") is None
    stored = await claimed(store, 11, epoch=2)
    assert stored is not None
    assert stored.number == 7


async def test_a_room_beside_shares_nothing_and_is_forgotten_alone(store: ShardStore) -> None:
    beside, other = store.beside("past:2:"), store.beside("past:3:")
    for each, number in ((store, 5), (beside, 7), (other, 9)):
        await claimed(each, 0, epoch=number)
        await each.save(0, number, whole(number))
    await beside.forget(0)
    assert await beside.progress(0) is None
    assert await beside.owner(0) is None
    for each, number in ((store, 5), (store.beside("past:3:"), 9)):
        found = await each.progress(0)
        assert found is not None
        assert found.number == number
    assert await claimed(beside, 0, epoch=11) is None


async def test_any_user_id_and_any_bytes_come_back_as_they_went(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
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
    stored = await claimed(store, 0, epoch=2)
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


async def test_whether_a_state_is_being_made_anew_is_kept_until_it_is(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    for number, rebuilds in enumerate([False, True, True, False], start=1):
        await store.save(0, number, checkpoint(number, rebuilds=rebuilds))
        stored = await claimed(store, 0, epoch=number + 1)
        assert stored is not None
        assert stored.rebuilds is rebuilds


async def test_empty_values_are_values(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    await store.save(0, 1, checkpoint(1, head=b"", positions={}, rows=[("u", b"")], memberships=[("u", b"")]))
    stored = await claimed(store, 0, epoch=2)
    assert stored is not None
    assert (stored.head, stored.positions, stored[ROWS]) == (b"", {}, {"u": b""})
    assert await store.get(0, MEMBERSHIPS, "u") == b""


async def test_twenty_thousand_profiles_fit_into_one_checkpoint(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    await store.save(0, 1, whole(1, users=20_000))
    assert await store.sizes() == {"at-1": 20_000}
    stored = await claimed(store, 0, epoch=2)
    assert stored is not None
    assert stored[ROWS] == stored[DOCUMENTS] == {f"u-{user}": b"1" for user in range(20_000)}
    await store.save(0, 2, whole(2, users=20_000))
    assert await store.sizes() == {"at-2": 20_000}
    assert await store.get(0, MEMBERSHIPS, "u-19999") == b"2"


# ----------------------------------------------------------------------------- which checkpoint is next


async def test_the_first_number_is_free_and_each_later_one_is_greater(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    await store.save(0, 1, whole(1_795_000_000_000))
    for number in (0, 1_794_999_999_999):
        with pytest.raises(StateError, match="cannot come next"):
            await store.save(0, 1, whole(number))
    await store.save(0, 1, whole(1_795_000_000_001))
    await claimed(store, 0, epoch=2)
    await store.save(0, 2, whole(1_796_000_000_000))
    await store.save(0, 2, whole(1_796_000_000_000))
    stored = await claimed(store, 0, epoch=3)
    assert stored is not None
    assert stored.number == 1_796_000_000_000


async def test_a_checkpoint_saved_again_changes_nothing(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    await store.save(0, 1, checkpoint(1, rows=[("u", b"first")], outbox=[message(1)]))
    await store.save(0, 1, checkpoint(1, rows=[("u", b"again")], outbox=[message(1), message(2)]))
    stored = await claimed(store, 0, epoch=2)
    assert stored is not None
    assert stored[ROWS] == {"u": b"first"}
    assert stored.outbox == [message(1)]


async def test_a_new_owner_goes_on_counting(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    await store.save(0, 1, whole(41))
    await claimed(store, 0, epoch=2)
    with pytest.raises(StateError):
        await store.save(0, 2, whole(1))
    await store.save(0, 2, whole(42))


async def test_a_reader_sees_a_checkpoint_whole_or_not_at_all(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
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


# ------------------------------------------------------------------------------------------ the outbox


async def test_the_outbox_is_in_the_order_in_which_it_was_saved(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    for number in range(8, 13):
        messages = [message(number), message(number, b"z"), message(number, b"a")]
        await store.save(0, 1, checkpoint(number, outbox=messages))
    stored = await claimed(store, 0, epoch=2)
    assert stored is not None
    assert stored.outbox == [message(number, key) for number in range(8, 13) for key in (b"u-0", b"z", b"a")]


async def test_what_was_published_leaves_the_outbox_up_to_that_checkpoint(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    for number in range(8, 13):
        await store.save(0, 1, checkpoint(number, outbox=[message(number)]))
    await store.mark_published(0, 1, 10)
    await store.mark_published(0, 1, 10)
    await store.mark_published(0, 1, 9)
    stored = await claimed(store, 0, epoch=2)
    assert stored is not None
    assert stored.outbox == [message(11), message(12)]
    await store.mark_published(0, 2, 12)
    stored = await claimed(store, 0, epoch=3)
    assert stored is not None
    assert stored.outbox == []
    assert stored.number == 12


async def test_a_tombstone_and_a_message_without_headers_come_back_as_they_went(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    messages = [Message("segment-memberships", b"u", None), Message("segment-memberships", b"", b"")]
    await store.save(0, 1, checkpoint(1, outbox=messages))
    stored = await claimed(store, 0, epoch=2)
    assert stored is not None
    assert stored.outbox == messages
