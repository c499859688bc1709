"""What the next owner of a shard makes of what it finds."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.core.compiler.catalog import Catalog
from streams.core.engine.shard import Shard
from streams.core.rules.rulebook import Rulebook
from streams.errors import StateLost, Unreachable
from streams.kafka.message import Message
from streams.outputs.change import decode_change
from streams.outputs.messages import Outputs
from streams.runtime import shard_loop
from streams.runtime.assignment import Assignment
from streams.runtime.counters import Counters
from streams.runtime.fetching import Fetched, Membership
from streams.runtime.past import PastMaker
from streams.runtime.resumable import Resumable
from streams.runtime.shard_lifecycle import ShardLifecycle
from streams.runtime.shard_work import ShardWork
from streams.settings import Settings
from streams.sources import Decoder
from streams.state.fencing import Held
from streams.state.format import FORMAT, ROWS, TIMELINE, past_room
from streams.state.memory import MemoryShardStore
from streams.testing import instant, to_bytes, track
from tests.anytime import ANY_TIME
from tests.rulebooks import rulebook
from tests.runtime.records import Read

INPUT = TP("product-events", 0)
NOON = instant("2026-03-01 12:00")
RULES = rulebook(open='count("Opened") > count("Closed")')
OTHERS = rulebook(open='count("Opened") > count("Closed")', plenty='count("Opened") >= 2 and missing(plan)')


class Around:
    """All that is around the owners of a shard, one after another: its input, what is stored, and what they publish.

    stands: of each message about Ann's memberships its version, and whether she is in a segment.
    """

    def __init__(self, names: Sequence[str], **set_to: object) -> None:
        """set_to: settings."""
        self.store = MemoryShardStore()
        self.now_ms = NOON
        self.stands: list[tuple[int, bool]] = []
        self.published: dict[str, list[Message]] = defaultdict(list)
        self._committed: dict[TP, int] = {}
        self.while_loading: Callable[[], None] = lambda: None
        self.while_publishing: Callable[[], None] = lambda: None
        self.while_asking: Callable[[], None] = lambda: None
        self.kept: list[MemoryShardStore] = []
        self._log = [Read(i, NOON, b"ann", to_bytes(track("ann", name, NOON + i))) for i, name in enumerate(names)]
        self._next = self._reading = 0
        self.membership = Membership(0, "us")
        settings = Settings.from_environment({}, **set_to)
        self._worker: Any = SimpleNamespace(
            settings=settings,
            rulebook=RULES,
            store=self.store,
            clock=lambda: self.now_ms,
            consumer=self,
            producer=self,
            decoder=Decoder(Catalog(RULES).reads, ANY_TIME),
            outputs=Outputs(settings),
            counters=Counters(),
            recorder=self,
            partitions=1,
            version=0,
        )

    def under(self, rules: Rulebook, version: int = 0) -> Any:
        """The worker, once it runs other rules."""
        reads = Decoder(Catalog(rules).reads, ANY_TIME)
        return SimpleNamespace(**vars(self._worker) | {"rulebook": rules, "decoder": reads, "version": version})

    async def take_over(self, rules: Rulebook) -> None:
        """While it works; what differs is saved when this returns."""
        await self._owner.take_over(self.under(rules))

    def owner(self, left: Resumable | None = None) -> ShardLifecycle:
        """To whom the group gives the shard now."""
        self.membership = Membership(self.membership.generation + 1, "us")
        return ShardLifecycle(self._worker, 0, [INPUT], self.membership, left)

    @asynccontextmanager
    async def owned(self, left: Resumable | None = None) -> Any:
        """The shard has an owner, who lets it go in the end. left: what it has of it already."""
        self._owner = self.owner(left)
        running = asyncio.create_task(self._owner.run())
        await until(lambda: self._owner.loaded is not None)
        yield
        self._owner.leave()
        await running

    async def fetch(self, stop: int) -> None:
        """A fetch brings the records below `stop`, by which Ann changes; she has been published when this returns."""
        count, records = len(self.stands), self._log[self._next : stop]
        self._owner.receive(Fetched(INPUT, self._reading, self._next, records, stop, stop, caught_up=True))
        self._next = stop
        await until(lambda: len(self.stands) > count)

    async def bring(self, stop: int) -> None:
        """The same, and what comes of it is saved when this returns."""
        self._owner.receive(
            Fetched(
                *(INPUT, self._reading, self._next, self._log[self._next : stop], stop, stop),
                caught_up=stop == len(self._log),
            )
        )
        self._next = stop
        await until(lambda: self.store._shards[0].positions.get(INPUT.topic) == stop)

    async def time_comes(self) -> None:
        """Time comes, after all that the input holds; what comes of it is saved when this returns."""
        assert self._owner.loaded is not None
        self._owner.loaded.time_came(self.now_ms, {INPUT.topic: self._next})
        await until(lambda: not self.rebuilds)

    @property
    def left(self) -> Resumable:
        """What the last owner left."""
        assert self._owner.left is not None
        return self._owner.left

    @property
    def loaded(self) -> Shard:
        assert self._owner.loaded is not None
        return self._owner.loaded.shard

    def lose(self) -> None:
        """All that was stored."""
        self.store.__dict__.update(MemoryShardStore().__dict__)
        self.now_ms += 1_000

    @property
    def rebuilds(self) -> bool:
        return self.store._shards[0].rebuilds

    async def earliest_offsets(self, *tps: TP) -> dict[TP, int]:
        self.while_loading()
        return dict.fromkeys(tps, 0)

    async def ends(self, positions: object) -> dict[TP, int]:
        return {}

    async def committed(self, tps: Iterable[TP]) -> dict[TP, int | None]:
        return {tp: self._committed.get(tp) for tp in tps}

    def may_commit(self, offsets: dict[TP, int]) -> None:
        self._committed |= offsets

    @asynccontextmanager
    async def reading_back(self, tp: TP) -> Any:
        async def batches() -> Any:
            yield self.published[tp.topic]

        yield 0, batches()

    async def start_reading(self, offsets: dict[TP, int]) -> int:
        self._reading += 1
        self._next = offsets[INPUT]
        return self._reading

    async def publish(self, topic: str, shard: int, messages: Sequence[Message]) -> None:
        self.while_publishing()
        self.published[topic] += messages
        if topic == "segment-memberships":
            said = [json.loads(message.value or b"") for message in messages]
            self.stands += [(each["version"], bool(each["segments"])) for each in said]

    async def commit(self) -> None: ...

    async def is_current(self, membership: Membership) -> bool:
        self.while_asking()
        return membership == self.membership

    def read(self, events: object, records: object) -> None: ...

    def stop_reading(self, tps: object) -> None: ...


def occurred_at(change: Message) -> int:
    return decode_change(change.value or b"").occurred_at


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.001)


async def test_versions_grow_although_redis_lost_the_last_checkpoints() -> None:
    """A backlog is cut into fewer checkpoints than it was at first, so that their numbers alone would fall behind."""
    around = Around(["Opened", "Closed", "Opened", "Closed", "Opened"])
    async with around.owned():
        await around.fetch(1)
    kept = deepcopy(around.store)
    async with around.owned():
        for stop in (2, 3, 4):
            await around.fetch(stop)
    assert [is_in for _, is_in in around.stands] == [True, False, True, False]
    around.store.__dict__.update(kept.__dict__)
    around.now_ms += 1_000
    async with around.owned():
        await around.fetch(5)
    assert around.stands == sorted(around.stands)
    assert around.stands[-1][1]
    assert len({version for version, _ in around.stands}) == 5


async def test_versions_grow_although_what_is_published_again_is_older_than_what_was_said() -> None:
    """Redis comes back as it was when the first change was saved, and had not been published."""
    around = Around(["Opened", "Closed", "Opened"])
    async with around.owned():
        around.while_publishing = lambda: around.kept.append(deepcopy(around.store))
        for stop in (1, 2):
            await around.fetch(stop)
    around.store.__dict__.update(around.kept[0].__dict__)
    around.now_ms += 1_000
    async with around.owned():
        assert [is_in for _, is_in in around.stands] == [True, False, True]
        await around.fetch(3)
    assert around.stands == sorted(around.stands)
    assert len({version for version, _ in around.stands}) == len(around.stands)


async def test_a_state_that_was_lost_is_made_anew_and_says_only_what_had_not_been_said() -> None:
    around = Around(["Opened", "Closed", "Opened", "Closed"])
    async with around.owned():
        for stop in (1, 2, 3):
            await around.fetch(stop)
    del around.published["segment-changes"][1], around.published["segment-memberships"][1:]
    around.lose()
    async with around.owned():
        await around.bring(3)
        assert [occurred_at(change) for change in around.published["segment-changes"]] == [NOON, NOON + 2, NOON + 1]
        assert [is_in for _, is_in in around.stands[3:]] == [True]
        await around.time_comes()
        await around.fetch(4)
    assert [occurred_at(change) for change in around.published["segment-changes"]][3:] == [NOON + 3]
    assert [is_in for _, is_in in around.stands[3:]] == [True, False]
    assert around.stands == sorted(around.stands)


async def test_where_a_user_stands_is_said_although_the_change_had_been_said() -> None:
    """Redis was lost when the change was published, and where its user stands was not."""
    around = Around(["Opened", "Closed"])
    async with around.owned():
        for stop in (1, 2):
            await around.fetch(stop)
    said = around.stands.pop()
    del around.published["segment-memberships"][1:]
    around.lose()
    async with around.owned():
        await around.bring(1)
        await around.fetch(2)
    assert [is_in for _, is_in in around.stands] == [True, False]
    assert around.stands[-1] > said
    assert len(around.published["segment-changes"]) == 2


async def test_a_state_that_is_made_anew_goes_on_with_it_after_a_crash_until_it_has_caught_up() -> None:
    around = Around(["Opened", "Closed", "Opened", "Closed"])
    async with around.owned():
        for stop in (1, 2, 3, 4):
            await around.fetch(stop)
    said = [*around.stands]
    around.lose()
    for stop in (1, 2, 4):
        async with around.owned():
            await around.bring(stop)
        assert around.rebuilds
        assert around._owner.left is None, "what need not be said again is no part of what is left"
    async with around.owned():
        await around.time_comes()
    assert not around.rebuilds
    assert around.stands == said
    assert len(around.published["segment-changes"]) == 4


async def test_other_rules_are_taken_over_as_a_restart_takes_them() -> None:
    """The same changes with the same ids; what was published, and what is stored."""
    names = ["Opened", "Closed", "Opened", "Opened", "Closed"]
    running, restarted = Around(names), Around(names)
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
    assert [decode_change(value or b"").cause for value in told[0]][3:] == ["rule_change"]
    stored = [each.store._shards[0] for each in (running, restarted)]
    assert stored[0].contents[ROWS] == stored[1].contents[ROWS]
    assert stored[0].positions == stored[1].positions


async def test_what_was_fetched_before_other_rules_came_is_read_as_they_read_it() -> None:
    """A property that only they ask for."""
    around = Around(["Opened", "Closed"])
    asks = rulebook(open='latest("Opened", "format") == "pdf"')
    around._log[0] = Read(0, NOON, b"ann", to_bytes(track("ann", "Opened", NOON, format="pdf")))
    async with around.owned():
        around._owner.loaded._leaving = True  # type: ignore[union-attr]  # it applies nothing any more
        around._owner.receive(Fetched(INPUT, around._reading, 0, around._log[:1], 1, 1, caught_up=True))
        await around.take_over(asks)
        await around.bring(2)
    assert [is_in for _, is_in in around.stands] == [True]


async def test_of_rules_that_come_while_others_are_loaded_the_last_are_run() -> None:
    around = Around(["Opened", "Opened"])
    worker, last = around.under(RULES), around.under(OTHERS)
    owner = around._owner = around.owner()
    takes: list[asyncio.Task[None]] = []

    def twice() -> None:
        if len(takes) < 2:
            takes.append(asyncio.create_task(owner.take_over([worker, last][len(takes)])))

    around.while_loading = twice
    running = asyncio.create_task(owner.run())
    await until(lambda: len(takes) == 2 and takes[1].done())
    assert owner.runs_under(last)
    await around.bring(2)
    owner.leave()
    await asyncio.gather(running, *takes)
    assert [is_in for _, is_in in around.stands] == [True]
    assert b"plenty" in around.published["segment-changes"][-1].value  # type: ignore[operator]


async def test_who_is_told_to_leave_while_other_rules_come_leaves() -> None:
    around = Around(["Opened"])
    async with around.owned():
        taking_over = asyncio.create_task(around.take_over(OTHERS))
        await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await taking_over


async def test_who_is_told_to_leave_while_loading_leaves() -> None:
    """Or else the group would wait for the shard as long as it waits for any."""
    around = Around([])
    owner = around.owner()
    around.while_loading = owner.leave
    async with asyncio.timeout(60):
        await owner.run()
    assert around.stands == []


async def test_others_go_on_while_a_shard_is_made_of_what_was_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shard of millions takes longer than Kafka waits for a heartbeat, which comes from the same event loop."""
    around = Around(["Opened"])
    async with around.owned():
        await around.fetch(1)
    turns: list[str] = []

    def in_slices(*_: object) -> Iterator[None]:
        for _slice in range(3):
            asyncio.get_running_loop().call_soon(turns.append, "other")
            turns.append("slice")
            yield

    monkeypatch.setattr(Shard, "finish", in_slices)
    async with around.owned():
        assert turns == ["slice", "other"] * 3


async def test_a_shard_that_comes_back_goes_on_as_it_was_and_reads_again_what_was_not_saved() -> None:
    around = Around(["Opened", "Closed", "Opened"])
    async with around.owned():
        await around.fetch(1)
        loaded = around.loaded
        around._owner.loaded._leaving = True  # type: ignore[union-attr]  # it applies nothing any more
        around._owner.receive(Fetched(INPUT, around._reading, 1, around._log[1:2], 2, 2, caught_up=True))
    assert around._next == 1
    epoch = around.left.epoch
    async with around.owned(around.left):
        assert around.loaded is loaded
        assert around._owner.left is None, "it is one from now on, and will not be what it was"
        assert (await around.store.owner(0) or 0) > epoch, "what is on its way by the old claim would be taken"
        await around.fetch(2)
        await around.fetch(3)
    assert [is_in for _, is_in in around.stands] == [True, False, True]
    assert around.stands == sorted(around.stands)
    stored, kept = around.store._shards[0], around.left
    assert dict(stored.contents[ROWS]) == dict(rows_of(kept.shard))
    assert (stored.held.epoch, stored.held.number, stored.positions) == (kept.epoch, kept.number, kept.positions)


def rows_of(shard: Shard) -> list[tuple[str, bytes]]:
    """All its profiles, as a checkpoint would write them."""
    shard.table.memory.dirty[: len(shard.table)] = 1
    return shard.take_dirty().rows


async def test_a_shard_that_another_had_meanwhile_is_loaded() -> None:
    around = Around(["Opened", "Closed", "Opened"])
    async with around.owned():
        await around.fetch(1)
    left = around.left
    async with around.owned():
        await around.fetch(2)
    async with around.owned(left):
        assert around.loaded is not left.shard
        assert around._next == 2
        await around.fetch(3)
    assert [is_in for _, is_in in around.stands] == [True, False, True]


async def test_a_shard_of_which_redis_lost_the_last_checkpoint_is_loaded() -> None:
    """The claim is there still: it is older."""
    around = Around(["Opened", "Closed"])
    async with around.owned():
        await around.fetch(1)
        kept = deepcopy(around.store)
        await around.fetch(2)
    left = around.left
    around.store.__dict__.update(kept.__dict__)
    around.now_ms += 1_000
    assert around.store._shards[0].held.epoch == left.epoch
    async with around.owned(left):
        assert around.loaded is not left.shard
        assert around._next == 1
        await around.fetch(2)
    assert around.stands == sorted(around.stands)


@pytest.mark.parametrize("stays_in_memory", [False, True])
async def test_a_shard_whose_records_are_gone_ends_with_word_and_is_not_loaded_again(
    stays_in_memory: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def earliest_offsets(*tps: TP) -> dict[TP, int]:
        return dict.fromkeys(tps, 2)

    around = Around(["Opened", "Opened"])
    async with around.owned():
        await around.bring(1)
    monkeypatch.setattr(around, "earliest_offsets", earliest_offsets)
    with pytest.raises(StateLost, match="the records from offset 1 up to 2 are gone"):
        async with asyncio.timeout(60):
            await around.owner(around.left if stays_in_memory else None).run()


async def test_a_shard_under_other_rules_is_loaded() -> None:
    around = Around(["Opened", "Opened"])
    async with around.owned():
        await around.bring(1)
    around._worker = around.under(OTHERS)
    async with around.owned(around.left):
        await around.bring(2)
    assert b"plenty" in around.published["segment-changes"][-1].value  # type: ignore[operator]


async def test_of_a_shard_whose_last_checkpoint_was_not_taken_nothing_is_left() -> None:
    around = Around(["Opened"])
    async with around.owned():
        await around.bring(1)
        around.store._shards[0].held = Held(FORMAT, 1 << 60, 1)  # another has claimed it
        assert around._owner.loaded is not None
        around._owner.loaded.shard.time_ms += 1
    assert around._owner.left is None


async def test_of_a_shard_whose_last_checkpoint_is_not_public_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next owner is to publish what Redis alone has."""
    around = Around(["Opened", "Closed"])

    def refuse() -> None:
        raise Unreachable("Kafka does not answer")

    async with around.owned():
        await around.fetch(1)
        monkeypatch.setattr(shard_loop, "WRITTEN_WITHIN_S", 0.05)
        around.while_publishing = refuse
        around._owner.receive(Fetched(INPUT, around._reading, 1, around._log[1:], 2, 2, caught_up=True))
        await until(lambda: around.store._shards[0].positions[INPUT.topic] == 2)
    around.while_publishing = lambda: None
    async with around.owned(around._owner.left):
        await until(lambda: len(around.stands) == 2)
    assert [is_in for _, is_in in around.stands] == [True, False]


async def test_of_a_shard_with_profiles_that_other_rules_wrote_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are in no checkpoint as they are in memory."""
    around = Around(["Opened", "Opened"])
    async with around.owned():
        await around.bring(2)
    around._worker = around.under(OTHERS)
    monkeypatch.setattr(ShardWork, "_migrate", lambda _: False)  # its turn does not come
    async with around.owned():
        assert around.loaded.is_stale
    assert around._owner.left is None
    monkeypatch.undo()
    async with around.owned(around._owner.left):
        await until(lambda: len(around.stands) == 2)
    assert b"plenty" in around.published["segment-changes"][-1].value  # type: ignore[operator]


async def test_a_shard_that_kafka_has_given_to_another_is_not_claimed_back() -> None:
    around = Around(["Opened"])
    async with around.owned():
        await around.fetch(1)
    left, zombie = around.left, around.owner(around.left)
    around.membership = Membership(around.membership.generation + 1, "another")
    async with asyncio.timeout(60):
        await zombie.run()
    assert around.store._shards[0].held.epoch == left.epoch


async def test_a_shard_that_somebody_claims_while_we_claim_it_back_is_loaded() -> None:
    """A zombie, which asked Kafka before the shard was given to us."""
    around = Around(["Opened", "Closed"])
    async with around.owned():
        await around.fetch(1)
    left = around.left

    def claim_it() -> None:
        around.while_asking = lambda: None
        around.store._shards[0].held = around.store._shards[0].held._replace(epoch=left.epoch + 1)

    around.while_asking = claim_it
    async with around.owned(left):
        assert around.loaded is not left.shard
        await around.fetch(2)
    assert [is_in for _, is_in in around.stands] == [True, False]


async def test_versions_grow_although_redis_lost_what_another_did_meanwhile() -> None:
    """So that what we have is what Redis has again, and what was published since is of neither."""
    around = Around(["Opened", "Closed"])
    async with around.owned():
        await around.fetch(1)
    left, kept = around.left, deepcopy(around.store)
    around.now_ms += 1_000
    async with around.owned():
        await around.fetch(2)
    around.store.__dict__.update(kept.__dict__)
    around.now_ms += 1_000
    async with around.owned(left):
        assert around.loaded is left.shard
        await around.fetch(2)
    assert [is_in for _, is_in in around.stands] == [True, False, False]
    assert around.stands == sorted(around.stands)


async def test_of_a_shard_that_comes_back_as_much_is_kept_as_the_settings_say() -> None:
    around = Around(["Opened", "Closed", "Opened"], timeline=1)
    async with around.owned():
        await around.fetch(1)
    async with around.owned(around.left):
        await around.fetch(2)
        await around.fetch(3)
    assert len(await around.store.entries(0, TIMELINE, "ann")) == 1


async def test_a_shard_goes_on_where_nobody_needs_the_past_any_more_that_it_waits_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All shards have taken the version over, this one by who had it before."""
    around = Around(["Opened", "Closed"])
    async with around.owned():
        await around.fetch(1)
    around._worker = around.under(RULES, version=2)
    around.store.beside(past_room(2))._shards[0] = around.store._shards[0]  # it was begun
    is_made = asyncio.Event()

    async def for_ever(_: PastMaker) -> None:
        is_made.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(PastMaker, "_make", for_ever)
    owner = around._owner = around.owner()
    running = asyncio.create_task(owner.run())
    await is_made.wait()
    await owner.forget_past(2)
    await until(lambda: owner.loaded is not None or running.done())
    await around.fetch(2)
    owner.leave()
    await running
    assert [is_in for _, is_in in around.stands] == [True, False]


async def test_a_shard_whose_task_is_ended_by_nobody_who_may_ends_the_worker() -> None:
    around = Around(["Opened"])
    failed = asyncio.Queue[str]()

    async def fail(subject: str, error: Exception) -> None:
        failed.put_nowait(f"{subject}: {error}")

    assignment = Assignment(around._worker, fail)
    assignment.assigned([INPUT])
    await until(lambda: bool(assignment.loaded()))
    [(_, task)] = assignment._owners.values()
    task.cancel()
    async with asyncio.timeout(60):
        assert await failed.get() == "shard 0: what it waited for was given up"
    await assignment.drop()
    assert failed.empty()


async def test_shards_stay_in_memory_while_the_group_is_balanced_anew() -> None:
    around = Around(["Opened"])
    failed: list[Exception] = []

    async def fail(_: str, error: Exception) -> None:
        failed.append(error)

    assignment = Assignment(around._worker, fail)
    assignment.assigned([INPUT])
    await until(lambda: bool(assignment.loaded()))
    before = assignment.loaded()[0].shard
    for _ in range(2):
        await assignment.let_go()
        around.membership = Membership(around.membership.generation + 1, "us")
        assignment.assigned([INPUT])
        await until(lambda: bool(assignment.loaded()))
        assert assignment.loaded()[0].shard is before
    await assignment.drop()
    assert not failed


async def test_a_shard_that_is_not_given_back_when_the_group_is_balanced_anew_does_not_stay_in_memory() -> None:
    around = Around(["Opened"])

    async def fail(_: str, error: Exception) -> None:
        raise error

    assignment = Assignment(around._worker, fail)
    assignment.assigned([INPUT])
    await until(lambda: bool(assignment.loaded()))
    before = assignment.loaded()[0].shard
    for given in ([], [INPUT]):
        await assignment.let_go()
        around.membership = Membership(around.membership.generation + 1, "us")
        assignment.assigned(given)
    await until(lambda: bool(assignment.loaded()))
    assert assignment.loaded()[0].shard is not before
    await assignment.drop()
