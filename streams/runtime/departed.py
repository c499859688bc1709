"""What was counted of users before they became others, as the pasts of their homes have left it for others' pasts.

Comes in: the identities of a past that is made, and what the homes of users say. Goes out: by user, the profiles of
those who became her; they are added where her past is looked at (`streams.core.engine.past`).

Of some nothing is left anywhere: all of them came by themselves, as their home had its past already when they became
others, or topics do not reach back to them. That is known once that home has its past, or once its past stands where
the home itself stood when they were others there: until then they are on their way, however long that takes.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from streams.core.compiler.catalog import Catalog
from streams.core.engine.shard import Shard
from streams.core.identities.aliases import Standing
from streams.core.identities.identities import Identities
from streams.core.links import How
from streams.core.merges import Packed
from streams.core.profiles.snapshot import Head, RowSchema
from streams.kafka.partitioning import homes
from streams.runtime.worker import Worker
from streams.state.format import ALIASES, DEPARTED
from streams.state.store import ShardStore

AT_ONCE: Final = 500
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


class Departed:
    """missing: how many are on their way, of those who were looked for last."""

    def __init__(self, shard: Shard, identities: Identities, homes: Homes):
        self._shard, self._identities, self._homes = shard, identities, homes
        self._found: dict[str, Packed] = {}
        self._nothing: set[str] = set()
        self._since: dict[str, Positions] = {}  # of each where the home stood when it was somebody else there
        self._wanted: list[tuple[str, str]] = []
        self.missing = 0

    async def look(self) -> None:
        self._wanted = [(user, gone) for user, gone in self._identities.owners.merged() if user in self._shard]
        by_home = defaultdict[int, list[str]](list)
        for gone in sorted({gone for _, gone in self._wanted} - self._found.keys() - self._nothing):
            by_home[self._homes.of(gone)].append(gone)
        self.missing = 0
        for home, users in by_home.items():
            for start in range(0, len(users), AT_ONCE):
                self.missing += await self._look_for(home, users[start : start + AT_ONCE])

    async def _look_for(self, home: int, users: Sequence[str]) -> int:
        """How many of them are on their way."""
        passed = await self._passed(home, users)  # before it is asked what is left there
        left = await self._homes.left(home, users)
        self._found |= {gone: msgspec.json.decode(raw, type=Packed) for gone, raw in left.items()}
        self._nothing |= passed - left.keys()
        missing = set(users) - left.keys() - passed
        if new := await self._homes.others(home, sorted(missing - self._since.keys())):
            self._since |= dict.fromkeys(new, await self._homes.stands(home))
        return len(missing)

    async def _passed(self, home: int, users: Sequence[str]) -> set[str]:
        known = [gone for gone in users if gone in self._since]
        furthest: dict[str, int] = {}
        for gone in known:
            for topic, at in self._since[gone].items():
                furthest[topic] = max(at, furthest.get(topic, 0))
        return set(known) if known and await self._homes.has_passed(home, furthest) else set()

    def by_user(self) -> dict[str, list[Packed]]:
        found: defaultdict[str, list[Packed]] = defaultdict(list)
        for user, gone in sorted(self._wanted):
            if gone in self._found:
                found[user].append(self._found[gone])
        return dict(found)
