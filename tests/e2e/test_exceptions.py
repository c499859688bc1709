"""A fault of ours anywhere on the way ends the worker, with a word that says where: no shard goes silent."""

import asyncio
import logging
from contextlib import suppress
from typing import Any

import pytest
from aiokafka.admin import NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError

from streams.core.engine.shard import Shard
from streams.core.identities.identities import Identities
from streams.errors import InternalError, SegmenterError, UsageError
from streams.observed.recorder import Recorder
from streams.runtime import agents, app, running, shard_lifecycle
from streams.runtime.app import create_app
from streams.runtime.assignment import Assignment
from streams.runtime.checkpoints import starting
from streams.runtime.checkpoints.checkpoint import Checkpoints
from streams.runtime.checkpoints.pending import Pending
from streams.runtime.counters import Counters
from streams.runtime.intake.intake import Intake
from streams.runtime.monitor import Monitor
from streams.runtime.quintiles import Refresher
from streams.runtime.running import LeftBehind, run
from streams.runtime.transport import transport
from streams.runtime.transport.fetching import ConsumerThread
from streams.runtime.transport.producing import Producer
from streams.runtime.transport.transport import Consumer
from streams.state.memory import MemoryShardStore, MemoryStore
from streams.state.store import Store
from streams.testing import to_bytes, track
from tests.e2e.histories import NEWEST_MS
from tests.e2e.pipeline import PARTITIONS, WITHIN_S, Pipeline, Seen
from tests.e2e.topics import create

HOPS: list[tuple[Any, str]] = [
    (app, "prepare"),
    (app, "compile_engine"),
    (Assignment, "let_go"),
    (Assignment, "assigned"),
    (shard_lifecycle, "claim"),
    (starting, "where_to_begin"),
    (Consumer, "start_reading"),
    (ConsumerThread, "_start_reading"),
    (ConsumerThread, "_fetch"),
    (ConsumerThread, "_look"),
    (transport, "_message"),
    (Assignment, "receive"),
    (Intake, "receive"),
    (Intake, "take"),
    (Recorder, "read"),
    (Identities, "sort"),
    (Shard, "step"),
    (Pending, "add"),
    (Pending, "snapshot"),
    (Checkpoints, "write"),
    (MemoryShardStore, "save"),
    (Producer, "publish"),
    (MemoryShardStore, "mark_published"),
    (Consumer, "may_commit"),
    (Consumer, "force_commit"),
    (ConsumerThread, "_commit"),
    (Assignment, "tick"),
    (Consumer, "ends"),
    (ConsumerThread, "ends"),
    (Shard, "tick"),
    (Monitor, "look"),
    (Counters, "summary"),
    (Recorder, "note"),
    (Refresher, "refresh"),
]


class Thrown(ValueError):
    """What nobody expects."""


def throw(*_: object, **__: object) -> None:
    raise Thrown("what it says may be private")


@pytest.mark.parametrize(("where", "hop"), HOPS, ids=[f"{where.__name__}.{hop}" for where, hop in HOPS])
async def test_an_exception_ends_the_worker(
    where: Any, hop: str, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await publish_three(pipeline)
    monkeypatch.setattr(agents, "SUMMARY_EVERY_S", 0.2)
    monkeypatch.setattr(agents, "NOTE_EVERY_S", 0.2)
    monkeypatch.setattr(where, hop, throw)
    with pytest.raises(InternalError, match=r"Thrown < (retry\.py:\d+ < )?runtime/") as info:
        async with asyncio.timeout(WITHIN_S):
            await live(pipeline)
    assert "what it says may be private" not in str(info.value) + caplog.text


async def test_an_exception_while_it_ends_does_not_keep_it_from_its_end(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "streams")
    stopping = asyncio.Event()
    running = asyncio.create_task(live(pipeline, stopping=stopping))
    async with asyncio.timeout(WITHIN_S):
        while "loaded" not in caplog.text:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.05)
        monkeypatch.setattr(Assignment, "let_go", throw)
        stopping.set()
        await running
    assert "letting go of shards - failed: Thrown" in caplog.text


# Where Kafka is asked.
ASKED: list[tuple[Any, str]] = [
    (app, "ensure"),
    (starting, "where_to_begin"),
    (Consumer, "start_reading"),
    (ConsumerThread, "_fetch"),
    (Producer, "publish"),
    (Consumer, "ends"),
    (Consumer, "force_commit"),
]


@pytest.mark.parametrize(("where", "hop"), ASKED, ids=[f"{where.__name__}.{hop}" for where, hop in ASKED])
async def test_what_kafka_refuses_for_good_ends_the_worker_with_what_to_do(
    where: Any, hop: str, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish_three(pipeline)

    async def refuse(*_: object, **__: object) -> None:
        raise TopicAuthorizationFailedError("product-events")

    monkeypatch.setattr(where, hop, refuse)
    with pytest.raises(UsageError, match="the broker does not let us use a topic: allow our user to describe"):
        async with asyncio.timeout(WITHIN_S):
            await live(pipeline)


async def test_a_topic_that_takes_no_record_so_long_ends_the_worker_with_what_to_do(pipeline: Pipeline) -> None:
    too_short = NewTopic(
        pipeline.settings.topic("segment-changes"), PARTITIONS, 1, topic_configs={"max.message.bytes": "99"}
    )
    await create(pipeline.settings.kafka, too_short)
    await publish_three(pipeline)
    with pytest.raises(
        UsageError, match=r"publishing to .*-segment-changes: the broker takes no record that is so long"
    ):
        async with asyncio.timeout(WITHIN_S):
            await live(pipeline)


async def test_what_passes_is_waited_for_wherever_kafka_is_asked(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish_three(pipeline)
    monkeypatch.setattr(running, "START_AGAIN_AFTER_S", 0.1)
    failed: set[str] = set()
    for where, hop in ASKED:
        monkeypatch.setattr(where, hop, failing_once(getattr(where, hop), hop, failed))
    stopping = asyncio.Event()
    worker = asyncio.create_task(lives(pipeline, stopping))

    def all_is_said(seen: list[Seen]) -> bool:
        return len(failed) == len(ASKED) and {each.json["segment"] for each in seen} >= {"active", "reporter"}

    await pipeline._read("segment-changes", all_is_said)
    stopping.set()
    async with asyncio.timeout(WITHIN_S):
        await worker


def failing_once(works: Any, hop: str, failed: set[str]) -> Any:
    async def asked(*arguments: Any, **named: Any) -> Any:
        if hop not in failed:
            failed.add(hop)
            raise KafkaConnectionError("away")
        return await works(*arguments, **named)

    return asked


async def test_an_error_in_kafkas_client_before_it_has_shards_has_the_worker_begin_anew(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """aiokafka ends its part in the group and tells its own log alone."""
    caplog.set_level(logging.INFO, "streams")
    monkeypatch.setattr(running, "START_AGAIN_AFTER_S", 0.1)
    joined, failed = GroupCoordinator.ensure_active_group, asyncio.Event()

    async def failing_at_first(*arguments: Any) -> Any:
        if not failed.is_set():
            failed.set()
            raise AssertionError
        return await joined(*arguments)

    monkeypatch.setattr(GroupCoordinator, "ensure_active_group", failing_at_first)
    stopping = asyncio.Event()
    worker = asyncio.create_task(lives(pipeline, stopping))
    await said("owns shards", caplog)
    assert failed.is_set()
    assert "reading from Kafka - failed: " in caplog.text
    stopping.set()
    async with asyncio.timeout(WITHIN_S):
        await worker


async def test_a_group_whose_leader_did_not_see_the_topics_is_balanced_anew_once_it_does(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As where Kafka's only broker has just begun, and is asked for the cluster before it counts as one."""
    caplog.set_level(logging.INFO, "streams")
    assigned, asked = GroupCoordinator._perform_assignment, AIOKafkaClient._metadata_update
    is_blind, was_blind = asyncio.Event(), asyncio.Event()

    async def assign(coordinator: Any, response: Any) -> Any:
        if was_blind.is_set():
            return await assigned(coordinator, response)
        was_blind.set()
        is_blind.set()
        coordinator._cluster._partitions.clear()
        try:
            return await assigned(coordinator, response)
        finally:
            is_blind.clear()

    async def ask(*arguments: Any) -> Any:
        return False if is_blind.is_set() else await asked(*arguments)

    monkeypatch.setattr(GroupCoordinator, "_perform_assignment", assign)
    monkeypatch.setattr(AIOKafkaClient, "_metadata_update", ask)
    stopping = asyncio.Event()
    worker = asyncio.create_task(lives(pipeline, stopping))
    await said("owns shards 0, 1, 2, 3", caplog)
    assert "owns shards none" in caplog.text
    stopping.set()
    async with asyncio.timeout(WITHIN_S):
        await worker


async def live(pipeline: Pipeline, store: Store | None = None, stopping: asyncio.Event | None = None) -> None:
    """A worker, which ends as its process does: parts that could not stop in time, as where the machine stands still,
    are left behind, and it says why it had to end."""
    try:
        await run(lambda: create_app(pipeline.settings, store or MemoryStore()), stopping or asyncio.Event())
    except LeftBehind as left:
        if left.failure is not None:
            raise running._ours(left.failure) from left


async def lives(pipeline: Pipeline, stopping: asyncio.Event) -> None:
    """One after another, as whatever watches the process starts it again."""
    store = MemoryStore()
    while not stopping.is_set():
        with suppress(SegmenterError):
            await live(pipeline, store, stopping)


async def said(text: str, caplog: pytest.LogCaptureFixture) -> None:
    """Wait until the log has it: whoever logs wakes nobody."""
    async with asyncio.timeout(WITHIN_S):
        while text not in caplog.text:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.05)


async def publish_three(pipeline: Pipeline) -> None:
    records = [track("ann", "Report Viewed", NEWEST_MS + number, f"m-{number}") for number in range(3)]
    await pipeline._publish(("product-events", "ann", to_bytes(record)) for record in records)
