"""Workers that keep the quintile edges of one group, each with shards of its own."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import pytest

from streams.core.batch import Batch
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.instants import HOUR_MS
from streams.core.language.parser import parse_condition, parse_value
from streams.core.rules.rulebook import Edges, Rulebook, Scores
from streams.core.scores.consensus import GRACE_MS
from streams.core.scores.quintiles import Populations, Quintiles
from streams.core.scores.sketch import Sketch
from streams.errors import Unreachable
from streams.runtime import quintiles
from streams.runtime.quintiles import Refresher
from streams.state.collection import Collection
from streams.state.format import QUINTILES, SETTLED
from streams.state.memory import MemoryGroupStore
from streams.testing import ManualClock

# Nothing that time alone moves.
MRR, COUNT = parse_value("mrr"), parse_value("count(any)")
RULES = Rulebook((Scores("rfm", MRR, COUNT, MRR, version="1"),))
FIXED = Edges((1.0, 2.0, 3.0, 4.0), (1.0, 2.0, 3.0, 4.0), (1.0, 2.0, 3.0, 4.0))


@dataclass
class Ready:
    """A shard that is loaded; its time comes when it is told to."""

    shard: Shard
    settled_ms: int = 0


class Group:
    """Two shards, a worker for each, and what they share."""

    def __init__(self, rulebook: Rulebook = RULES):
        self.store = MemoryGroupStore()
        self.clock = ManualClock("2026-03-01 09:40")
        self.shards = [Ready(Shard(rulebook)), Ready(Shard(rulebook))]
        self.workers = [
            Refresher(lambda: rulebook, self.store, self.clock, partial(self.loaded, number)) for number in (0, 1)
        ]

    def loaded(self, number: int) -> dict[int, Ready]:
        return {number: self.shards[number]}

    def happen(self, shard: int, counts: Iterable[int]) -> None:
        """So many users, each so many times, an hour ago."""
        known = len(self.shards[shard].shard.table)
        users = [f"{shard}-{known + place}" for place, count in enumerate(counts) for _ in range(count)]
        at_ms = self.clock() - HOUR_MS
        self.shards[shard].shard.step(Batch.of([Event(user, at_ms, "A", True, None, {}, {}) for user in users]))

    def time_comes(self, *shards: int) -> None:
        for number in shards or (0, 1):
            self.shards[number].shard.tick(self.clock())
            self.shards[number].settled_ms = self.clock()

    async def refresh(self, *workers: int) -> None:
        for number in workers or (0, 1, 0, 1):
            await self.workers[number].refresh()

    @property
    def agreed(self) -> list[Quintiles | None]:
        return [each.shard.quintiles("rfm") for each in self.shards]


@pytest.fixture
async def group() -> Group:
    group = Group()
    await group.store.put(SETTLED, "partitions", b"2")
    group.happen(0, [1, 2, 3])
    group.happen(1, [4, 5])
    return group


async def test_where_redis_was_emptied_nobody_agrees_on_edges_by_a_part_of_the_shards(group: Group) -> None:
    group.store.__dict__.update(MemoryGroupStore().__dict__)
    group.time_comes()
    await group.refresh(0)
    assert group.agreed == [None, None]
    await group.store.put(SETTLED, "partitions", b"2")
    await group.refresh()
    assert None not in group.agreed


async def test_whoever_starts_with_profiles_has_edges_at_once_and_all_shards_the_same(group: Group) -> None:
    group.time_comes()
    await group.refresh()
    one, other = group.agreed
    assert one is not None
    assert one == other
    assert (one.version, one.at_ms, one.edges.f) == (1, group.clock(), (2.0, 3.0, 4.0, 5.0))


async def test_nothing_is_measured_again_before_the_next_refresh(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    group.time_comes()
    await group.refresh()
    monkeypatch.setattr(Shard, "measure", None)
    group.clock.advance("19m")
    group.time_comes()
    await group.refresh()
    group.clock.advance("1m")
    group.time_comes()
    with pytest.raises(TypeError):
        await group.refresh()


async def test_a_worker_that_starts_after_a_refresh_takes_what_was_agreed_on(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    group.time_comes()
    await group.refresh()
    monkeypatch.setattr(Shard, "measure", None)
    group.shards[1] = Ready(Shard(RULES))
    again = Refresher(lambda: RULES, group.store, group.clock, lambda: {1: group.shards[1]})
    group.time_comes(1)
    await again.refresh()
    assert group.agreed[1] == group.agreed[0]


async def test_a_refresh_does_not_hang_on_a_worker_that_does_nothing(group: Group) -> None:
    group.time_comes()
    await group.refresh(0)
    assert group.agreed == [None, None]
    group.clock.advance(f"{GRACE_MS // 1_000}s")
    await group.refresh(0)
    assert group.agreed[0] is not None


async def test_a_shard_that_is_behind_is_scored_by_the_edges_of_its_own_time(group: Group) -> None:
    group.time_comes(0)
    await group.refresh()
    group.clock.advance("1m")
    await group.refresh()
    assert group.agreed[0] is not None
    assert group.agreed[1] is None
    group.time_comes(1)
    await group.refresh(1)
    assert group.agreed[1] == group.agreed[0]


async def test_of_two_workers_that_agree_at_once_the_quicker_decides_for_both(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    group.time_comes()
    await group.refresh(0)
    replace = group.store.replace

    async def slowly(collection: Collection[str, bytes], name: str, was: bytes, now: bytes) -> bytes:
        monkeypatch.setattr(group.store, "replace", replace)
        group.clock.advance("1m")
        await group.workers[0].refresh()
        return await replace(collection, name, was, b"ours, which must not be kept")

    monkeypatch.setattr(group.store, "replace", slowly)
    await group.refresh(1)
    assert group.agreed[0] is not None
    assert group.agreed[0] == group.agreed[1]


async def test_new_edges_change_the_names_of_those_to_whom_nothing_happened(group: Group) -> None:
    group.time_comes()
    await group.refresh()
    group.time_comes()
    assert list(group.shards[1].shard.memberships("1-1")) == ["rfm/champions"]
    group.happen(0, [50] * 20)
    group.clock.advance("20m")
    group.time_comes()
    await group.refresh()
    changes = group.shards[1].shard.tick(group.clock())
    newest = group.agreed[1]
    assert newest is not None
    assert (newest.version, newest.at_ms) == (2, group.clock())
    assert [(c.subject, c.previous, c.cause, c.occurred_at) for c in changes if c.subject == "1-1"] == [
        ("1-1", "rfm/champions", "timer", newest.at_ms)
    ]


async def test_workers_with_other_rules_score_by_edges_of_their_own(group: Group) -> None:
    group.time_comes()
    await group.refresh()
    other = Rulebook((Scores("rfm", MRR, parse_value("2 * count(any)"), MRR, version="2"),))
    ready = Ready(Shard(other))
    users = "ann bob bob cid cid cid dan dan dan dan eve eve eve eve eve".split()
    ready.shard.step(Batch.of([Event(user, group.clock(), "A", True, None, {}, {}) for user in users]))
    ready.settled_ms = group.clock()
    worker = Refresher(lambda: other, group.store, group.clock, lambda: {1: ready})
    await worker.refresh()
    assert ready.shard.quintiles("rfm") is None
    group.clock.advance("1m")
    await worker.refresh()
    found = ready.shard.quintiles("rfm")
    assert found is not None
    assert found.edges.f == (4.0, 6.0, 8.0, 10.0)
    assert sorted(await group.store.read(QUINTILES)) == ["rfm 1", "rfm 2"]


async def test_profiles_are_measured_in_slices_all_of_them_once(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    shard, at_ms = group.shards[0].shard, group.clock()
    monkeypatch.setattr(quintiles, "SLICE", 2)
    assert await quintiles.measured(shard, "rfm", at_ms) == Populations.of(*shard.measure("rfm", at_ms))


async def test_those_who_are_scored_are_measured_though_nobody_of_the_first_slice_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    often = parse_condition("count(any) >= 3")
    group = Group(Rulebook((Scores("rfm", MRR, COUNT, MRR, version="1", among=often),)))
    group.happen(0, (1, 1, 2, 3, 9))
    monkeypatch.setattr(quintiles, "SLICE", 2)
    assert (await quintiles.measured(group.shards[0].shard, "rfm", group.clock())).f == Sketch((3.0, 9.0), (1, 1))


async def test_fixed_edges_need_no_store() -> None:
    group = Group(Rulebook((Scores("rfm", MRR, COUNT, MRR, FIXED, version="1"),)))
    group.time_comes()
    await group.refresh()
    assert await group.store.read(QUINTILES) == {}


async def test_while_redis_is_away_edges_stay_and_it_is_told_once(
    group: Group, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(*_: object) -> bytes:
        raise Unreachable("Redis at r:1 does not answer")

    group.time_comes()
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(group.store, "put", away)
        await group.refresh(0, 0, 0)
    assert [each.message for each in caplog.records] == [
        "worker - quintile edges stay as they are: Redis at r:1 does not answer"
    ]
    await group.refresh()
    assert group.agreed[0] is not None
