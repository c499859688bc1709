"""A loaded shard with nothing around it: records are handed to it, and what it publishes is kept.

Comes in: a shard. Goes out: `Alone`, whose `loaded` is worked as a worker works it, over a store in memory or another.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from faust.types import TP

from streams.core.engine.erasure import Erasure
from streams.core.engine.shard import Shard
from streams.core.identities.aliases import Aliases
from streams.core.identities.identities import Identities
from streams.core.identities.owners import Owners
from streams.core.identities.refusals import Refusals
from streams.kafka.message import Message
from streams.outputs.messages import Outputs
from streams.retry import Retry
from streams.runtime.checkpoints.checkpoint import Checkpoints
from streams.runtime.counters import Counters
from streams.runtime.intake.intake import Intake
from streams.runtime.pace import Line
from streams.runtime.shard_loop import ShardLoop
from streams.runtime.transport.fetching import Fetched
from streams.settings import KEEP_UNLINKED_MS, Settings
from streams.sources import Decoder
from streams.sources.profile_commands import encode
from streams.state.memory import MemoryShardStore
from streams.state.store import ShardStore
from streams.testing import Record, to_bytes
from tests.anytime import ANY_TIME
from tests.runtime.records import Read
from tests.state.checkpoints import claimed

INPUT = TP("product-events", 0)
COMMANDS = TP("profile-commands", 0)


class Alone:
    """taking_over: what it shares with others of its worker. commands: it reads those, too.

    published: by topic, how many messages.
    """

    def __init__(
        self,
        shard: Shard,
        clock: Callable[[], int],
        store: ShardStore | None = None,
        taking_over: Line | None = None,
        *,
        commands: bool = False,
    ):
        settings = Settings()
        self._store = store or MemoryShardStore()
        self.published: Counter[str] = Counter()
        self.counters = Counters()
        self._offset = 0
        self._worker: Any = SimpleNamespace(
            settings=settings,
            rulebook=shard.catalog.rulebook,
            clock=clock,
            consumer=self,
            decoder=Decoder(shard.catalog.reads, ANY_TIME),
            outputs=Outputs(settings),
            counters=self.counters,
            recorder=self,
            partitions=1,
            taking_over=taking_over or Line(),
        )
        self._shard = shard
        self._inputs = {INPUT: 0, COMMANDS: 0} if commands else {INPUT: 0}

    async def load(self) -> ShardLoop:
        await claimed(self._store, 0, 1)
        intake = Intake(self._worker, self._inputs)
        await intake.start(self._inputs)
        checkpoints = Checkpoints(self._store, self, 0, 1, Retry(), self.counters.seconds)
        aliases = Aliases(KEEP_UNLINKED_MS, dropped=self.counters.unlinked)
        identities = Identities(self._shard, aliases, Owners(), Refusals())
        self.loaded = ShardLoop(self._worker, self._shard, identities, intake, checkpoints, 0)
        return self.loaded

    def arrive(self, records: Sequence[Record], unread: int = 0) -> None:
        """Have a fetch bring these; so many more wait to be fetched."""
        first, self._offset = self._offset, self._offset + len(records)
        fetched = [Read(first + i, 0, b"", to_bytes(record)) for i, record in enumerate(records)]
        self.loaded.receive(
            Fetched(INPUT, 1, first, fetched, self._offset, self._offset + unread, caught_up=not unread)
        )

    def command(self, *erasures: Erasure) -> None:
        """Have a fetch bring these, which are all that there are."""
        fetched = [Read(at, 0, each.subject.encode(), encode(each)) for at, each in enumerate(erasures)]
        self.loaded.receive(Fetched(COMMANDS, 1, 0, fetched, len(fetched), len(fetched), caught_up=True))

    def receive_bad_record(self) -> None:
        """Have a fetch bring a record that cannot be used."""
        first, self._offset = self._offset, self._offset + 1
        bad = Read(first, 0, b"", b"{oops")
        self.loaded.receive(Fetched(INPUT, 1, first, [bad], self._offset, self._offset, caught_up=True))

    async def publish(self, topic: str, shard: int, messages: Sequence[Message]) -> None:
        self.published[topic] += len(messages)

    async def start_reading(self, offsets: object) -> int:
        return 1

    def stop_reading(self, tps: object) -> None: ...

    def may_commit(self, offsets: object) -> None: ...

    def pause_partitions(self, tps: object) -> None: ...

    def resume_partitions(self, tps: object) -> None: ...

    def read(self, events: object, records: object) -> None: ...
