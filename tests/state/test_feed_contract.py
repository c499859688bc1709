"""What a store of feeds promises, tried on both: the one in memory and the one in Redis."""

from collections.abc import Sequence
from typing import Any

import pytest

from streams.core.flows import Flow
from streams.delivery.feed import Feed, Marked
from streams.state.codec import WHOLE_FEED
from streams.state.feeds import GONE_KEPT
from streams.state.format import DUE, FEEDS, OUTCOMES, RECIPIENTS
from streams.state.store import Checkpoint, Store, Write
from tests.state.checkpoints import claimed

ALL_BYTES = bytes(range(256))


class Deliverer:
    """Owns shard 0 and writes feeds, a checkpoint each."""

    def __init__(self, kept: Store):
        self.kept = kept
        self.number = 0

    async def write(
        self, put: Sequence[tuple[str, str]] = (), drop: Sequence[tuple[str, str]] = (), erased: Sequence[str] = ()
    ) -> None:
        """put, drop: users with ids of messages; a message says its id."""
        if not self.number:
            await claimed(self.kept.deliveries, 0, epoch=1)
        self.number += 1
        messages = [(user, (message, message.encode())) for user, message in put]
        writes: list[Write[Any, Any]] = [Write(FEEDS, messages, drop=drop)]
        await self.kept.deliveries.save(0, 1, Checkpoint(self.number, b"", {}, writes, erased=erased))

    async def feed(self, user: str = "ann") -> Feed:
        return await self.kept.feeds.read(0, user)


@pytest.fixture
def deliverer(kept: Store) -> Deliverer:
    return Deliverer(kept)


async def test_whoever_was_never_sent_anything_has_an_empty_feed(deliverer: Deliverer) -> None:
    assert await deliverer.feed("nobody") == Feed()


async def test_messages_stand_in_the_feed_in_which_they_were_put(deliverer: Deliverer) -> None:
    await deliverer.write(put=[("ann", "m1"), ("ann", "m2"), ("b{o}b", "m3")])
    feed = await deliverer.feed()
    assert {message: entry.message for message, entry in feed.entries.items()} == {"m1": b"m1", "m2": b"m2"}
    assert feed.entries["m1"].at < feed.entries["m2"].at == feed.last
    assert set((await deliverer.feed("b{o}b")).entries) == {"m3"}


async def test_any_bytes_come_back_as_they_went(kept: Store) -> None:
    await claimed(kept.deliveries, 0, epoch=1)
    await kept.deliveries.save(0, 1, Checkpoint(1, b"", {}, [Write(FEEDS, [("ann", ("ü:x", ALL_BYTES))])]))
    assert (await kept.feeds.read(0, "ann")).entries["ü:x"].message == ALL_BYTES


async def test_a_message_stands_in_a_feed_once_however_often_it_is_put_there(deliverer: Deliverer) -> None:
    await deliverer.write(put=[("ann", "m1")])
    before = await deliverer.feed()
    await deliverer.write(put=[("ann", "m1")])
    assert await deliverer.feed() == before


async def test_what_was_taken_out_is_told_and_does_not_come_back(deliverer: Deliverer) -> None:
    await deliverer.write(put=[("ann", "m1"), ("ann", "m2")])
    await deliverer.write(drop=[("ann", "m1"), ("ann", "never"), ("bob", "m1")])
    feed = await deliverer.feed()
    assert set(feed.entries) == {"m2"}
    assert feed.gone == {"m1": feed.last}
    await deliverer.write(put=[("ann", "m1")])
    assert await deliverer.feed() == feed
    assert await deliverer.feed("bob") == Feed()


async def test_the_last_that_were_taken_out_are_told_and_from_which_number_on(deliverer: Deliverer) -> None:
    ids = [f"m{number}" for number in range(GONE_KEPT + 2)]
    await deliverer.write(put=[("ann", message) for message in ids])
    began = await deliverer.feed()
    for message in ids:
        await deliverer.write(drop=[("ann", message)])
    feed = await deliverer.feed()
    assert list(feed.gone) == ids[2:]
    assert began.last < feed.floor < min(feed.gone.values())


async def test_a_mark_is_as_it_was_made_first(deliverer: Deliverer) -> None:
    await deliverer.write(put=[("ann", "m1"), ("ann", "m2")])
    before = await deliverer.feed()
    feeds = deliverer.kept.feeds
    first = [Marked("m1", "seen", 5, "come-back"), Marked("m1", "read", 6, "come-back")]
    assert list(await feeds.mark(0, "ann", first)) == first
    assert list(
        await feeds.mark(0, "ann", [Marked("m1", "seen", 7, "come-back"), Marked("m2", "seen", 7, "come-back")])
    ) == [Marked("m2", "seen", 7, "come-back")]
    feed = await deliverer.feed()
    assert feed.entries["m1"].marks == {"seen": 5, "read": 6}
    assert feed.entries["m2"].marks == {"seen": 7}
    assert before.last < feed.entries["m1"].at < feed.entries["m2"].at == feed.last


async def test_what_users_did_is_counted_once_under_the_name_of_the_message_and_the_day(deliverer: Deliverer) -> None:
    await deliverer.write(put=[("ann", "m1"), ("bob", "m2")])
    feeds, day = deliverer.kept.feeds, 86_400_000
    for _ in range(2):
        marks = [Marked("m1", "seen", 5 * day, "come-back"), Marked("m1", "clicked", 6 * day, "come-back")]
        await feeds.mark(0, "ann", [*marks, Marked("never", "seen", 5 * day, "come-back")])
    await feeds.mark(0, "bob", [Marked("m2", "seen", 5 * day + 1, "come-back")])
    names = ["come-back/seen", "come-back/clicked", "come-back/dismissed"]
    assert await deliverer.kept.deliveries.flows(OUTCOMES, names, ["d5", "d6"]) == {
        names[0]: {"d5": Flow(2, 0)},
        names[1]: {"d6": Flow(1, 0)},
        names[2]: {},
    }


async def test_marks_of_a_message_that_is_gone_or_never_was_are_passed_over(deliverer: Deliverer) -> None:
    await deliverer.write(put=[("ann", "m1")])
    await deliverer.kept.feeds.mark(0, "ann", [Marked("m1", "seen", 5, "come-back")])
    await deliverer.write(drop=[("ann", "m1")])
    feed = await deliverer.feed()
    assert not await deliverer.kept.feeds.mark(
        0, "ann", [Marked("m1", "read", 6, "come-back"), Marked("never", "seen", 6, "come-back")]
    )
    assert not await deliverer.kept.feeds.mark(0, "nobody", [Marked("m1", "read", 6, "come-back")])
    assert await deliverer.feed() == feed


async def test_an_erased_feed_is_empty_and_one_that_begins_anew_knows_nobody_from_before(deliverer: Deliverer) -> None:
    await deliverer.write(put=[("ann", "m1"), ("ann", "m2")])
    await deliverer.kept.feeds.mark(0, "ann", [Marked("m1", "seen", 5, "come-back")])
    before = await deliverer.feed()
    await deliverer.write(erased=["ann", "never"])
    assert await deliverer.feed() == Feed()
    await deliverer.write(put=[("ann", "m1")])
    feed = await deliverer.feed()
    assert feed.entries["m1"].marks == {}
    assert before.last < feed.floor == feed.last


async def test_what_another_feed_had_comes_with_its_marks_and_marks_come_alone_to_what_is_there(kept: Store) -> None:
    await claimed(kept.deliveries, 0, epoch=1)
    puts: list[Any] = [("m1", b"m1", "seen", 5), ("m1", b"m1", "seen", 6, "read", 7), ("m2", b"", "dismissed", 8)]
    ats = []
    for number, put in enumerate([*puts, puts[1]], 1):
        await kept.deliveries.save(0, 1, Checkpoint(number, b"", {}, [Write(FEEDS, [("ann", put)])]))
        ats.append((await kept.feeds.read(0, "ann")).last)
    feed = await kept.feeds.read(0, "ann")
    assert {name: entry.marks for name, entry in feed.entries.items()} == {"m1": {"seen": 5, "read": 7}}
    assert ats[0] < ats[1] == ats[2] == ats[3] == feed.entries["m1"].at


async def test_a_feed_that_is_anothers_says_whose_and_nothing_else_and_that_is_news(deliverer: Deliverer) -> None:
    await deliverer.write(put=[("ann", "m1")])
    before, place = await deliverer.feed(), await deliverer.kept.feeds.place(1)
    moved: Write[Any, Any] = Write(FEEDS, [("ann", (WHOLE_FEED, "bob"))])
    await deliverer.kept.deliveries.save(0, 1, Checkpoint(2, b"", {}, [moved]))
    feed = await deliverer.feed()
    assert (feed.into, feed.entries, feed.last > before.last) == ("bob", {}, True)
    assert (await deliverer.kept.feeds.news(place)).changed == [(0, "ann")]


async def test_whose_feed_changed_is_told_once_since_a_place(deliverer: Deliverer) -> None:
    feeds = deliverer.kept.feeds
    await deliverer.write(put=[("old", "m1")])
    place = await feeds.place(2)
    assert (await feeds.news(place)).changed == []
    await deliverer.write(put=[("ann", "m1"), ("ann", "m2"), ("bob", "m1")], drop=[("old", "m1")])
    await feeds.mark(0, "bob", [Marked("m1", "seen", 5, "come-back")])
    await feeds.mark(0, "bob", [Marked("m1", "seen", 6, "come-back")])
    news = await feeds.news(place)
    assert sorted(news.changed) == [(0, "ann"), (0, "bob"), (0, "old")]
    assert (await feeds.news(news.place)).changed == []


async def test_of_an_erased_user_no_news_stay(deliverer: Deliverer) -> None:
    feeds = deliverer.kept.feeds
    place = await feeds.place(1)
    await deliverer.write(put=[("ann", "m1"), ("bob", "m1")])
    await deliverer.write(put=[("ann", "m2")], erased=["bob"])
    await deliverer.write(erased=["ann"])
    news = await feeds.news(place)
    assert news.changed == []
    await deliverer.write(put=[("cid", "m1")])
    assert (await feeds.news(place)).changed == (await feeds.news(news.place)).changed == [(0, "cid")]


# ------------------------------------------------------------------- what whoever delivers keeps beside


async def test_many_values_are_read_at_once_and_those_without_one_are_left_out(kept: Store) -> None:
    store = kept.deliveries
    await claimed(store, 0, epoch=1)
    await store.save(0, 1, Checkpoint(1, b"", {}, [Write(RECIPIENTS, [("ann", b"1"), ("ü", ALL_BYTES)])]))
    assert await store.values(0, RECIPIENTS, ["ann", "nobody", "ü"]) == {"ann": b"1", "ü": ALL_BYTES}
    assert await store.values(0, RECIPIENTS, []) == {}
    await store.save(0, 1, Checkpoint(2, b"", {}, erased=["ann"]))
    assert await store.values(0, RECIPIENTS, ["ann", "ü"]) == {"ü": ALL_BYTES}


async def test_those_whose_time_has_come_are_found_the_earliest_first(kept: Store) -> None:
    store = kept.deliveries
    await claimed(store, 0, epoch=1)
    now = 1_796_000_000_000
    due = [("ann", now + 1), ("bob", now), ("cid", now - 5), ("dan", now - 9)]
    await store.save(0, 1, Checkpoint(1, b"", {}, [Write(DUE, due)]))
    assert await store.earliest(0, DUE, now, 10) == [("dan", now - 9), ("cid", now - 5), ("bob", now)]
    assert await store.earliest(0, DUE, now, 1) == [("dan", now - 9)]
    await store.save(0, 1, Checkpoint(2, b"", {}, [Write(DUE, [("ann", now - 1)], drop=["dan"])], erased=["cid"]))
    assert await store.earliest(0, DUE, now, 10) == [("ann", now - 1), ("bob", now)]


async def test_worker_and_whoever_delivers_share_nothing_of_a_shard(kept: Store) -> None:
    await claimed(kept.shards, 0, epoch=7)
    await kept.shards.save(0, 7, Checkpoint(1, b"worker", {"product-events": 1}))
    assert await claimed(kept.deliveries, 0, epoch=1) is None
    await kept.deliveries.save(0, 1, Checkpoint(1, b"deliver", {"segment-changes": 9}))
    stored = await claimed(kept.shards, 0, epoch=8)
    assert stored is not None
    assert (stored.head, stored.positions) == (b"worker", {"product-events": 1})
