"""Messages follow a merge: what comes of two users' feeds, caps and waiting messages, and in what order it comes."""

from typing import Any

import pytest

from streams.core.engine.erasure import Erasure
from streams.core.instants import HOUR_MS
from streams.delivery.chance import is_held_out
from streams.delivery.decider import MOST_STANDING, SETTLES_MS
from streams.delivery.decision import message_id
from streams.delivery.feed import FeedMessage
from streams.delivery.message import Messages, Shared
from streams.delivery.recipient import Recipient
from streams.delivery.webhook import Endpoint
from streams.dispatch.inputs import Again
from streams.dispatch.merging import KNOWN_AFTER_MS, MOST_BYTES
from streams.outputs.change import Noticed, encode_change
from streams.sources.delivery_commands import Merged, Moved
from streams.state.format import FEEDS
from streams.state.memory import MemoryStore
from streams.state.store import Checkpoint, Store, Write
from tests.delivery.histories import cap, change, message
from tests.dispatch.deliverers import SHARDS, Deliverers, came, delivering, identity, went
from tests.dispatch.lives import Crash


async def test_inboxes_join_and_whoever_is_gone_has_none(kept: Store) -> None:
    made = await delivering(kept, message(withdraw=True))
    await made.mark("bob", identity("bob"), "seen", 7)
    await made.tell(went("bob", "ann", 1))
    await made.merge("bob", "ann", HOUR_MS, "a")
    await made.settle(HOUR_MS)
    assert await made.feed("ann") == {identity("ann"): {}, identity("bob"): {"seen": 7}}
    assert await made.feed("bob") == {}
    assert (await kept.feeds.read(SHARDS["bob"], "bob")).into == "ann"
    assert made.said("bob") == made.said("ann") == ["sent"]


async def test_a_message_goes_when_the_survivor_is_not_in_what_it_is_about(kept: Store) -> None:
    made = await delivering(kept, message(withdraw=True), message("stays"), message("later", delay_ms=9 * HOUR_MS))
    await made.merge("bob", "ann", HOUR_MS)
    await made.settle(HOUR_MS)
    assert {identity("bob"), identity("bob", "stays")} & {*await made.feed("ann")} == {identity("bob", "stays")}
    assert identity("ann") in await made.feed("ann")  # of which a change of her own tells
    assert [each.cause.change_id for each in (await made.kept("ann")).waiting] == [came("ann").change.id]


async def test_what_was_dismissed_by_one_is_dismissed_for_both(kept: Store) -> None:
    made = await delivering(kept, message(), message("n"))
    await made.mark("bob", identity("bob"), "dismissed", 7)
    await made.mark("ann", identity("ann", "n"), "dismissed", 8)
    await made.merge("bob", "ann", HOUR_MS, "a")
    await made.settle(HOUR_MS)
    found = await made.feed("ann")
    assert {found[identity(user)]["dismissed"] for user in ("ann", "bob")} == {7}
    assert {found[identity(user, "n")]["dismissed"] for user in ("ann", "bob")} == {8}


async def test_caps_count_what_either_was_sent() -> None:
    made = await delivering(MemoryStore(), message(cap=cap(2, 48)))
    await made.merge("bob", "ann", HOUR_MS, "a")
    await made.settle(HOUR_MS)
    await made.tell(Noticed(change("a", hour=2, ordinal=3, user="ann"), True))
    await made.run(2 * HOUR_MS)
    assert made.said("ann") == ["sent", "capped"]


async def test_whoever_was_held_out_as_one_is_so_as_the_other() -> None:
    salts = map(str, range(99))
    salt = next(each for each in salts if is_held_out(each, "m", "bob", 0.5) and not is_held_out(each, "m", "ann", 0.5))
    made = Deliverers(MemoryStore(), Messages((message(holdout=0.5),), Shared(salt=salt)))
    await made.tell(came("bob"))
    await made.run(0)
    await made.merge("bob", "ann", HOUR_MS, "a")
    await made.settle(HOUR_MS)
    assert (await made.kept("ann")).decided["m"].decision == "held_out"
    await made.tell(came("ann", hour=2))
    await made.run(2 * HOUR_MS)
    assert (made.said("bob"), made.said("ann")) == (["held_out"], ["held_out"])


async def test_what_waits_waits_on_once_and_is_sent_to_the_survivor() -> None:
    made = await delivering(MemoryStore(), message(delay_ms=9 * HOUR_MS))
    await made.merge("bob", "ann", HOUR_MS, "a")
    await made.settle(HOUR_MS)
    assert len((await made.kept("ann")).waiting) == 1
    await made.run(9 * HOUR_MS)
    assert len(await made.feed("ann")) == 1
    assert sorted(made.said("ann")) == ["held", "sent", "withdrawn"]


@pytest.mark.parametrize("known_first", [True, False])
async def test_what_one_has_is_not_sent_again_because_both_are_in_by_the_merge(known_first: bool) -> None:
    made = Deliverers(MemoryStore(), Messages((message(),)))
    await made.tell(came("bob"))
    await made.run(0)
    by_merge = came("ann", hour=1, cause="merge")
    if known_first:
        await made.tell(by_merge)
        await made.run(HOUR_MS)
    await made.merge("bob", "ann", HOUR_MS, "a")
    await made.run(HOUR_MS)
    await made.run(HOUR_MS + KNOWN_AFTER_MS)
    if not known_first:
        await made.tell(by_merge)
    await made.run(HOUR_MS + KNOWN_AFTER_MS)
    await made.run(HOUR_MS + SETTLES_MS + KNOWN_AFTER_MS)
    assert [*await made.feed("ann")] == [identity("bob")]


async def test_what_begins_with_a_merge_and_nobody_had_is_sent() -> None:
    made = Deliverers(MemoryStore(), Messages((message(),)))
    await made.tell(came("ann", hour=1, cause="merge"))
    await made.merge("bob", "ann", HOUR_MS, "a")
    await made.settle(HOUR_MS)
    assert len(await made.feed("ann")) == 1


async def test_what_is_to_go_again_to_who_is_gone_goes_to_the_survivor_wherever_that_has_come_to() -> None:
    """Not what is in the feed already, of whichever of them."""
    made = await delivering(MemoryStore(), message(cap=cap(1, 48)))
    again = came("bob", hour=1, ordinal=3)
    await made.tell(again)
    await made.run(HOUR_MS)
    assert made.said("bob") == ["sent", "capped"]
    await made.merge("bob", "ann", 2 * HOUR_MS, "a")
    await made.settle(2 * HOUR_MS)
    await made.stands("cy", "a")
    await made.tell(came("cy"))
    await made.merge("ann", "cy", 3 * HOUR_MS, "a")
    await made.settle(3 * HOUR_MS)
    before = {*await made.feed("cy")}
    first = came("bob")
    for each in (again, first):
        made.logs["delivery-commands", SHARDS["bob"]].append(
            Again("m", "", each._replace(raw=encode_change(each.change)))
        )
    await made.run(4 * HOUR_MS)
    assert {*await made.feed("cy")} - before == {message_id(again.change.id, "m", "cy")}
    assert await made.feed("bob") == {}


async def test_webhooks_of_who_is_gone_go_on_once_each_and_messages_do_not() -> None:
    made = await delivering(MemoryStore(), message(), endpoints={"all": Endpoint("all", "https://x", None)})
    await made.merge("bob", "ann", HOUR_MS)
    await made.settle(HOUR_MS)
    await made.tell(came("bob"), went("bob", "ann", 1), came("bob", hour=2, ordinal=3))
    await made.run(2 * HOUR_MS)
    assert made.said("bob") == ["sent"]
    waits = [each.webhook.id for each in made.shards[SHARDS["bob"]].queue.of_endpoint("all")]
    told = came("bob"), went("bob", "ann", 1), came("bob", hour=2, ordinal=3)
    assert waits == [each.change.id for each in told]


# ---------------------------------------------------------------------------------------------- in what order it comes


async def test_a_chain_is_followed_wherever_it_has_come_to(kept: Store) -> None:
    made = await delivering(kept, message())
    await made.merge("ann", "cy", HOUR_MS, "a")
    await made.settle(HOUR_MS)
    await made.merge("bob", "ann", HOUR_MS - 1, "a")  # of which is told late
    await made.settle(2 * HOUR_MS)
    assert {*await made.feed("cy")} == {identity("ann"), identity("bob")}
    assert await made.feed("ann") == await made.feed("bob") == {}


async def test_a_merge_that_is_told_twice_moves_what_there_was_once(kept: Store) -> None:
    made = await delivering(kept, message(withdraw=True))
    for hour in (1, 2):
        await made.merge("bob", "ann", HOUR_MS, "a")
        await made.settle(hour * HOUR_MS)
    assert len(await made.feed("ann")) == 2
    assert len((await made.kept("ann")).shown) == 2


async def test_what_comes_again_as_after_a_crash_brings_nothing_back(kept: Store) -> None:
    made = await delivering(kept, message(withdraw=True))
    await made.merge("bob", "ann", HOUR_MS, "a")
    await made.settle(HOUR_MS)
    [moved] = made.logs["delivery-commands", SHARDS["ann"]]
    await made.tell(Noticed(change("a", "exited", 2, 2), True))
    await made.run(2 * HOUR_MS)
    made.logs["delivery-commands", SHARDS["ann"]].append(moved)
    await made.run(2 * HOUR_MS)
    assert (await made.kept("ann")).standing == []


async def test_all_that_was_said_of_who_is_gone_is_decided_before_it_follows() -> None:
    made = await delivering(MemoryStore(), message(), message("later", delay_ms=HOUR_MS))
    await made.tell(Noticed(change("a", hour=1, ordinal=3, user="bob"), True))
    await made.merge("bob", "ann", HOUR_MS, "a")
    for minute in range(3):  # its changes are not read yet
        await made.step(SHARDS["bob"], HOUR_MS + minute * 60_000, Crash.NEVER, without="segment-changes")
    await made.run(HOUR_MS + 3 * 60_000)
    assert {*await made.feed("ann")} >= {identity("bob", "later"), identity("bob", hour=1, ordinal=3)}


async def test_nothing_follows_to_whoever_was_erased_since_nor_from_whoever_was(kept: Store) -> None:
    made = await delivering(kept, message())
    await made.merge("bob", "ann", HOUR_MS, "a")
    await made.run(HOUR_MS)
    await made.tell(Erasure("ann", HOUR_MS))
    await made.settle(HOUR_MS)
    assert await made.feed("ann") == await made.feed("bob") == {}
    assert await made.kept("ann") == Recipient()
    await made.tell(Erasure("bob", HOUR_MS))
    await made.run(2 * HOUR_MS)
    await made.tell(came("bob", hour=3), Merged("bob", "ann", SHARDS["ann"], HOUR_MS))  # made anew, it is told again
    await made.settle(4 * HOUR_MS)
    assert [*await made.feed("bob")] == [identity("bob", hour=3)]


async def test_of_who_had_nothing_nothing_is_sent() -> None:
    made = Deliverers(MemoryStore(), Messages((message(),)))
    await made.merge("bob", "ann", HOUR_MS)
    await made.settle(HOUR_MS)
    assert made.logs["delivery-commands", SHARDS["ann"]] == []
    assert await made.kept("ann") == Recipient()


async def test_a_long_feed_follows_in_parts_and_there_are_no_more_than_a_feed_may_have() -> None:
    made = await delivering(MemoryStore(), *(message(f"m{number:02}") for number in range(70)))
    long = FeedMessage("", "m", "card", "x" * (MOST_BYTES // 10), 0).encode()
    shard = made.shards[SHARDS["bob"]]
    step = await shard.decide([], {"delivery-commands": 0}, 0, 0)
    assert step is not None
    write: Write[Any, Any] = Write(FEEDS, [("bob", (f"long-{number}", long)) for number in range(25)])
    await shard.save(Checkpoint(step.number, step.head, step.positions, [*step.writes, write]))
    await made.merge("bob", "ann", HOUR_MS, "a")
    await made.settle(HOUR_MS)
    parts = [each for each in made.logs["delivery-commands", SHARDS["ann"]] if isinstance(each, Moved)]
    assert len(parts) == 3
    assert all(sum(len(one.message) for one in each.feed) <= MOST_BYTES for each in parts)
    assert {f"long-{number}" for number in range(25)} <= {*await made.feed("ann")}
    assert len((await made.kept("ann")).standing) == MOST_STANDING
