"""What the next owner of a shard makes of what it finds."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

from faust.types import TP

from streams.core.compiler.catalog import Catalog
from streams.kafka.message import Message
from streams.outputs.messages import Outputs
from streams.runtime.counters import Counters
from streams.runtime.fetching import Fetched, Membership
from streams.runtime.shard_lifecycle import ShardLifecycle
from streams.settings import Settings
from streams.sources import Decoder
from streams.state.memory import MemoryShardStore
from streams.testing import instant, to_bytes, track
from tests.anytime import ANY_TIME
from tests.rulebooks import rulebook
from tests.runtime.records import Read

INPUT = TP("product-events", 0)
NOON = instant("2026-03-01 12:00")
RULES = rulebook(open='count("Opened") > count("Closed")')


class Around:
    """All that is around the owners of a shard, one after another: its input, what is stored, and what they publish.

    stands: of each message about Ann's memberships its version, and whether she is in a segment.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.store = MemoryShardStore()
        self.now_ms = NOON
        self.stands: list[tuple[int, bool]] = []
        self.while_loading: Callable[[], None] = lambda: None
        self.while_publishing: Callable[[], None] = lambda: None
        self.kept: list[MemoryShardStore] = []
        self._log = [Read(i, NOON, b"ann", to_bytes(track("ann", name, NOON + i))) for i, name in enumerate(names)]
        self._next = self._reading = 0
        self.membership = Membership(0, "us")
        settings = Settings()
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
        )

    def owner(self) -> ShardLifecycle:
        """To whom the group gives the shard now."""
        self.membership = Membership(self.membership.generation + 1, "us")
        return ShardLifecycle(self._worker, 0, [INPUT], self.membership)

    @asynccontextmanager
    async def owned(self) -> Any:
        """The shard has an owner, who lets it go in the end."""
        self._owner = self.owner()
        running = asyncio.create_task(self._owner.run())
        await until(lambda: self._owner.loaded is not None)
        yield
        self._owner.leave()
        await running

    async def fetch(self, stop: int) -> None:
        """A fetch brings the records below `stop`, by which Ann changes; she has been published when this returns."""
        count, records = len(self.stands), self._log[self._next : stop]
        self._owner.receive(Fetched(INPUT, self._reading, records, stop, stop, caught_up=True))
        self._next = stop
        await until(lambda: len(self.stands) > count)

    async def earliest_offsets(self, *tps: TP) -> dict[TP, int]:
        self.while_loading()
        return dict.fromkeys(tps, 0)

    async def ends(self, positions: object) -> dict[TP, int]:
        return {}

    async def committed(self, tps: Iterable[TP]) -> dict[TP, None]:
        return dict.fromkeys(tps)

    async def start_reading(self, offsets: dict[TP, int]) -> int:
        self._reading += 1
        self._next = offsets[INPUT]
        return self._reading

    async def publish(self, topic: str, shard: int, messages: Sequence[Message]) -> None:
        self.while_publishing()
        if topic == "segment-memberships":
            said = [json.loads(message.value or b"") for message in messages]
            self.stands += [(each["version"], bool(each["segments"])) for each in said]

    async def is_current(self, membership: Membership) -> bool:
        return membership == self.membership

    def read(self, events: object, records: object) -> None: ...

    def stop_reading(self, tps: object) -> None: ...

    def may_commit(self, offsets: object) -> None: ...


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
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


async def test_who_is_told_to_leave_while_loading_leaves() -> None:
    """Or else the group would wait for the shard as long as it waits for any."""
    around = Around([])
    owner = around.owner()
    around.while_loading = owner.leave
    async with asyncio.timeout(5):
        await owner.run()
    assert around.stands == []
