"""The shards of a worker while its group is balanced anew: which stay in memory; a task of theirs that ends."""

import asyncio
from types import SimpleNamespace
from typing import Final

import pytest
from faust.types import TP

from streams.errors import Unreachable
from streams.monitoring.health import JOINED_WITHIN_S
from streams.runtime import assignment as assignments
from streams.runtime.assignment import Assignment
from streams.runtime.past.maker import PastMaker
from streams.runtime.transport.fetching import Membership
from streams.state.format import past_room
from streams.topics import READ_BY_WORKERS
from tests.runtime.one_shard import OTHERS, RULES, OneShard, until

INPUTS: Final = [TP(each.name, 0) for each in READ_BY_WORKERS]


async def test_a_shard_whose_task_is_ended_by_nobody_who_may_ends_the_worker() -> None:
    shard = OneShard(["Opened"])
    failed = asyncio.Queue[str]()

    async def fail(subject: str, error: Exception) -> None:
        failed.put_nowait(f"{subject}: {error}")

    assignment = Assignment(shard._worker, fail)
    assignment.assigned(INPUTS)
    await until(lambda: bool(assignment.loaded()))
    [(_, task)] = assignment._owners.values()
    task.cancel()
    async with asyncio.timeout(60):
        assert await failed.get() == "shard 0: what it waited for was given up"
    await assignment.drop()
    assert failed.empty()


async def test_rules_that_are_applied_while_a_shard_waits_for_the_past_of_others_end_its_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Which may never be there: other shards have gone on to these, and make it no more."""
    shard = OneShard(["Opened"])
    waits = asyncio.Event()

    async def for_ever(_: PastMaker) -> None:
        waits.set()
        await asyncio.Event().wait()

    async def fail(subject: str, error: Exception) -> None:
        raise AssertionError(subject) from error

    assignment = Assignment(shard._worker, fail)
    assignment.assigned(INPUTS)
    await until(lambda: bool(assignment.loaded()))
    shard.store.beside(past_room(2))._shards[0] = shard.store._shards[0]  # it was begun
    monkeypatch.setattr(PastMaker, "_make", for_ever)
    assignment.take_over(shard.under(OTHERS, version=2))
    async with asyncio.timeout(60):
        await waits.wait()
    assignment.take_over(shard.under(RULES, version=3))
    await until(lambda: not assignment.is_taking_over)
    assert assignment.loaded()
    await assignment.drop()


async def test_shards_stay_in_memory_while_the_group_is_balanced_anew() -> None:
    shard = OneShard(["Opened"])
    failed: list[Exception] = []

    async def fail(_: str, error: Exception) -> None:
        failed.append(error)

    assignment = Assignment(shard._worker, fail)
    assignment.assigned(INPUTS)
    await until(lambda: bool(assignment.loaded()))
    before = assignment.loaded()[0].shard
    for _ in range(2):
        await assignment.let_go()
        shard.membership = Membership(shard.membership.generation + 1, "us")
        assignment.assigned(INPUTS)
        await until(lambda: bool(assignment.loaded()))
        assert assignment.loaded()[0].shard is before
    await assignment.drop()
    assert not failed


async def test_a_shard_that_is_not_given_back_when_the_group_is_balanced_anew_does_not_stay_in_memory() -> None:
    shard = OneShard(["Opened"])

    async def fail(_: str, error: Exception) -> None:
        raise error

    assignment = Assignment(shard._worker, fail)
    assignment.assigned(INPUTS)
    await until(lambda: bool(assignment.loaded()))
    before = assignment.loaded()[0].shard
    for given in ([], INPUTS):
        await assignment.let_go()
        shard.membership = Membership(shard.membership.generation + 1, "us")
        assignment.assigned(given)
    await until(lambda: bool(assignment.loaded()))
    assert assignment.loaded()[0].shard is not before
    await assignment.drop()


async def test_a_shard_that_kafka_says_is_anothers_is_not_nobodys_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the group is never balanced anew, the worker begins anew, which has it balanced."""
    shard, now_s = OneShard(["Opened"]), [100.0]

    async def fail(_: str, error: Exception) -> None:
        raise error

    monkeypatch.setattr(assignments, "time", SimpleNamespace(monotonic=lambda: now_s[0]))
    assignment = Assignment(shard._worker, fail)
    monkeypatch.setattr(shard, "is_current", lambda _: asyncio.sleep(0, result=False))
    assignment.assigned(INPUTS)
    await until(lambda: not assignment.owners())
    assignment.look_at_given_up()
    now_s[0] += JOINED_WITHIN_S
    assignment.look_at_given_up()
    now_s[0] += 1
    with pytest.raises(Unreachable, match="shard 0 is another worker's"):
        assignment.look_at_given_up()
    await assignment.let_go()
    assignment.look_at_given_up()


async def test_a_shard_that_is_given_without_one_of_its_inputs_waits_for_all(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever leads the group did not know of that topic: without it time would come too early, and what was read of it
    would be read again by the next owner."""
    shard = OneShard(["Opened"])

    async def fail(_: str, error: Exception) -> None:
        raise error

    assignment = Assignment(shard._worker, fail)
    assignment.assigned([tp for tp in INPUTS if tp.topic != "rerouted-events"])
    assert not assignment.owners()
    assert "shard 0 - was given without rerouted-events, and waits for all" in caplog.text
    await assignment.let_go()
    assignment.assigned(INPUTS)
    await until(lambda: bool(assignment.loaded()))
    await assignment.drop()
