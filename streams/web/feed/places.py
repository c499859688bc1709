"""In which shard a user's feed is.

Comes in: a user. Goes out: the shards in which it may be: one, but where producers choose partitions as they like.
"""

from collections.abc import Sequence

from streams.errors import Unreachable
from streams.kafka.partitioning import homes
from streams.settings import Settings
from streams.state.format import SETTLED
from streams.state.store import Store


class Places:
    def __init__(self, settings: Settings, store: Store):
        self._settings = settings
        self._store = store
        self._shards = 0

    async def shards(self) -> int:
        """How many there are. It was fixed when the group's first worker began."""
        if not self._shards:
            said = await self._store.group.get(SETTLED, "partitions")
            if said is None:
                raise Unreachable(f"no worker of the group {self._settings.group} has begun yet")
            self._shards = int(said)
        return self._shards

    async def of(self, user: str) -> Sequence[int]:
        return homes(user, await self.shards(), self._settings.partitioner)
