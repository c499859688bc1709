"""What a shard's store counts and lists for those who look, tried on both: the one in memory and the one in Redis."""

from dataclasses import replace

import pytest

from streams.core.flows import DAYS_KEPT, HOURS_KEPT, Flow
from streams.errors import Fenced
from streams.state.counting import SINCE
from streams.state.format import COUNTED, FLOWS, MEMBERSHIPS, MOVES, ROWS, TIMELINE
from streams.state.store import Checkpoint, Count, ShardStore, Store, Write
from tests.state.checkpoints import checkpoint, claimed

HOUR, DAY = 495_000, 20_625
PERIODS = [f"h{HOUR}", f"h{HOUR + 1}", f"d{DAY}"]
STRANGE = "lifecycle/{new}:ü"


@pytest.fixture
def store(kept: Store) -> ShardStore:
    return kept.shards


def flowing(number: int, *flows: tuple[str, tuple[str, int, int]]) -> Checkpoint:
    return Checkpoint(number, b"", {}, [Write(FLOWS, flows)])


def listing(number: int, *entries: tuple[str, bytes], most: int = 3, erased: tuple[str, ...] = ()) -> Checkpoint:
    return Checkpoint(number, b"", {}, [Write(TIMELINE, entries, most=most)], erased=erased)


# ----------------------------------------------------------------------------------------------- flows


async def test_flows_are_added_up_over_checkpoints_and_over_shards(store: ShardStore) -> None:
    for shard in (0, 1):
        await claimed(store, shard, epoch=1)
    await store.save(
        0, 1, flowing(1, ("vip", (PERIODS[0], 3, 1)), ("vip", (PERIODS[2], 3, 1)), (STRANGE, (PERIODS[0], 1, 0)))
    )
    await store.save(0, 1, flowing(2, ("vip", (PERIODS[0], 2, 4)), ("vip", (PERIODS[1], 0, 1))))
    await store.save(1, 1, flowing(1, ("vip", (PERIODS[0], 10, 0))))
    await store.save(1, 1, checkpoint(2, joined=[("vip", "a"), ("vip", "b")]))
    assert await store.counts(["vip", STRANGE, "never"], PERIODS) == {
        "vip": Count(2, {PERIODS[0]: Flow(15, 5), PERIODS[1]: Flow(0, 1), PERIODS[2]: Flow(3, 1)}),
        STRANGE: Count(0, {PERIODS[0]: Flow(1, 0)}),
        "never": Count(0, {}),
    }
    assert await store.counts(["vip"]) == {"vip": Count(2, {})}
    assert await store.counts([], PERIODS) == {}


async def test_a_checkpoint_saved_again_counts_once(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    for _ in range(3):
        await store.save(0, 1, flowing(1, ("vip", (PERIODS[0], 1, 0))))
    for _ in range(3):
        await store.save(0, 1, listing(2, ("ann", b"1")))
    assert (await store.counts(["vip"], PERIODS))["vip"].flows == {PERIODS[0]: Flow(1, 0)}
    assert await store.entries(0, TIMELINE, "ann") == [b"1"]


async def test_a_worker_that_lost_the_shard_counts_nothing(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    await claimed(store, 0, epoch=2)
    with pytest.raises(Fenced):
        await store.save(0, 1, flowing(1, ("vip", (PERIODS[0], 1, 0))))
    assert (await store.counts(["vip"], PERIODS))["vip"].flows == {}


async def test_of_each_segment_the_newest_hours_and_days_are_kept(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    hours = [f"h{HOUR + hour}" for hour in range(HOURS_KEPT + 5)]
    days = [f"d{DAY + day}" for day in range(DAYS_KEPT + 5)]
    await store.save(0, 1, flowing(1, *(("vip", (name, 1, 2)) for name in hours), ("old", (hours[0], 1, 0))))
    await store.save(0, 1, flowing(2, *(("vip", (name, 3, 4)) for name in days)))
    found = await store.counts(["vip", "old"], hours + days)
    assert list(found["vip"].flows) == hours[5:] + days[5:]
    assert found["vip"].flows[hours[5]] == Flow(1, 2)
    assert found["old"].flows == {hours[0]: Flow(1, 0)}
    await store.save(0, 1, flowing(3, ("vip", (hours[0], 9, 9))))
    assert (await store.counts(["vip"], hours[:1]))["vip"].flows == {}


async def test_a_hundred_segments_are_counted_together(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    segments = [f"s-{each}" for each in range(120)]
    await store.save(0, 1, flowing(1, *((segment, (PERIODS[0], 1, 0)) for segment in segments)))
    assert await store.counts(segments, PERIODS) == {each: Count(0, {PERIODS[0]: Flow(1, 0)}) for each in segments}


async def test_what_else_is_counted_is_added_up_the_same_way(store: ShardStore) -> None:
    names = [f"pace/{each}>pace/{STRANGE}" for each in range(120)]
    for shard in (0, 1):
        await claimed(store, shard, epoch=1)
        moves = [(name, (period, shard + 1, 0)) for name in names for period in PERIODS[1:]]
        await store.save(shard, 1, Checkpoint(1, b"", {}, [Write(MOVES, moves)]))
    assert await store.flows(MOVES, [*names, "never"], PERIODS[:2]) == {
        **{name: {PERIODS[1]: Flow(3, 0)} for name in names},
        "never": {},
    }
    assert await store.flows(MOVES, names[:1], []) == {names[0]: {}}
    assert await store.flows(FLOWS, names[:1], PERIODS) == {names[0]: {}}


async def test_since_when_all_shards_count_can_be_looked_at(store: ShardStore) -> None:
    assert await store.counted_since() is None
    for shard, since in enumerate((7, 0)):
        await claimed(store, shard, epoch=1)
        await store.save(shard, 1, Checkpoint(1, b"", {}, [Write(COUNTED, [(SINCE, since)])]))
    assert await store.counted_since() == 7


# ------------------------------------------------------------------------------------------- timelines


async def test_a_list_gives_the_newest_first_and_keeps_so_many(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    await store.save(0, 1, listing(1, ("ann", b"1"), ("bob", b"9"), ("ann", b"2")))
    await store.save(0, 1, listing(2, ("ann", b"3"), ("ann", b"4")))
    assert await store.entries(0, TIMELINE, "ann") == [b"4", b"3", b"2"]
    assert await store.entries(0, TIMELINE, "bob") == [b"9"]
    assert await store.entries(0, TIMELINE, "cid") == await store.entries(1, TIMELINE, "ann") == []
    await store.save(0, 1, listing(3, ("ann", b"5"), most=1))
    assert await store.entries(0, TIMELINE, "ann") == [b"5"]


async def test_the_lists_of_many_are_given_at_once(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    users = [f"u-{user}:ü" for user in range(450)]
    await store.save(0, 1, listing(1, *((user, entry) for user in users for entry in (b"1", b"2"))))
    assert await store.lists(0, TIMELINE, [*users, "never"]) == {user: [b"2", b"1"] for user in users}
    assert await store.lists(0, TIMELINE, []) == await store.lists(1, TIMELINE, users) == {}


async def test_of_an_erased_user_the_list_has_what_is_new_alone(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    await store.save(0, 1, listing(1, ("ann", b"1"), ("bob", b"1"), ("cid", b"1")))
    await store.save(0, 1, listing(2, ("bob", b"2"), erased=("ann", "bob")))
    assert [await store.entries(0, TIMELINE, user) for user in ("ann", "bob", "cid")] == [[], [b"2"], [b"1"]]


async def test_of_a_user_who_became_another_the_list_stays_and_all_else_goes(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    of_both = [Write(ROWS, [("ann", b"r"), ("bob", b"r")]), Write(MEMBERSHIPS, [("bob", b"{}")])]
    await store.save(0, 1, Checkpoint(1, b"", {}, [*of_both, *listing(1, ("ann", b"1"), ("bob", b"1")).writes]))
    await store.save(0, 1, replace(listing(2, ("bob", b"2")), moved=["bob"]))
    assert await store.entries(0, TIMELINE, "bob") == [b"2", b"1"]
    assert await store.profile(0, "bob") is None
    assert await store.get(0, MEMBERSHIPS, "bob") is None
    assert await store.profile(0, "ann") is not None
    await store.save(0, 1, listing(3, erased=("bob",)))
    assert await store.entries(0, TIMELINE, "bob") == []


async def test_twenty_thousand_users_and_their_lists_fit_into_one_checkpoint(store: ShardStore) -> None:
    await claimed(store, 0, epoch=1)
    await store.save(0, 1, listing(1, *((f"u-{user}", b"%d" % user) for user in range(20_000))))
    assert await store.entries(0, TIMELINE, "u-19999") == [b"19999"]
    many = [("ann", b"%d" % entry) for entry in range(9_000)]
    await store.save(0, 1, listing(2, *many, most=1_000))
    found = await store.entries(0, TIMELINE, "ann")
    assert (len(found), found[0], found[-1]) == (1_000, b"8999", b"8000")


# --------------------------------------------------------------------------------------------- members


async def test_members_are_paged_in_the_order_of_their_ids_over_all_shards(store: ShardStore) -> None:
    for shard in (0, 1, 2):
        await claimed(store, shard, epoch=1)
        users = [f"u-{user:03}" for user in range(shard, 300, 3)]
        await store.save(shard, 1, checkpoint(1, joined=[("vip", user) for user in users]))
    found: list[str] = []
    while page := await store.members_after("vip", found[-1] if found else "", 70):
        assert [shard for shard, _ in page] == [int(user[2:]) % 3 for _, user in page]
        found += [user for _, user in page]
    assert found == [f"u-{user:03}" for user in range(300)]
    pieces = [set(piece) for shard in (0, 1, 2) async for piece in store.each_member(shard, "vip")]
    assert set().union(*pieces) == set(found)
    assert not [user async for piece in store.each_member(0, "never") for user in piece]
    assert await store.members_after("never", "", 10) == []
    assert await store.members_after("vip", "u-298", 10) == [(2, "u-299")]
    those = await store.members_after("vip", "u-100", 3, containing="U-1")
    assert [user for _, user in those] == ["u-101", "u-102", "u-103"]
