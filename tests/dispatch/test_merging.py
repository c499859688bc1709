"""Messages follow a merge: two shards of deliveries that tell each other, on both stores, whatever crashes."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.core.changes import Change
from streams.core.engine.erasure import Erasure
from streams.core.instants import HOUR_MS
from streams.delivery.chance import is_held_out
from streams.delivery.decider import MOST_STANDING, SETTLES_MS
from streams.delivery.decision import message_id
from streams.delivery.feed import FeedMessage, Mark, Marked
from streams.delivery.message import Messages, Shared
from streams.delivery.recipient import Applied, Recipient, Successor
from streams.delivery.webhook import Endpoint
from streams.dispatch.inputs import Again, Input, decode
from streams.dispatch.merging import KNOWN_AFTER_MS, MOST_BYTES
from streams.dispatch.shard import Common, DeliveryShard
from streams.kafka.group import Record
from streams.kafka.message import Message
from streams.outputs.change import Noticed, encode_change
from streams.outputs.delivery import DeliveryRecord, decode_delivery
from streams.outputs.membership import encode_segments
from streams.sources.delivery_commands import Merged, Moved
from streams.state.format import FEEDS, MEMBERSHIPS, RECIPIENTS
from streams.state.memory import MemoryStore
from streams.state.store import Checkpoint, Store, Write
from tests.delivery.histories import HOURS, cap, change, changes, messages
from tests.delivery.test_decider import message
from tests.dispatch.test_shard import Crash, crashes, is_ours, run_on_redis
from tests.state.checkpoints import claimed

SHARDS: Final = {"ann": 0, "bob": 1, "cy": 2}
TOPICS: Final = ("segment-changes", "profile-commands", "delivery-commands")
__all__ = ["run_on_redis"]  # a fixture
History = list[tuple[Change, bool]]


class Deliverers:
    """A shard of each user, and what stands in their topics. crashed: what happens in each step that is taken."""

    def __init__(
        self, store: Store, book: Messages, crashed: Sequence[Crash] = (), users: Iterable[str] = tuple(SHARDS)
    ):
        self.store, self._crashed = store, iter(crashed)
        self.common = Common(store, lambda: book, "deliveries", "segment-messages", "delivery-commands")
        self.logs: dict[tuple[str, int], list[Input]] = defaultdict(list)
        self.shards: dict[int, DeliveryShard] = {}
        self.decided: dict[tuple[str, str, str, str], DeliveryRecord] = {}
        self._shards = sorted({SHARDS[user] for user in users})
        self._checkpoints = 0

    async def claim(self, number: int) -> None:
        shard = self.shards[number] = DeliveryShard(number, self.common)
        self._publish(await shard.claim(is_ours, lambda: 0))
        await shard.published()

    def _publish(self, outbox: Sequence[Message]) -> None:
        for each in outbox:
            if each.topic == "delivery-commands":
                heard = decode(each.topic, Record(0, each.key, each.value, 0))
                assert heard is not None
                assert each.shard is not None
                self.logs[each.topic, each.shard].append(heard)
            elif each.topic == "deliveries":
                told = decode_delivery(each.value or b"")
                self.decided[told.user_id, told.id, told.decision, told.at] = told

    async def stands(self, user: str, *segments: str) -> None:
        """As the worker has it."""
        if not self._checkpoints:
            for shard in SHARDS.values():
                await claimed(self.store.shards, shard, 1)
        self._checkpoints += 1
        write = Write(MEMBERSHIPS, [(user, encode_segments(dict.fromkeys(segments, (0, 1))))])
        await self.store.shards.save(SHARDS[user], 1, Checkpoint(self._checkpoints, b"", {}, [write]))

    async def tell(self, *inputs: Input) -> None:
        for each in inputs:
            match each:
                case Noticed(made):
                    self.logs["segment-changes", SHARDS[made.subject]].append(each)
                case Erasure(user):
                    self.logs["profile-commands", SHARDS[user]].append(each)
                case Merged(user):
                    self.logs["delivery-commands", SHARDS[user]].append(each)

    async def step(self, number: int, now_ms: int, crash: Crash, without: str = "") -> None:
        """Whoever crashes is there again. without: a topic of which nothing has come yet, so that it is not known what
        changes there are."""
        if number not in self.shards:
            await self.claim(number)
        if not await self._step(self.shards[number], number, now_ms, crash, without):
            await self.claim(number)

    async def _step(self, shard: DeliveryShard, number: int, now_ms: int, crash: Crash, without: str) -> bool:
        """Whether it went all the way."""
        inputs, positions = list[Input](), dict[str, int]()
        for topic in sorted(TOPICS, key=lambda each: each == "segment-changes"):
            log, begin = self.logs[topic, number], shard.positions.get(topic, 0)
            if topic != without and begin < len(log):
                inputs += log[begin:]
                positions[topic] = len(log)
        step = await shard.decide(inputs, positions, 0 if without else now_ms, now_ms)
        if step is None:
            return True
        if crash is Crash.DECIDED:
            return False
        await shard.save(step)
        if crash is Crash.STORED:
            return False
        self._publish(step.outbox)
        if crash is Crash.PUBLISHED:
            return False
        await shard.published()
        return True

    async def run(self, now_ms: int) -> None:
        """Until nobody has anything left to do at that time."""
        for crash in (*islice(self._crashed, 4), *[Crash.NEVER] * 3):
            for number in self._shards:
                without = "segment-changes" if crash is Crash.PUBLISHED else ""
                await self.step(number, now_ms, crash, without)

    async def settle(self, now_ms: int) -> None:
        """And what takes its time after a merge."""
        await self.run(now_ms)
        await self.run(now_ms + KNOWN_AFTER_MS)
        await self.run(now_ms + SETTLES_MS)

    async def merge(self, gone: str, into: str, now_ms: int, *segments: str) -> None:
        """segments: the survivor is in these then."""
        await self.stands(into, *segments)
        await self.tell(Merged(gone, into, SHARDS[into], now_ms))

    async def feed(self, user: str) -> dict[str, dict[Mark, int]]:
        """By id, the marks."""
        found = await self.store.feeds.read(SHARDS[user], user)
        return {name: dict(entry.marks) for name, entry in found.entries.items()}

    async def mark(self, user: str, message: str, mark: Mark, at_ms: int) -> None:
        await self.store.feeds.mark(SHARDS[user], user, [Marked(message, mark, at_ms, "m")])

    async def kept(self, user: str) -> Recipient:
        raw = await self.store.deliveries.get(SHARDS[user], RECIPIENTS, user)
        return Recipient() if raw is None else Recipient.decode(raw)

    def said(self, user: str) -> list[str]:
        return [each.decision for each in self.decided.values() if each.user_id == user]


def came(user: str, segment: str = "a", hour: int = 0, **parts: Any) -> Noticed:
    return Noticed(replace(change(segment, hour=hour, user=user), **parts), True)


def went(user: str, into: str, hour: int) -> Noticed:
    """By the merge."""
    made = change("a", "exited", hour, 2, user)
    return Noticed(replace(made, cause="merge", merged_into=into), False)


def identity(user: str, name: str = "m", hour: int = 0, **parts: Any) -> str:
    return message_id(came(user, hour=hour, **parts).change.id, name, user)


async def delivering(store: Store, *book: Any, **parts: Any) -> Deliverers:
    """To ann and to bob, who both came into `a`."""
    made = Deliverers(store, Messages(book, **parts))
    await made.tell(came("ann"), came("bob"))
    await made.run(0)
    return made


# -------------------------------------------------------------------------------------------------- what follows


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


# --------------------------------------------------------------------------------------------------- whatever crashes


async def lived(
    store: Store,
    book: Messages,
    histories: dict[str, History],
    hour: int | None,
    until: int,
    crashed: Sequence[Crash] = (),
) -> Deliverers:
    """Both live, then bob becomes ann at an hour (ms), and she lives on."""
    made = Deliverers(store, book, crashed, histories)
    log = [each for history in histories.values() for each in history]
    for now in range(0, until + 1, HOUR_MS):
        news = [Noticed(each, is_live) for each, is_live in log if each.occurred_at == now]
        is_gone = hour is not None and now > hour
        await made.tell(*(each for each in news if not is_gone or each.change.subject == "ann"))
        if now == hour:
            await made.merge("bob", "ann", hour, *_in(histories["ann"], hour))
            await made.run(now)
            await made.run(now + KNOWN_AFTER_MS)
        elif news or now % (24 * HOUR_MS) == 0 or now == until:
            await made.run(now)
    return made


def _in(history: History, until: int) -> list[str]:
    where = {each.rule: each.segment if each.entered else None for each, _ in history if each.occurred_at <= until}
    return [each for each in where.values() if each is not None]


async def without_a_trace(
    store: Store, book: Messages, histories: dict[str, History], hour: int, crashed: Sequence[Crash]
) -> None:
    straight = await lived(MemoryStore(), book, histories, hour, HOURS * HOUR_MS)
    crashing = await lived(store, book, histories, hour, HOURS * HOUR_MS, crashed)
    for user in ("ann", "bob"):
        assert await straight.feed(user) == await crashing.feed(user)
        assert await straight.kept(user) == await crashing.kept(user)
    assert straight.decided.keys() == crashing.decided.keys()


def of(user: str) -> st.SearchStrategy[History]:
    return changes().map(lambda history: [(replace(each, subject=user), is_live) for each, is_live in history])


LIVES: Final = st.fixed_dictionaries({"ann": of("ann"), "bob": of("bob")})


@settings(max_examples=1 + settings().max_examples // 5)
@given(messages(), LIVES, st.integers(0, HOURS), crashes)
def test_no_crash_leaves_a_trace(book: Messages, lives: dict[str, History], hour: int, crashed: list[Crash]) -> None:
    asyncio.run(without_a_trace(MemoryStore(), book, lives, hour * HOUR_MS, crashed))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=3)
@given(messages(), LIVES, st.integers(0, HOURS), crashes)
def test_nor_does_one_on_redis(
    run_on_redis: Any, book: Messages, lives: dict[str, History], hour: int, crashed: list[Crash]
) -> None:
    run_on_redis(lambda store: without_a_trace(store, book, lives, hour * HOUR_MS, crashed))


async def all_of_both(book: Messages, histories: dict[str, History], hour: int) -> None:
    """What there was a moment before, of each, is there of the survivor; but what is over, or waits twice."""
    before = await lived(MemoryStore(), book, histories, None, hour)
    after = await lived(MemoryStore(), book, histories, hour, hour)
    [ann, bob], one = [await before.kept(user) for user in ("ann", "bob")], await after.kept("ann")
    assert {each.id for each in one.shown} == {each.id for each in (*ann.shown, *bob.shown)}
    over = {each.id for each in bob.standing if each.withdraw and is_over(each.trigger, histories["ann"], hour)}
    assert {each.id for each in one.standing} == {each.id for each in (*ann.standing, *bob.standing)} - over
    assert {*await after.feed("ann")} == {each.id for each in one.standing}
    waits = {(each.message, each.cause.trigger) for each in one.waiting}
    assert len(waits) == len(one.waiting)
    assert waits <= {(each.message, each.cause.trigger) for each in (*ann.waiting, *bob.waiting)}
    gone = await after.kept("bob")
    assert gone == Recipient(applied=gone.applied, successor=Successor("ann", 0, hour, None))
    # What no message is about is noted where it comes with something that one is about, such as the merge.
    assert all(order(gone.applied[rule]) >= order(newest) for rule, newest in bob.applied.items())


def order(newest: Applied) -> tuple[int, int]:
    return newest.occurred_at, newest.ordinal


def is_over(trigger: str, history: History, hour: int) -> bool:
    verb, segment = trigger.split()
    return (segment in _in(history, hour)) == (verb == "leaves")


@settings(max_examples=1 + settings().max_examples // 5)
@given(messages(), LIVES, st.integers(0, HOURS))
def test_what_either_was_sent_or_waits_for_is_the_survivors(
    book: Messages, lives: dict[str, History], hour: int
) -> None:
    asyncio.run(all_of_both(book, lives, hour * HOUR_MS))
