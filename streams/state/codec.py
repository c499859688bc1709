"""How a checkpoint lies in Redis: key names, encodings, and the writes that store it.

Comes in: a `Checkpoint`. Goes out: keys and arguments of the script that stores it; and back, what was stored.

    <group>:{<shard>}:state              hash: format, epoch, number, head, positions
    <group>:{<shard>}:rows               hash: user -> row
    <group>:{<shard>}:documents          hash: user -> document
    <group>:{<shard>}:erased             hash: SHA-256 of an erased user's id -> up to when events are refused, ms
    <group>:{<shard>}:outbox             hash: number of a checkpoint -> its messages, MessagePack
    <group>:{<shard>}:segments           set: the segments that ever had a member
    <group>:{<shard>}:members:<segment>  set of users        for other programs
    <group>:{<shard>}:user:<user>        memberships, JSON   for other programs
    <group>:shards                       set: the shards that were ever claimed
    <group>:settled                      hash: what was fixed at first start
    <group>:sightings                    hash: day since 1970 -> what was read on it, MessagePack
    <group>:populations:<scores rule>    hash: shard -> how its profiles are spread, MessagePack
    <group>:quintiles                    hash: scores rule and its version -> the edges agreed on, MessagePack

The braces are Redis Cluster's: all keys of a shard are in one slot, so that one transaction may write them.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import msgspec

from streams.errors import UsageError
from streams.kafka.message import Message
from streams.state.store import Checkpoint

Argument = str | bytes | int


class Keys:
    """The names of all keys of one group."""

    def __init__(self, group: str) -> None:
        if not group or set(group) & set("{}"):
            raise UsageError(f"SEGMENTER_GROUP is {group!r}: it begins Redis keys, and must have no brace nor be empty")
        self.group = group
        self.shards = f"{group}:shards"
        self.settled = f"{group}:settled"
        self.sightings = f"{group}:sightings"
        self.quintiles = f"{group}:quintiles"

    def populations(self, rule: str) -> str:
        return f"{self.group}:populations:{rule}"

    def of(self, shard: int) -> "ShardKeys":
        return ShardKeys(f"{self.group}:{{{shard}}}:")


class ShardKeys:
    """The names of all keys of one shard."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.state = f"{prefix}state"
        self.rows = f"{prefix}rows"
        self.documents = f"{prefix}documents"
        self.erased = f"{prefix}erased"
        self.outbox = f"{prefix}outbox"
        self.segments = f"{prefix}segments"

    def members(self, segment: str) -> str:
        return f"{self._prefix}members:{segment}"

    def user(self, user: str) -> str:
        return f"{self._prefix}user:{user}"


class Writes:
    """Commands for the script that stores a checkpoint: `keys` has the key of each, `arguments` all the rest."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.arguments: list[Argument] = []

    def add(self, command: str, key: str, values: Sequence[Argument]) -> None:
        self.keys.append(key)
        self.arguments += (command, len(values))
        self.arguments += values


def writes(keys: ShardKeys, checkpoint: Checkpoint) -> Writes:
    """All writes of a checkpoint; its number last, so that one that Redis refuses halfway does not count as stored."""
    result = Writes()
    if checkpoint.erased:
        result.add("HDEL", keys.rows, list(checkpoint.erased))
        result.add("HDEL", keys.documents, list(checkpoint.erased))
    if checkpoint.marks:
        result.add("HSET", keys.erased, list(chain.from_iterable(checkpoint.marks)))
    if checkpoint.rows:
        result.add("HSET", keys.rows, list(chain.from_iterable(checkpoint.rows)))
    if checkpoint.documents:
        result.add("HSET", keys.documents, list(chain.from_iterable(checkpoint.documents)))
    if checkpoint.outbox:
        result.add("HSET", keys.outbox, [checkpoint.number, msgspec.msgpack.encode(checkpoint.outbox)])
    _add_read_model(result, keys, checkpoint)
    positions = msgspec.json.encode(checkpoint.positions)
    result.add("HSET", keys.state, ["number", checkpoint.number, "head", checkpoint.head, "positions", positions])
    return result


def _add_read_model(result: Writes, keys: ShardKeys, checkpoint: Checkpoint) -> None:
    for segment, users in _by_segment(checkpoint.left).items():
        result.add("SREM", keys.members(segment), users)
    joined = _by_segment(checkpoint.joined)
    for segment, users in joined.items():
        result.add("SADD", keys.members(segment), users)
    if joined:
        result.add("SADD", keys.segments, list(joined))
    for user, memberships in checkpoint.memberships:
        if memberships is None:
            result.add("DEL", keys.user(user), [])
        else:
            result.add("SET", keys.user(user), [memberships])


def _by_segment(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    users: dict[str, list[str]] = {}
    for segment, user in pairs:
        users.setdefault(segment, []).append(user)
    return users


def decode_positions(positions: bytes) -> dict[str, int]:
    return msgspec.json.decode(positions, type=dict[str, int])


def decode_outbox(outbox: Mapping[bytes, bytes]) -> list[Message]:
    """All messages, those of earlier checkpoints first."""
    numbers = sorted(outbox, key=int)
    return [message for number in numbers for message in msgspec.msgpack.decode(outbox[number], type=list[Message])]
