"""What outlives the owners of shards: what is stored, and what stands on Kafka.

Comes in: records. Goes out: what is there for the next owner; what one shard tells another stands where that reads it.
"""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from faust.types import TP

from streams.core.rules.rulebook import Rulebook
from streams.kafka.message import Message
from streams.lifecycle.moves import Move
from streams.runtime.checkpoints.resumable import Resumable
from streams.state.memory import MemoryStore
from streams.state.redis_store import RedisStore
from streams.state.store import ShardStore, Store
from streams.testing import instant, to_bytes, track
from tests.runtime.records import Read

NOON: Final = instant("2026-03-01 12:00")
PARTITIONS: Final = 2
INPUTS: Final = ("product-events", "billing-updates", "profile-commands", "rerouted-events")


@dataclass
class World:
    """What outlives an owner: what is stored, and what stands on Kafka, by partition.

    begins: the first offset that is still there, where retention has taken others.
    left: what the next owner still has of the shard, from when it had it before. version: of the rules that are live;
    awaited: those of one that awaits its past, with its number; ready, taken, heard: the shards of which that is there,
    which have it, and which have heard all that was told before all had; reaches: from when on that has all, by shard;
    has_limit: whether whom it would move is counted; moves: by shard; errors: what making it failed at. goes_on:
    whether the rules that are live took the place of others while not all shards had taken the past of those, and so it
    is theirs. has_past: whether these come with a past; is_live: whether they are taken over whatever has become of
    that. each_step: what happens before every step of every owner.
    """

    store: ShardStore
    begins: dict[TP, int] = field(default_factory=dict)
    inputs: dict[TP, list[Read]] = field(
        default_factory=lambda: {TP(topic, shard): [] for topic in INPUTS for shard in range(PARTITIONS)}
    )
    stands: dict[TP, list[Message]] = field(default_factory=lambda: defaultdict(list))
    committed: dict[TP, int] = field(default_factory=dict)
    now_ms: int = NOON
    generation: Counter[int] = field(default_factory=Counter)  # by shard
    left: Resumable | None = None
    version: int = 0
    awaited: Rulebook | None = None
    awaited_version: int = 0
    ready: set[int] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)
    heard: set[int] = field(default_factory=set)
    reaches: dict[int, int | None] = field(default_factory=dict)
    has_limit: bool = False
    moves: dict[int, Mapping[str, Move]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    goes_on: bool = False
    has_past: bool = False
    is_live: bool = False
    each_step: Callable[[], Awaitable[None]] | None = None

    def arrive(self, tp: TP, key: str, value: bytes, at_ms: int = NOON) -> None:
        self._append(tp, key.encode(), value, at_ms=at_ms)

    def event(self, user: str, name: str, shard: int = 1) -> None:
        """Something of a user, in a shard that may be another's."""
        tp = TP("product-events", shard)
        place = len(self.inputs[tp])
        self.arrive(tp, user, to_bytes(track(user, name, NOON + place, f"m-{place}")))

    def publish(self, topic: str, shard: int, messages: Sequence[Message]) -> None:
        self.stands[TP(topic, shard)] += messages
        if topic in INPUTS:
            for message in messages:
                self._append(TP(topic, shard), message.key, message.value, message.headers)

    def of(self, topic: str) -> list[Message]:
        """All that stands in a topic."""
        return [message for tp, messages in self.stands.items() if tp.topic == topic for message in messages]

    def inputs_of(self, shard: int) -> list[TP]:
        return [tp for tp in self.inputs if tp.partition == shard]

    def _append(self, tp: TP, key: bytes, value: bytes | None, headers: Any = (), at_ms: int = NOON) -> None:
        there = self.inputs[tp]
        there.append(Read(len(there), at_ms, key, value, headers))


async def lose(kept: Store) -> None:
    """All that was stored."""
    if isinstance(kept, MemoryStore):
        rooms = kept.shards._rooms
        kept.shards.__dict__.update(MemoryStore().shards.__dict__)
        kept.shards._rooms = rooms
        for room in rooms.values():
            room._shards.clear()
    elif isinstance(kept, RedisStore):
        await kept.shards._redis.call("FLUSHDB")
        kept.shards._seen.clear()
