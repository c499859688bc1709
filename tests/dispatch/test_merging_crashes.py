"""Messages follow a merge, whatever crashes, on both stores; and nothing that either had is lost by it."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.core.changes import Change
from streams.core.instants import HOUR_MS
from streams.delivery.message import Messages
from streams.delivery.recipient import Applied, Recipient, Successor
from streams.dispatch.merging import KNOWN_AFTER_MS
from streams.outputs.change import Noticed
from streams.state.memory import MemoryStore
from streams.state.store import Store
from tests.delivery.histories import HOURS, changes, messages
from tests.dispatch.deliverers import Deliverers
from tests.dispatch.lives import Crash, crashes

History = list[tuple[Change, bool]]


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
def test_no_crash_leaves_a_trace_on_redis(
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
