"""Rules applied while workers run: by the command, and who must be in which segment by them."""

import asyncio
import time

from click.testing import CliRunner

from streams.cli import main
from streams.core.engine.shard import Shard
from streams.state.opening import opened_store
from streams.testing import Record, decoded
from tests.e2e.pipeline import PARTITIONS, WITHIN_S, Pipeline, WorkerProcess


def members(pipeline: Pipeline) -> dict[str, set[str]]:
    async def found() -> dict[str, set[str]]:
        async with opened_store(pipeline.settings) as store:
            segments = await store.shards.sizes()
            return {
                segment: set().union(*[await store.shards.members(shard, segment) for shard in range(PARTITIONS)])
                for segment in segments
            }

    return asyncio.run(found())


def wanted(pipeline: Pipeline, records: list[Record]) -> dict[str, set[str]]:
    """As if the rules had always been there."""
    shard = Shard(pipeline.rulebook)
    shard.step(decoded(pipeline.rulebook, records))
    found: dict[str, set[str]] = {}
    for user in shard.table.subjects:
        for segment in shard.memberships(user):
            found.setdefault(segment, set()).add(user)
    return found


def until_members_are(pipeline: Pipeline, those: dict[str, set[str]], *workers: WorkerProcess) -> None:
    deadline = time.monotonic() + WITHIN_S
    while members(pipeline) != those:
        assert time.monotonic() < deadline, "\n".join(worker.said() for worker in workers)
        time.sleep(0.2)


def rules(pipeline: Pipeline, *words: str) -> str:
    result = CliRunner().invoke(main, ["rules", *words], env=pipeline.environment)
    assert result.exit_code == 0, result.stderr
    return result.output
