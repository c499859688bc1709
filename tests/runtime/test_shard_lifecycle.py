"""An owner of a shard: which rules it runs when others come, and when it lets go."""

import asyncio
from collections.abc import Iterator

import pytest
from faust.types import TP

from streams.core.engine.shard import Shard
from streams.core.rules.rulebook import Rulebook
from streams.errors import StateLost
from streams.runtime.past import shard_past
from streams.runtime.past.maker import PastMaker
from streams.runtime.past.shard_past import ShardPast
from streams.runtime.shard_lifecycle import ShardLifecycle
from streams.state.format import ROWS, past_room
from streams.testing import to_bytes, track
from tests.rulebooks import rulebook
from tests.runtime.one_shard import NOON, OTHERS, RULES, OneShard, until
from tests.runtime.records import Read


async def test_other_rules_are_taken_over_as_a_restart_takes_them() -> None:
    """The same changes with the same ids; what was published, and what is stored."""
    names = ["Opened", "Closed", "Opened", "Opened", "Closed"]
    running, restarted = OneShard(names), OneShard(names)
    async with running.owned():
        await running.bring(3)
        await running.take_over(OTHERS)
        await running.bring(5)
    async with restarted.owned():
        await restarted.bring(3)
    restarted._worker = restarted.under(OTHERS)
    async with restarted.owned():
        await restarted.bring(5)
    told = [[message.value for message in each.published["segment-changes"]] for each in (running, restarted)]
    assert told[0] == told[1]
    assert [change.cause for change in running.changes[3:]] == ["rule_change"]
    stored = [each.store._shards[0] for each in (running, restarted)]
    assert stored[0].contents[ROWS] == stored[1].contents[ROWS]
    assert stored[0].positions == stored[1].positions


async def test_what_was_fetched_before_other_rules_came_is_read_as_they_read_it() -> None:
    """A property that only they ask for."""
    shard = OneShard(["Opened", "Closed"])
    asks = rulebook(open='latest("Opened", "format") == "pdf"')
    shard._log[0] = Read(0, NOON, b"ann", to_bytes(track("ann", "Opened", NOON, format="pdf")))
    async with shard.owned():
        shard.apply_no_more()
        shard.receive(1)
        await shard.take_over(asks)
        await shard.bring(2)
    assert [is_in for _, is_in in shard.stands] == [True]


async def test_of_rules_that_come_while_others_are_loaded_the_last_are_run() -> None:
    shard = OneShard(["Opened", "Opened"])
    worker, last = shard.under(RULES), shard.under(OTHERS)
    owner = shard._owner = shard.owner()
    takes: list[asyncio.Task[None]] = []

    def twice() -> None:
        if len(takes) < 2:
            takes.append(asyncio.create_task(owner.take_over([worker, last][len(takes)])))

    shard.while_loading = twice
    running = asyncio.create_task(owner.run())
    await until(lambda: len(takes) == 2 and takes[1].done())
    assert owner.runs_under(last)
    await shard.bring(2)
    owner.leave()
    await asyncio.gather(running, *takes)
    assert [is_in for _, is_in in shard.stands] == [True]
    assert shard.changes[-1].segment == "plenty"


async def test_who_is_told_to_leave_while_other_rules_come_leaves() -> None:
    shard = OneShard(["Opened"])
    async with shard.owned():
        taking_over = asyncio.create_task(shard.take_over(OTHERS))
        await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await taking_over


async def test_who_is_told_to_leave_while_loading_leaves() -> None:
    """Or else the group would wait for the shard as long as it waits for any."""
    shard = OneShard([])
    owner = shard.owner()
    shard.while_loading = owner.leave
    async with asyncio.timeout(60):
        await owner.run()
    assert shard.stands == []


async def test_others_go_on_while_a_shard_is_made_of_what_was_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shard of millions takes longer than Kafka waits for a heartbeat, which comes from the same event loop."""
    shard = OneShard(["Opened"])
    async with shard.owned():
        await shard.fetch(1)
    turns: list[str] = []

    def in_slices(*_: object) -> Iterator[None]:
        for _slice in range(3):
            asyncio.get_running_loop().call_soon(turns.append, "other")
            turns.append("slice")
            yield

    monkeypatch.setattr(Shard, "finish", in_slices)
    async with shard.owned():
        assert turns == ["slice", "other"] * 3


@pytest.mark.parametrize("stays_in_memory", [False, True])
async def test_a_shard_whose_records_are_gone_ends_with_word_and_is_not_loaded_again(
    stays_in_memory: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def earliest_offsets(*tps: TP) -> dict[TP, int]:
        return dict.fromkeys(tps, 2)

    shard = OneShard(["Opened", "Opened"])
    async with shard.owned():
        await shard.bring(1)
    monkeypatch.setattr(shard, "earliest_offsets", earliest_offsets)
    with pytest.raises(StateLost, match="the records from offset 1 up to 2 are gone"):
        async with asyncio.timeout(60):
            await shard.owner(shard.left if stays_in_memory else None).run()


async def waiting_for_its_past(
    shard: OneShard, rules: Rulebook, monkeypatch: pytest.MonkeyPatch
) -> tuple[ShardLifecycle, asyncio.Task[None]]:
    """Its owner under version 2, and that at work; of the past, which was begun, nothing is ever made."""
    async with shard.owned():
        await shard.fetch(1)
    shard._worker = shard.under(rules, version=2)
    shard.store.beside(past_room(2))._shards[0] = shard.store._shards[0]  # it was begun
    is_made = asyncio.Event()

    async def for_ever(_: PastMaker) -> None:
        is_made.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(PastMaker, "_make", for_ever)
    owner = shard._owner = shard.owner()
    running = asyncio.create_task(owner.run())
    await is_made.wait()
    return owner, running


async def test_a_shard_goes_on_where_nobody_needs_the_past_any_more_that_it_waits_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All shards have taken the version over, this one by who had it before."""
    shard = OneShard(["Opened", "Closed"])
    owner, running = await waiting_for_its_past(shard, RULES, monkeypatch)
    await owner.forget_past(2)
    await until(lambda: owner.loaded is not None or running.done())
    await shard.fetch(2)
    owner.leave()
    await running
    assert [is_in for _, is_in in shard.stands] == [True, False]


async def test_a_shard_waits_for_no_past_of_rules_that_are_live_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which may never be there: other shards have gone on to those that are, and make it no more."""
    shard = OneShard(["Opened", "Closed"])
    owner, running = await waiting_for_its_past(shard, OTHERS, monkeypatch)
    async with asyncio.timeout(60):
        await owner.take_over(shard.under(RULES, version=3))
    await shard.fetch(2)
    owner.leave()
    await running
    assert [is_in for _, is_in in shard.stands] == [True, False]
    assert not any(change.segment == "plenty" for change in shard.changes)


async def test_a_past_is_not_gone_on_with_under_other_rules_that_have_its_number_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where Redis was emptied, and rules that were applied then had it until others were put back."""
    shard = OneShard(["Opened"])

    async def for_ever(_: PastMaker) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(PastMaker, "_make", for_ever)
    async with shard.owned():
        await shard.fetch(1)
        owner, room = shard._owner, shard.store.beside(past_room(2))
        await owner.await_past(shard.under(OTHERS, version=2))
        room._shards[0] = shard.store._shards[0]  # it was begun
        await owner.await_past(shard.under(OTHERS, version=2))
        assert await room.progress(0) is not None
        await owner.await_past(shard.under(rulebook(open='latest("Opened", "format") == "pdf"'), version=2))
        assert await room.progress(0) is None
        assert owner.made is not None


async def test_nobody_waits_for_a_shard_to_take_rules_over_that_was_let_go_before_their_past_had_settled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or else all others of its worker would wait behind it, for as long as that runs."""
    shard, is_settled = OneShard(["Opened"]), asyncio.Event()

    async def settled(*_: object) -> None:
        await is_settled.wait()

    monkeypatch.setattr(ShardPast, "settled", settled)
    async with shard.owned():
        taking_over = asyncio.create_task(shard.take_over(OTHERS))
        await asyncio.sleep(0)
    is_settled.set()
    async with asyncio.timeout(60):
        await taking_over
    assert not shard.stands


async def test_it_is_told_again_and_again_that_events_wait_for_a_past(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shard, told = OneShard(["Opened", "Closed"]), "past under version 2 - events have waited for it for"
    async with shard.owned():
        await shard.fetch(1)
    shard._worker = shard.under(RULES, version=2)
    shard.store.beside(past_room(2))._shards[0] = shard.store._shards[0]  # it was begun

    async def for_ever(_: PastMaker) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(PastMaker, "_make", for_ever)
    monkeypatch.setattr(shard_past, "TOLD_EVERY_S", 0.001)
    owner = shard.owner()
    running = asyncio.create_task(owner.run())
    await until(lambda: caplog.text.count(told) >= 2)
    owner.leave()
    await running
