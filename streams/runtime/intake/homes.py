"""What the homes of users have of them: where they stand, and what their pasts have left of who became others.

Comes in: a user. Goes out: what is kept where she was at home, as Redis has it (docs/semantics.md#whose-record-it-is).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from streams.core.compiler.catalog import Catalog
from streams.core.identities.aliases import Standing
from streams.core.links import How
from streams.core.profiles.snapshot import Head, RowSchema
from streams.kafka.partitioning import homes
from streams.runtime.worker import Worker
from streams.state.format import ALIASES, DEPARTED
from streams.state.store import ShardStore

Positions = Mapping[str, int]


class Homes(Protocol):
    def of(self, user: str) -> int:
        """The shard that is a user's home."""

    async def left(self, home: int, users: Sequence[str]) -> dict[str, bytes]:
        """What its past has left of those who became others."""

    async def others(self, home: int, users: Sequence[str]) -> set[str]:
        """Those of these who are others there by now."""

    async def stands(self, home: int) -> Positions:
        """Where the shard itself stands."""

    async def has_passed(self, home: int, positions: Positions) -> bool:
        """Whether its past stands there, or is in the shard already."""


class StoredHomes:
    """As Redis has them. room: of the pasts. today: of the rules that take over."""

    def __init__(self, shards: ShardStore, room: ShardStore, today: RowSchema, of: Callable[[str], int]):
        self._shards, self._room, self._today = shards, room, today
        self.of = of

    async def left(self, home: int, users: Sequence[str]) -> dict[str, bytes]:
        return await self._room.values(home, DEPARTED, users)

    async def others(self, home: int, users: Sequence[str]) -> set[str]:
        found = await self._shards.values(home, ALIASES, users)
        return {gone for gone, raw in found.items() if msgspec.json.decode(raw, type=Standing).how is How.MERGE}

    async def stands(self, home: int) -> Positions:
        found = await self._shards.progress(home)
        return {} if found is None else found.positions

    async def has_passed(self, home: int, positions: Positions) -> bool:
        past = await self._room.progress(home)
        if past is not None and all(past.positions.get(topic, 0) >= at for topic, at in positions.items()):
            return True
        raw = await self._shards.head(home)
        head = None if raw is None else Head.decode(raw)
        return head is not None and head.schemas[head.current] == self._today


def stored_homes(worker: Worker, room: ShardStore, here: int) -> StoredHomes:
    """room: of the pasts under the worker's rules. here: whose past asks; where partitions are trusted, all who became
    somebody there were there."""
    settings = worker.settings

    def of(user: str) -> int:
        return here if settings.partitioner == "trust" else homes(user, worker.partitions, settings.partitioner)[0]

    return StoredHomes(worker.store, room, RowSchema.of(Catalog(worker.rulebook)), of)
