"""Quintiles over the profiles of two workers, on a clock that stands until it is told to move."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from streams.core.changes import Change
from streams.core.engine.shard import Shard
from streams.core.instants import HOUR_MS
from streams.core.profiles.snapshot import Head
from streams.core.scores.edges import EdgesSince
from streams.core.scores.quintiles import Populations, Quintiles
from streams.outputs.change import encode_change
from streams.state.opening import redis_store
from streams.testing import Record, decoded, instant, track
from tests.e2e.changes import by_user, told
from tests.e2e.clocked_worker import FileClock
from tests.e2e.pipeline import PARTITIONS, Pipeline, until

START_MS = instant("2026-01-05 09:40")
MINUTE_MS = 60_000
RFM = """\
scores: rfm
recency: idle_days
frequency: count(any)
monetary: mrr
method: quintiles
refresh: 1m
"""
USERS = [f"user-{number}" for number in range(120)]


@pytest.fixture
def clock(pipeline: Pipeline, tmp_path: Path) -> FileClock:
    pipeline.use({})
    (pipeline.settings.rules / "rfm.yaml").write_text(RFM)
    clock = FileClock(tmp_path / "clock")
    clock.set(START_MS)
    return clock


def happened(what: str, counts: Mapping[str, int]) -> list[Record]:
    """So many events of each user, in order of time; the newest of each are an hour apart."""
    newest_ms = {user: START_MS - place * HOUR_MS for place, user in enumerate(USERS, 1)}
    each_ms = [(newest_ms[user] - back * MINUTE_MS, user) for user in counts for back in range(counts[user])]
    return [track(user, "Signed In", at_ms, f"{what}-{place}") for place, (at_ms, user) in enumerate(sorted(each_ms))]


def refreshed(shard: Shard, now_ms: int) -> list[Change]:
    """What all profiles in one shard make of a refresh."""
    changes = shard.tick(now_ms)
    population, newest = Populations.of(*shard.measure("rfm", now_ms)), shard.quintiles("rfm")
    first = Quintiles.first("rfm", now_ms, population)
    shard.set_edges(first if newest is None else newest.refreshed(now_ms, population))
    return changes + shard.tick(now_ms)


def as_json(changes: Sequence[Change]) -> list[dict[str, Any]]:
    return [json.loads(encode_change(change)) for change in changes]


async def edges_of_shards(pipeline: Pipeline) -> list[Quintiles]:
    store = redis_store(pipeline.settings)
    shards = await store.shards.all()
    await store.close()
    return [EdgesSince.decode(Head.decode(shard.head).edges["rfm"]).newest for shard in shards.values()]


def test_two_workers_score_by_the_same_edges_as_if_all_profiles_were_in_one_shard(
    pipeline: Pipeline, clock: FileClock
) -> None:
    before = happened("before", {user: 3 + place % 7 for place, user in enumerate(USERS)})
    after = happened("after", dict.fromkeys(USERS[:60], 30))
    alone, worker = Shard(pipeline.rulebook), ("-m", "tests.e2e.clocked_worker", str(clock.file))
    changes = alone.step(decoded(pipeline.rulebook, before)) + refreshed(alone, START_MS)
    pipeline.publish(before)
    with pipeline.worker(*worker) as one, pipeline.worker(*worker) as other:
        assert told(pipeline, by_user(as_json(changes))) == by_user(as_json(changes))
        one.says("loaded", times=2)
        other.says("loaded", times=2)
        pipeline.publish(after)
        # Their time does not wait for what they have not heard of yet.
        until(lambda: sum(pipeline.committed()), len(before) + len(after), lambda: one.said() + other.said())
        clock.set(START_MS + MINUTE_MS)
        changes += alone.step(decoded(pipeline.rulebook, after)) + refreshed(alone, START_MS + MINUTE_MS)
        assert told(pipeline, by_user(as_json(changes))) == by_user(as_json(changes))
        assert (one.stop(), other.stop()) == (0, 0)
    newest = alone.quintiles("rfm")
    assert newest is not None
    assert newest.version == 2
    assert asyncio.run(edges_of_shards(pipeline)) == [newest] * PARTITIONS
    renamed = {change.subject for change in changes if change.occurred_at == START_MS + MINUTE_MS}
    assert renamed - set(USERS[:60]), "nobody was renamed to whom nothing happened"
