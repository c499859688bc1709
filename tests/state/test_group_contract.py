"""What a group's store promises, tried on both: the one in memory and the one in Redis."""

import pytest

from streams.state.format import OBSERVED, POPULATIONS, QUINTILES, RULEBOOKS, SETTLED, STRIPE_EVENTS, TICKETS
from streams.state.store import GroupStore, Store

ALL_BYTES = bytes(range(256))


@pytest.fixture
def shared(kept: Store) -> GroupStore:
    return kept.group


async def test_what_is_fixed_at_first_start_stays(shared: GroupStore) -> None:
    assert await shared.replace(SETTLED, "partitions", b"", b"4") == b""
    assert await shared.replace(SETTLED, "partitions", b"", b"8") == b"4"
    assert await shared.replace(SETTLED, "utc_offset", b"", b"-08:00") == b""
    assert await shared.read(SETTLED) == {"partitions": b"4", "utc_offset": b"-08:00"}


async def test_what_is_fixed_can_be_looked_at_without_fixing_it(shared: GroupStore) -> None:
    assert await shared.get(SETTLED, "partitions") is None
    assert await shared.replace(SETTLED, "partitions", b"", b"8") == b""
    assert await shared.get(SETTLED, "partitions") == b"8"


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


async def test_what_is_to_be_remembered_for_a_while_is_remembered_under_its_name(shared: GroupStore) -> None:
    assert not await shared.remembers(STRIPE_EVENTS, "evt_1")
    await shared.remember(STRIPE_EVENTS, "evt_1", for_s=60)
    await shared.remember(STRIPE_EVENTS, "evt_1", for_s=60)
    assert await shared.remembers(STRIPE_EVENTS, "evt_1")
    assert not await shared.remembers(STRIPE_EVENTS, "evt_2")


async def test_what_is_remembered_is_taken_once(shared: GroupStore) -> None:
    await shared.remember(TICKETS, "one", 60, ALL_BYTES)
    await shared.remember(TICKETS, "other", 60, b"other")
    assert await shared.take(TICKETS, "one") == ALL_BYTES
    assert await shared.take(TICKETS, "one") is None
    assert await shared.take(TICKETS, "other") == b"other"


async def test_what_is_to_be_the_greatest_number_is_not_put_where_a_greater_one_is_there(shared: GroupStore) -> None:
    assert await shared.replace(RULEBOOKS, 3, b"", b"third", most=0) == b""
    assert await shared.replace(RULEBOOKS, 1, b"", b"first", most=1) == b"third"
    assert await shared.replace(RULEBOOKS, 10, b"", ALL_BYTES, most=2) == b"third"
    assert await shared.replace(RULEBOOKS, 10, b"", ALL_BYTES, most=3) == b""
    assert await shared.replace(RULEBOOKS, 10, b"", b"another", most=10) == ALL_BYTES
    assert await shared.replace(RULEBOOKS, 9, b"", b"less", most=9) == ALL_BYTES
    assert await shared.read(RULEBOOKS) == {3: b"third", 10: ALL_BYTES}
