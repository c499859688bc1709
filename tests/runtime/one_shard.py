"""One shard and its owners, one after another, over a store and topics that outlive them.

Comes in: what fetches bring, and what is done to Redis meanwhile. Goes out: what is stored, and what is published.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from faust.types import TP

from streams.core.changes import Change
from streams.core.compiler.catalog import Catalog
from streams.core.engine.shard import Shard
from streams.core.rules.rulebook import Rulebook
from streams.kafka.message import Message
from streams.outputs.change import decode_change
from streams.outputs.messages import Outputs
from streams.runtime.checkpoints.resumable import Resumable
from streams.runtime.counters import Counters
from streams.runtime.pace import Line
from streams.runtime.shard_lifecycle import ShardLifecycle
from streams.runtime.transport.fetching import Fetched, Membership
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
OTHERS = rulebook(open='count("Opened") > count("Closed")', plenty='count("Opened") >= 2 and missing(plan)')


class OneShard:
    """Its input, what is stored, and what its owners publish.

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
        self.next_offset = self._reading = 0
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
            has_past=False,
            taking_over=Line(),
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

    def receive(self, stop: int) -> None:
        """A fetch brings the records below `stop`."""
        records, caught_up = self._log[self.next_offset : stop], stop == len(self._log)
        self._owner.receive(Fetched(INPUT, self._reading, self.next_offset, records, stop, stop, caught_up))
        self.next_offset = stop

    async def fetch(self, stop: int) -> None:
        """The same, where Ann changes by it; she has been published when this returns."""
        count = len(self.stands)
        self.receive(stop)
        await until(lambda: len(self.stands) > count)

    async def bring(self, stop: int) -> None:
        """The same, and what comes of it is saved when this returns."""
        self.receive(stop)
        await until(lambda: self.store._shards[0].positions.get(INPUT.topic) == stop)

    async def time_comes(self) -> None:
        """Time comes, after all that the input holds; what comes of it is saved when this returns."""
        assert self._owner.loaded is not None
        self._owner.loaded.time_came(self.now_ms, {INPUT.topic: self.next_offset})
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

    @property
    def changes(self) -> list[Change]:
        """All that were published."""
        return [decode_change(message.value or b"") for message in self.published["segment-changes"]]

    def apply_no_more(self) -> None:
        """What a fetch brings from now on stays where it is."""
        assert self._owner.loaded is not None
        self._owner.loaded._leaving = True

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
        self.next_offset = offsets[INPUT]
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


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.001)
