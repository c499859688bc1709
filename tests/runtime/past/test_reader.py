"""The inputs of a shard, read once more."""

import asyncio
from collections.abc import Mapping, Set
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from faust.types import TP

from streams.errors import Unreachable
from streams.kafka.batches.reader import Portion
from streams.runtime.pace import Unhurried
from streams.runtime.past import reader
from streams.runtime.past.reader import PastReader
from streams.runtime.transport.fetching import Fetched

INPUT: Final = TP("product-events", 0)


class Silent:
    """A Kafka of which nothing comes, though there is something."""

    @asynccontextmanager
    async def reading_on(self, offsets: object) -> Any:
        yield self

    async def portions(self, tps: Set[TP], timeout_s: float) -> Mapping[TP, Portion]:
        await asyncio.sleep(0)
        return {}

    async def ends(self, positions: Mapping[TP, int]) -> Mapping[TP, int]:
        return dict.fromkeys(positions, 5)


async def test_where_nothing_comes_though_there_is_more_another_consumer_is_to_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader, "SILENT_FOR_S", 0.0)
    reads = PastReader(Silent(), Unhurried())
    await reads.start_reading({INPUT: 2})
    reads.let({INPUT: 5})
    async with asyncio.timeout(60):
        with pytest.raises(Unreachable, match="nothing of topic product-events, partition 0, offset 2 on, though"):
            await reads.run(lambda _: None)


async def test_nothing_need_come_beyond_what_may_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "SILENT_FOR_S", 0.0)
    monkeypatch.setattr(reader, "WAIT_S", 0.0)
    reads, told = PastReader(Silent(), Unhurried()), list[Fetched]()
    await reads.start_reading({INPUT: 5})
    reads.let({INPUT: 5})
    running = asyncio.create_task(reads.run(told.append))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not running.done()
    assert [fetched.caught_up for fetched in told] == [True]
    running.cancel()
