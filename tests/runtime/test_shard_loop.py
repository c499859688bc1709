"""When a loaded shard asks for the time, how far its time has come, and how a wave of deadlines is worked off."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from types import SimpleNamespace
from typing import Any, Final

import pytest

from streams.core.batch import Batch
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.identities.identities import Identities
from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.kernel.layout import NEVER
from streams.core.language.parser import parse_condition, parse_value
from streams.core.rules.rulebook import Rulebook, Scores, Segment
from streams.kafka.message import Message
from streams.runtime import shard_loop as runtime
from streams.runtime.pace import SLICE, Line
from streams.runtime.shard_loop import ShardLoop
from streams.runtime.shard_work import OTHERS_AT_MOST, TIME_EVERY_MS
from streams.state.format import DOCUMENTS, ROWS
from streams.state.memory import MemoryShardStore
from streams.testing import track
from tests.runtime.alone import Alone
from tests.state.checkpoints import claimed

NOON = 500_000 * HOUR_MS
STALE: Final = 2_000  # profiles
QUIET = Segment("quiet", parse_condition("idle_days >= 1"))
RFM = Scores("rfm", parse_value("mrr"), parse_value("mrr"), parse_value("mrr"), refresh_ms=HOUR_MS)


def loaded(*rules: Segment | Scores, users: int = 1) -> ShardLoop:
    """A shard of users that were there at noon."""
    rulebook = Rulebook(rules)
    shard = Shard(rulebook)
    shard.step(Batch.of([Event(f"user-{number}", NOON, "A", True, None, {}, {}) for number in range(users)]))
    nothing: Any = None
    checkpoints: Any = SimpleNamespace(subject="shard 0")
    worker: Any = SimpleNamespace(rulebook=rulebook, outputs=None)
    return ShardLoop(worker, shard, Identities.empty(shard, 0), nothing, checkpoints, 1)


def test_time_is_asked_for_when_a_deadline_has_come() -> None:
    loaded_shard = loaded(QUIET)
    loaded_shard.shard.tick(NOON + DAY_MS - 1)
    assert not loaded_shard.wants_time(NOON + DAY_MS - 1)
    assert loaded_shard.wants_time(NOON + DAY_MS)


def test_time_is_asked_for_when_a_refresh_has_come() -> None:
    loaded_shard = loaded(RFM)
    loaded_shard.shard.tick(NOON - 1)
    assert loaded_shard.wants_time(NOON)
    loaded_shard.shard.tick(NOON)
    assert not loaded_shard.wants_time(NOON + TIME_EVERY_MS - 1)


def test_without_either_time_is_asked_for_once_in_a_while() -> None:
    loaded_shard = loaded()
    loaded_shard.shard.tick(NOON)
    assert not loaded_shard.wants_time(NOON + TIME_EVERY_MS - 1)
    assert loaded_shard.wants_time(NOON + TIME_EVERY_MS)


def test_time_that_has_been_asked_for_is_not_asked_for_again() -> None:
    loaded_shard = loaded()
    loaded_shard.time_came(NOON, {})
    assert not loaded_shard.wants_time(NOON + DAY_MS)


async def test_a_new_rule_is_evaluated_at_the_time_that_had_come_when_the_last_owner_left() -> None:
    store = MemoryShardStore()
    shard = Shard(Rulebook(()))
    shard.step(Batch.of([Event("ann", NOON, "A", True, None, {}, {})]))
    alone = Alone(shard, lambda: NOON, store)
    work = asyncio.create_task((await alone.load()).work())
    while not alone.counters.checkpoints:  # noqa: ASYNC110 - nobody is told of a checkpoint
        await asyncio.sleep(0)
    alone.loaded.time_came(NOON + 2 * DAY_MS, {})
    while shard.time_ms < NOON + 2 * DAY_MS:  # noqa: ASYNC110 - nor of the time
        await asyncio.sleep(0)
    alone.loaded.leave()
    await work
    stored = await claimed(store, 0, 2)
    assert stored is not None
    later = Shard.restore(Rulebook((QUIET,)), stored.head, stored[ROWS].items(), stored[DOCUMENTS])
    [change] = later.migrate()
    assert (change.occurred_at, change.cause) == (NOON + 2 * DAY_MS, "rule_change")


def test_time_has_not_come_before_all_deadlines_are_worked_off() -> None:
    loaded_shard = loaded(QUIET, users=2)
    assert loaded_shard.settled_ms == NEVER
    loaded_shard.shard.tick(NOON + HOUR_MS)
    assert loaded_shard.settled_ms == NOON + HOUR_MS
    loaded_shard.shard.tick(NOON + 2 * DAY_MS, limit=1)
    assert loaded_shard.settled_ms < NOON + DAY_MS
    loaded_shard.shard.tick(NOON + 2 * DAY_MS, limit=1)
    assert loaded_shard.settled_ms == NOON + 2 * DAY_MS


class Publishes(Alone):
    """Keeps whose changes are published, in order; a live event comes in with the first of them."""

    def __init__(self, shard: Shard, at_ms: int):
        super().__init__(shard, lambda: at_ms)
        self.changed: list[str] = []
        self._at_ms = at_ms

    async def publish(self, topic: str, shard: int, messages: Sequence[Message]) -> None:
        if topic == "segment-changes":
            if not self.changed:
                self.arrive([track("live", "B", self._at_ms)])
            self.changed += [message.key.decode() for message in messages]


async def worked_off(users: int) -> list[str]:
    """A wave in which every profile changes: whose changes are published, in order."""
    now_ms = NOON + 2 * DAY_MS
    awake = Segment("awake", parse_condition('count("A", hours=24) >= 1'))
    shard = Shard(Rulebook((awake, Segment("known", parse_condition('count("B") >= 1')))))
    shard.step(Batch.of([Event(f"user-{number}", NOON, "A", True, None, {}, {}) for number in range(users)]))
    shard.take_dirty()
    published = Publishes(shard, now_ms)
    loaded_shard = await published.load()
    loaded_shard.time_came(now_ms, {})
    work = asyncio.create_task(loaded_shard.work())
    while len(published.changed) <= users:  # noqa: ASYNC110 - nobody is told when all has been published
        await asyncio.sleep(0)
    loaded_shard.leave()
    await work
    return published.changed


def test_a_wave_is_worked_off_whole_and_a_live_events_change_does_not_wait_for_its_end() -> None:
    users = 20_000
    changed = asyncio.run(worked_off(users))
    assert sorted(changed) == sorted(["live", *(f"user-{number}" for number in range(users))])
    assert changed.index("live") < users / 2


class OfTwo(Alone):
    """A shard of a worker of two, with profiles that other rules wrote. said: who published how many changes."""

    def __init__(self, name: str, said: list[tuple[str, int]], line: Line):
        before = Shard(Rulebook((QUIET,)))
        before.step(Batch.of([Event(f"user-{number}", NOON, "A", True, None, {}, {}) for number in range(STALE)]))
        dirty = before.take_dirty()
        rules = Rulebook((Segment("seen", parse_condition('count("A") >= 0')),))
        shard = Shard.restore(rules, before.head(), dirty.rows, dict(dirty.documents))
        super().__init__(shard, lambda: NOON, taking_over=line)
        self._name, self._said = name, said

    async def publish(self, topic: str, shard: int, messages: Sequence[Message]) -> None:
        if topic == "segment-changes":
            self._said.append((self._name, len(messages)))


@asynccontextmanager
async def at_work(*shards: ShardLoop) -> AsyncIterator[None]:
    """And in the end a last checkpoint of each."""
    working = [asyncio.create_task(each.work()) for each in shards]
    yield
    for each in shards:
        each.leave()
    await asyncio.gather(*working)


async def until_told(said: Sequence[tuple[str, int]], changes: int) -> None:
    async with asyncio.timeout(60):
        while sum(count for _, count in said) < changes:  # noqa: ASYNC110 - nobody is told when all has been published
            await asyncio.sleep(0)


@pytest.mark.parametrize("every_s", [runtime.WAVE_CHECKPOINT_EVERY_S, 0.0])
async def test_shards_of_a_worker_evaluate_what_other_rules_wrote_in_turn_each_a_small_checkpoint_of_it(
    every_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """every_s: until it is time for a checkpoint, be it full or not; none where each slice takes as long."""
    monkeypatch.setattr(runtime, "WAVE_CHECKPOINT_EVERY_S", every_s)
    said: list[tuple[str, int]] = []
    line = Line()
    async with at_work(*[await OfTwo(name, said, line).load() for name in ("one", "other")]):
        await until_told(said, 2 * STALE)
    assert max(count for _, count in said) <= OTHERS_AT_MOST
    turns = [name for name, _ in groupby(name for name, _ in said)]
    assert turns[:6] in (["one", "other"] * 3, ["other", "one"] * 3), said


async def test_a_turn_lasts_until_the_checkpoint_is_written_so_that_live_events_find_no_queue_of_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runtime, "TURN_AT_MOST_S", 3_600.0)
    said: list[tuple[str, int]] = []
    line, may_go_on = Line(), asyncio.Event()

    class Slow(OfTwo):
        async def publish(self, topic: str, shard: int, messages: Sequence[Message]) -> None:
            await super().publish(topic, shard, messages)
            await may_go_on.wait()

    async with at_work(*[await Slow(name, said, line).load() for name in ("one", "other")]):
        for _ in range(200):
            await asyncio.sleep(0)
        assert [count <= OTHERS_AT_MOST for _, count in said] == [True]
        may_go_on.set()
        await until_told(said, 2 * STALE)


@pytest.mark.parametrize("is_first", [True, False])
async def test_shards_do_not_wait_for_one_whose_partition_takes_nothing(
    is_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """is_first: whether it has its turn before; else its turn comes while a live event's change is not taken."""
    monkeypatch.setattr(runtime, "TURN_AT_MOST_S", 0.01)
    said: list[tuple[str, int]] = []
    line, may_go_on = Line(), asyncio.Event()

    class Stuck(OfTwo):
        async def publish(self, topic: str, shard: int, messages: Sequence[Message]) -> None:
            await may_go_on.wait()
            await super().publish(topic, shard, messages)

    stuck, other = Stuck("stuck", said, line), OfTwo("other", said, line)
    both = [await each.load() for each in ((stuck, other) if is_first else (other, stuck))]
    stuck.arrive([track("live", "A", NOON)])
    async with at_work(*both):
        await until_told(said, STALE)
        assert {name for name, _ in said} == {"other"}
        may_go_on.set()
        await until_told(said, 2 * STALE + 1)


class Empty(OfTwo):
    """One with nobody, whose rules have just changed."""

    def __init__(self, name: str, said: list[tuple[str, int]], line: Line):
        super().__init__(name, said, line)
        shard = Shard(Rulebook((QUIET,))).under(Rulebook((Segment("seen", parse_condition('count("A") >= 0')),)))
        assert shard.is_stale
        Alone.__init__(self, shard, lambda: NOON, taking_over=line)


@pytest.mark.parametrize("is_first", [True, False])
async def test_shards_do_not_wait_for_one_that_has_nobody_to_evaluate(is_first: bool) -> None:
    said: list[tuple[str, int]] = []
    line = Line()
    empty, other = Empty("empty", said, line), OfTwo("other", said, line)
    both = [await each.load() for each in ((empty, other) if is_first else (other, empty))]
    async with at_work(*both):
        await until_told(said, STALE)


async def test_who_leaves_lets_the_next_in_line_have_its_turn() -> None:
    line, first, second = Line(), asyncio.Event(), asyncio.Event()
    assert line.is_turn_of(first)
    assert not line.is_turn_of(second)
    assert line.is_turn_of(first), "until it leaves"
    line.leave(first)
    assert second.is_set(), "and is woken"
    assert line.is_turn_of(second)
    assert not line.is_turn_of(first)
    line.leave(second)
    line.leave(second)
    assert line.is_turn_of(first)


async def checkpoints(backlog_every_s: float, *fetches: int, until: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many checkpoints there are once all of each fetch is applied, of which so many records remain unread, and a
    few turns of the loop later; then how many there are when `until` of them have been waited for.
    """
    monkeypatch.setattr(runtime, "BACKLOG_CHECKPOINT_EVERY_S", backlog_every_s)
    alone, counted = Alone(Shard(Rulebook((QUIET,))), lambda: NOON), []
    work = asyncio.create_task((await alone.load()).work())
    for unread in fetches:
        alone.arrive([track("ann", "A", NOON)], unread)
        for _ in range(50):
            await asyncio.sleep(0)
        counted.append(alone.counters.checkpoints)
    async with asyncio.timeout(60):
        while alone.counters.checkpoints < until:  # noqa: ASYNC110 - nobody is told of a checkpoint
            await asyncio.sleep(0.001)
    alone.loaded.leave()
    await work
    return counted


async def test_who_is_behind_writes_no_checkpoint_for_want_of_a_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = await checkpoints(1_000.0, SLICE, SLICE, 0, until=1, monkeypatch=monkeypatch)
    assert counted == [0, 0, 1], "but as soon as all is read"


async def test_a_fetch_that_does_not_come_holds_no_checkpoint_up(monkeypatch: pytest.MonkeyPatch) -> None:
    await checkpoints(0.01, SLICE, until=1, monkeypatch=monkeypatch)
