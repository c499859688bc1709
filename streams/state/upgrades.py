"""What an older version stored, brought to today's format: a step from each format to the next.

Comes in: a shard as it lies in Redis, in the format before. Goes out: the commands that make of it the next one, in
slices, each of which is stored in a transaction of its own. The format's number changes when all are stored: after a
crash in between, the step is taken again from its beginning, and must find nothing to do where it was done.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

from streams.state.codec import Commands
from streams.state.keys import ShardKeys
from streams.state.redis_client import RedisClient

Upgrade = Callable[[RedisClient, ShardKeys], AsyncIterator[Commands]]

UPGRADES: Final[Mapping[int, Upgrade | None]] = {
    1: None,  # marks of erased users: there are none yet
    2: None,  # aliases: there are none yet
}
"""By the format that each begins with; None where nothing is to be rewritten."""
