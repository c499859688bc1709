"""A worker that begins anew inside its process, again and again."""

import asyncio
import gc
from pathlib import Path

import pytest
from aiokafka.errors import KafkaConnectionError

from streams.runtime import running
from streams.runtime.app import create_app
from streams.runtime.assignment import Assignment
from streams.runtime.running import run
from streams.state.opening import redis_store
from tests.e2e.pipeline import WITHIN_S, Pipeline

LIVES = 4
OPEN_FILES = Path("/proc/self/fd")


def sockets() -> int:
    """How many this process has open."""
    return sum(each.is_socket() for each in OPEN_FILES.iterdir())


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="Linux alone says which files are open")
async def test_a_life_that_ends_leaves_no_connection_behind(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping, lives = asyncio.Event(), 0
    gc.collect()  # of tests before
    tick, before = Assignment.tick, sockets()

    def failing_tick(assignment: Assignment) -> None:
        tick(assignment)
        if len(assignment.loaded()) < 4:
            return
        nonlocal lives
        lives += 1
        if lives == LIVES:
            stopping.set()
        raise KafkaConnectionError("lost")

    monkeypatch.setattr(running, "START_AGAIN_AFTER_S", 0.0)
    # Where Kafka stands still just then, a life would be left behind, and end a moment later.
    monkeypatch.setattr(running, "FAUST_STOPS_WITHIN_S", WITHIN_S)
    monkeypatch.setattr(Assignment, "tick", failing_tick)
    async with asyncio.timeout(WITHIN_S):
        await run(lambda: create_app(pipeline.settings, redis_store(pipeline.settings)), stopping)
        assert lives == LIVES
        while sockets() > before:  # noqa: ASYNC110 - nobody is told; the last ones close a turn of the loop later
            await asyncio.sleep(0.05)
