"""Who may write a shard: its last owner and nobody else, tried on both stores."""

import asyncio

import pytest

from streams.errors import Fenced, StateLost
from streams.state.store import ShardStore, Store
from tests.state.checkpoints import claimed, whole

STRANGE_IDS = ["ü", "用户-1", "a{b}c", "{}", "a:b:c", "user:{1}:rows", " ", "'\"\\", "\n\r\n", "\0", "😀" * 255, "*?[]"]
ALL_BYTES = bytes(range(256))


@pytest.fixture
def store(kept: Store) -> ShardStore:
    return kept.shards


async def test_a_worker_that_lost_the_shard_cannot_write_it(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    await store.save(0, 1, whole(1))
    await claimed(store, 0, epoch=2)
    for number in (1, 2, 3):
        with pytest.raises(Fenced):
            await store.save(0, 1, whole(number))
    with pytest.raises(Fenced):
        await store.mark_published(0, 1, 1)
    stored = await claimed(store, 0, epoch=2)
    assert stored is not None
    assert (stored.number, len(stored.outbox)) == (1, 1)


async def test_a_stale_worker_is_fenced_even_before_anything_was_saved(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    await claimed(store, 0, epoch=2)
    with pytest.raises(Fenced):
        await store.save(0, 1, whole(1))
    await store.save(0, 2, whole(1))


async def test_who_claims_later_than_another_whom_it_did_not_see_begins_again(store: ShardStore) -> None:
    assert await store.owner(0) is None
    await store.claim(0, epoch=7, after=None)
    for after in (None, 6, 8):
        with pytest.raises(Fenced, match="just now"):
            await store.claim(0, epoch=9, after=after)
    assert await store.owner(0) == 7
    await store.save(0, 7, whole(1))
    stored = await store.claim(0, epoch=9, after=7)
    assert stored is not None
    assert stored.number == 1


async def test_who_gets_no_answer_to_a_claim_finds_itself_the_owner(store: ShardStore) -> None:
    await store.claim(0, epoch=7, after=None)
    with pytest.raises(Fenced):
        await store.claim(0, epoch=7, after=None)
    assert await store.owner(0) == 7


async def test_who_still_has_the_last_checkpoint_owns_the_shard_without_reading_it(store: ShardStore) -> None:
    await claimed(store, 0, epoch=7)
    await store.save(0, 7, whole(1))
    assert await store.claim_back(0, epoch=8, after=7, number=1)
    with pytest.raises(Fenced):
        await store.save(0, 7, whole(2))
    await store.save(0, 8, whole(2))
    assert await store.owner(0) == 8


async def test_who_has_another_checkpoint_than_the_last_is_told_to_read_the_shard(store: ShardStore) -> None:
    """The store came back without the last ones, or never had them."""
    await claimed(store, 0, epoch=7)
    assert not await store.claim_back(0, epoch=8, after=7, number=1)
    await store.save(0, 8, whole(1))
    assert not await store.claim_back(0, epoch=9, after=8, number=2)
    stored = await store.claim(0, epoch=10, after=9)
    assert stored is not None
    assert stored.number == 1
    await store.save(0, 10, whole(2))


async def test_who_had_a_shard_before_another_claimed_it_does_not_get_it_back(store: ShardStore) -> None:
    await claimed(store, 0, epoch=7)
    await store.save(0, 7, whole(1))
    await claimed(store, 0, epoch=9)
    with pytest.raises(Fenced, match="just now"):
        await store.claim_back(0, epoch=10, after=7, number=1)
    await store.save(0, 9, whole(2))


async def test_a_shard_that_the_store_lost_is_nobodys_to_get_back(store: ShardStore) -> None:
    with pytest.raises(Fenced, match="just now"):
        await store.claim_back(0, epoch=8, after=7, number=1)


async def test_a_claim_that_the_store_forgot_is_made_again(store: ShardStore) -> None:
    """The store went back to when another owned the shard."""
    await claimed(store, 0, epoch=5)
    await store.save(0, 5, whole(1))
    with pytest.raises(StateLost, match="lost that this worker claimed"):
        await store.save(0, 6, whole(2))
    with pytest.raises(StateLost):
        await store.mark_published(0, 6, 1)
    assert await claimed(store, 0, epoch=7) is not None
    with pytest.raises(Fenced):
        await store.save(0, 5, whole(2))


async def test_epochs_are_numbers_and_not_text(store: ShardStore) -> None:
    await claimed(store, 0, epoch=9)
    await claimed(store, 0, epoch=10)
    with pytest.raises(Fenced):
        await store.save(0, 9, whole(1))


async def test_a_shard_that_nobody_claimed_cannot_be_written(store: ShardStore) -> None:
    with pytest.raises(StateLost):
        await store.save(0, 1, whole(1))
    with pytest.raises(StateLost):
        await store.mark_published(0, 1, 1)
    assert await claimed(store, 0, epoch=1) is None
    assert await store.profile(0, "u-0") is None


async def test_of_two_workers_that_race_the_stale_one_writes_nothing_after_the_claim(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    found: list[int] = []
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
        stored = await claimed(store, 0, epoch=2)
        assert stored is not None
        found.append(stored.number)

    last, _ = await asyncio.gather(stale(), fresh())
    assert found == [last]
