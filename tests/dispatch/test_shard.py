"""One shard of deliveries, on both stores: a crash is an item in a list, and leaves no trace but repeats."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace as replace_change

from streams.core.changes import Change
from streams.core.engine.erasure import Erasure
from streams.core.instants import HOUR_MS
from streams.delivery.decision import message_id
from streams.delivery.message import Messages
from streams.delivery.outcomes import VERDICTS, outcome
from streams.delivery.rehearsal import Rehearsal
from streams.delivery.webhook import Endpoint
from streams.dispatch.inputs import Again, Input, Send
from streams.dispatch.shard import LOG
from streams.errors import Fenced
from streams.outputs.change import Noticed
from streams.state.format import DUE, OUTCOMES, RECIPIENTS
from streams.state.memory import MemoryStore
from streams.state.store import Store
from tests.delivery.histories import HOURS, cap, change, changes, content, message, messages
from tests.dispatch.lives import Crash, Life, crashes

History = list[tuple[Change, bool]]


async def lived(store: Store, book: Messages, history: History, crashed: Sequence[Crash]) -> Life:
    """Hour by hour: what happened in it is read in one step, however often the process dies."""
    life = Life(store, book)
    await life.begin()
    log = [Noticed(each, is_live) for each, is_live in history]
    left = list(crashed)
    for hour in range(HOURS + 1):
        to = sum(each.occurred_at <= hour * HOUR_MS for each, _ in history)
        if to == sum(each.occurred_at <= (hour - 1) * HOUR_MS for each, _ in history) and not await _is_due(life, hour):
            continue
        while left and (crash := left.pop(0)) is not Crash.NEVER:
            await life.read(log, to, hour * HOUR_MS, crash)
        await life.read(log, to, hour * HOUR_MS)
    return life


async def _is_due(life: Life, hour: int) -> bool:
    return bool(await life.store.deliveries.earliest(0, DUE, hour * HOUR_MS, 1))


async def without_a_trace(store: Store, book: Messages, history: History, crashed: Sequence[Crash]) -> None:
    everything = Endpoint("all", "https://x", None)
    book = replace(book, endpoints={"all": everything})
    straight, crashing = await lived(MemoryStore(), book, history, []), await lived(store, book, history, crashed)
    queues = [[webhook.id for _, webhook in life.shard.queue.of_endpoint("all")] for life in (straight, crashing)]
    assert queues[0] == queues[1] == [each.id for each, _ in history]
    assert straight.decisions().keys() == crashing.decisions().keys()
    assert set(straight.decisions().values()) <= {1}
    assert await straight.feed() == await crashing.feed()
    names = [outcome(each.name, what) for each in book.messages for what in VERDICTS]
    days = [f"d{day}" for day in range(HOURS // 24 + 1)]
    counted = await store.deliveries.flows(OUTCOMES, names, days)
    assert sum(flow.entries for flows in counted.values() for flow in flows.values()) == len(straight.decisions())


@given(messages(), changes(), crashes)
def test_no_crash_leaves_a_trace_but_repeats(book: Messages, history: History, crashed: list[Crash]) -> None:
    asyncio.run(without_a_trace(MemoryStore(), book, history, crashed))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=10)
@given(messages(), changes(), crashes)
def test_no_crash_leaves_a_trace_on_redis_but_repeats(
    run_on_redis: Any, book: Messages, history: History, crashed: list[Crash]
) -> None:
    run_on_redis(lambda store: without_a_trace(store, book, history, crashed))


# ------------------------------------------------------------------------------------------- one by one


@pytest.fixture
def store() -> Store:
    return MemoryStore()


async def test_what_is_stored_is_what_a_rehearsal_decides(store: Store) -> None:
    book = Messages((message(delay_ms=HOUR_MS, withdraw=True),))
    history: History = [(change(), True), (change(kind="exited", hour=5, ordinal=2), True)]
    life = await lived(store, book, history, [])
    rehearsed = [each.decision for each in Rehearsal(book).run(history, HOURS * HOUR_MS)]
    assert [decision for _, _, decision, _ in life.decisions()] == [each.decision for each in rehearsed]
    names = [outcome(book.messages[0].name, what) for what in VERDICTS]
    counted = await store.deliveries.flows(OUTCOMES, names, ["d0"])
    assert [name.partition("/")[2] for name, flows in counted.items() if flows] == ["sent", "held", "withdrawn"]


async def test_whoever_was_owner_before_cannot_store(store: Store) -> None:
    life = Life(store, Messages((message(),)))
    await life.begin()
    step = await life.shard.decide([Noticed(change(), True)], {"segment-changes": 1}, 0, 0)
    before = life.shard
    await life.begin()
    assert step is not None
    with pytest.raises(Fenced):
        await before.save(step)
    assert await life.feed() == {}


async def test_an_erased_user_leaves_nothing_and_what_is_told_late_of_before_brings_nothing_back(store: Store) -> None:
    life = Life(store, Messages((message(), message("later", delay_ms=HOUR_MS))))
    await life.begin()
    log: list[Input] = [Noticed(change(), True), Noticed(change(user="bob"), True), Erasure("ann", 5)]
    await life.read(log, 2, 0)
    await life.read(log, 3, 1)
    assert (await life.feed(), len(await life.feed("bob"))) == ({}, 1)
    log.append(Noticed(change(hour=0, ordinal=2), True))
    await life.read(log, 4, 2)
    assert await life.feed() == {}
    log.append(Noticed(change(hour=1, ordinal=3), True))
    await life.read(log, 5, HOUR_MS)
    assert len(await life.feed()) == 1
    assert len(await life.feed("bob")) == 2


async def test_what_was_decided_last_is_kept_and_goes_with_the_user(store: Store) -> None:
    life = Life(store, Messages((message(), message("later", delay_ms=2 * HOUR_MS))))
    await life.begin()
    log: list[Input] = [Noticed(change(), True), Noticed(change(kind="exited", hour=1, ordinal=2), True)]
    await life.read(log, 1, 0)
    assert await life.why() == {"m": "sent", "later": "held"}
    await life.read(log, 2, HOUR_MS)
    assert (await life.why())["later"] == "withdrawn"
    log.append(Erasure("ann", HOUR_MS))
    await life.read(log, 3, 2 * HOUR_MS)
    assert await life.why() == {}


async def test_a_user_who_is_erased_in_the_step_that_sends_has_an_empty_feed(store: Store) -> None:
    life = Life(store, Messages((message(),)))
    await life.begin()
    await life.read([Noticed(change(), True), Erasure("ann", 5)], 2, 0)
    assert await life.feed() == {}
    assert not life.decisions()


async def test_what_was_old_news_when_deliveries_began_makes_no_message(store: Store) -> None:
    life = Life(store, Messages((message(),)), live_within_ms=HOUR_MS)
    await life.begin(now_ms=10 * HOUR_MS)
    log: list[Input] = [Noticed(change(hour=8), True), Noticed(change(user="bob", hour=10), True)]
    await life.read(log, 2, 10 * HOUR_MS)
    assert [user for user, *_ in life.decisions()] == ["bob"]


async def test_a_message_goes_to_whoever_is_in_once_however_often_it_is_commanded(store: Store) -> None:
    life = Life(store, Messages((message(),)))
    await life.begin()
    came = Noticed(change(), True)
    log: list[Input] = [Send("m", came), Send("m", came), Send("gone", came), came]
    for to in range(1, 5):
        await life.read(log, to, to)
    assert [decision for _, _, decision, _ in life.decisions()] == ["sent"]
    assert len(await life.feed()) == 1


async def test_what_a_cap_kept_back_goes_by_hand_and_what_was_in_the_feed_is_not_put_there_again(store: Store) -> None:
    life = Life(store, Messages((message(withdraw=True, cap=cap(1, 48)),)))
    await life.begin()
    came, went = Noticed(change(), True), Noticed(change(kind="exited", ordinal=2, hour=1), True)
    back = Noticed(change(hour=2, ordinal=3), True)
    log: list[Input] = [came, went, back, *(Again("m", "", each) for each in (came, back, back))]
    for to in range(1, len(log) + 1):
        await life.read(log, to, to * HOUR_MS)
    assert [decision for *_, decision, _ in life.decisions()] == ["sent", "withdrawn", "capped", "sent"]
    assert [*await life.feed()] == [message_id(back.change.id, "m", "ann")]


async def test_what_is_commanded_of_somebody_erased_reaches_nobody(store: Store) -> None:
    came = Noticed(change(hour=1), True)
    life = Life(store, Messages((message(),), endpoints={"all": Endpoint("all", "https://x", None)}))
    await life.begin()
    log: list[Input] = [Erasure("ann", 2 * HOUR_MS), Send("m", came), Again("m", "", came), Again("", "all", came)]
    await life.read(log, len(log), 3 * HOUR_MS)
    assert (life.published, len(life.shard.queue), await life.feed()) == ([], 0, {})


async def test_the_exits_of_an_erasure_are_posted_and_what_waited_before_it_is_not(store: Store) -> None:
    life = Life(store, Messages((), endpoints={"all": Endpoint("all", "https://x", None)}))
    await life.begin()
    came, went = change(hour=1), replace_change(change(kind="exited", hour=2, ordinal=2), cause="erase")
    log: list[Input] = [Noticed(came, True), Erasure("ann", came.occurred_at), Noticed(went, False)]
    for to in range(1, len(log) + 1):
        await life.read(log, to, 3 * HOUR_MS)
    assert [waiting.id for _, waiting in life.shard.queue.of_endpoint("all")] == [went.id]


async def test_messages_go_by_way_of_kafka_and_into_the_log(store: Store) -> None:
    texts = content("Hi {{ user_id }}")
    life = Life(store, Messages((message("k", channel="kafka", content=texts), message("l", channel=LOG))))
    await life.begin()
    await life.read([Noticed(change(), True)], 1, 0)
    assert sorted(each.topic for each in life.published) == ["deliveries", "deliveries", LOG, "segment-messages"]
    [sent] = [each for each in life.published if each.topic == "segment-messages"]
    assert b'"title":"Hi ann"' in (sent.value or b"")
    assert await life.feed() == {}


async def test_changes_that_no_message_is_about_cost_no_row(store: Store) -> None:
    life = Life(store, Messages((message(),)))
    await life.begin()
    await life.read([Noticed(change("b"), True)], 1, 0)
    assert life.shard.positions == {"segment-changes": 1}
    assert await store.deliveries.values(0, RECIPIENTS, ["ann"]) == {}
