"""In which shards a user may be: one, unless producers choose partitions by a rule of their own."""

from collections.abc import Sequence

from streams.errors import SegmenterError
from streams.kafka.partitioning import homes
from streams.settings import Settings
from streams.state.format import SETTLED
from streams.state.store import Store


async def homes_of(store: Store, settings: Settings, user: str) -> Sequence[int]:
    return homes(user, await partitions_of(store, settings), settings.partitioner)


async def partitions_of(store: Store, settings: Settings) -> int:
    settled = await store.group.get(SETTLED, "partitions")
    if settled is None:
        raise SegmenterError(f"No worker of the group {settings.group} has ever written to this Redis.")
    return int(settled)
