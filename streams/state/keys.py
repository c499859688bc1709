"""The names of keys in Redis: see the top of `streams.state.format`.

Comes in: a group, a shard, a collection. Goes out: the name of its key.
"""

from typing import Any

from streams.errors import UsageError
from streams.state.collection import Collection
from streams.state.format import STATE


class Keys:
    """The names of all keys of one group. room: what is put before each, to tell the shards of two kinds of process
    apart."""

    def __init__(self, group: str, room: str = "") -> None:
        if not group or set(group) & set("{}"):
            raise UsageError(f"SEGMENTER_GROUP is {group!r}: it begins Redis keys, and must have no brace nor be empty")
        self.group = group
        self._room = room

    def at(self, collection: Collection[Any, Any]) -> str:
        return f"{self.group}:{self._room}{collection.key}"

    def of(self, shard: int) -> "ShardKeys":
        return ShardKeys(f"{self.group}:{{{shard}}}:{self._room}")


class ShardKeys:
    """The names of all keys of one shard."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.state = self.at(STATE)

    def at(self, collection: Collection[Any, Any], name: object = None) -> str:
        """Of a collection; of a name in it, where each has its own."""
        return f"{self._prefix}{collection.key}" if name is None else f"{self._prefix}{collection.key}:{name}"
