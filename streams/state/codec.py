"""How a checkpoint lies in Redis, and back.

Comes in: a `Checkpoint`. Goes out: what it writes to each collection, and the commands that do so in Redis; and what a
store must decode of what it kept. Which collections there are, and under which keys, `streams.state.format` says.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

import msgspec

from streams.kafka.message import Message
from streams.state.collection import Collection, Form
from streams.state.format import OF_SUBJECTS, OUTBOX
from streams.state.keys import ShardKeys
from streams.state.store import Checkpoint, Write

Argument = str | bytes | int
T = TypeVar("T")
NEWS_KEPT = 10_000  # whoever follows feeds reads many times a second, and what is older is told by the feeds themselves
WHOLE_FEED = ""  # in the place of a message's id


class Commands:
    """Commands for the script that stores a checkpoint: `keys` has the key of each, `arguments` all the rest."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.arguments: list[Argument] = []

    def add(self, command: str, key: str, values: Sequence[Argument]) -> None:
        self.keys.append(key)
        self.arguments += (command, len(values))
        self.arguments += values


def commands(
    keys: ShardKeys, checkpoint: Checkpoint, of_subjects: Sequence[Collection[Any, Any]] = OF_SUBJECTS
) -> Commands:
    """All writes of a checkpoint; its number last, so that one that Redis refuses halfway does not count as stored."""
    result = Commands()
    for write in writes_of(checkpoint, of_subjects):
        _COMMANDS[write.collection.form](result, keys, write)
    positions = msgspec.json.encode(checkpoint.positions)
    state: list[Argument] = ["number", checkpoint.number, "head", checkpoint.head, "positions", positions]
    result.add("HSET", keys.state, [*state, "rebuilds", int(checkpoint.rebuilds)])
    return result


def writes_of(
    checkpoint: Checkpoint, of_subjects: Sequence[Collection[Any, Any]] = OF_SUBJECTS
) -> Iterator[Write[Any, Any]]:
    """All of a checkpoint but its number, head and positions; what is erased before what is put in its place.

    The outbox is first: one large value costs a seventh less to pack before many small ones than after them.
    """
    if checkpoint.outbox:
        yield Write(OUTBOX, [(checkpoint.number, msgspec.msgpack.encode(checkpoint.outbox))])
    if checkpoint.erased or checkpoint.moved:
        for collection in of_subjects:
            gone = [*checkpoint.erased, *(() if collection.outlives_a_merge else checkpoint.moved)]
            whole = collection.form is Form.FEEDS
            yield Write(collection, drop=[(user, WHOLE_FEED) for user in gone] if whole else gone)
    yield from checkpoint.writes


def _hash(result: Commands, keys: ShardKeys, write: Write[Any, Any]) -> None:
    key = keys.at(write.collection)
    names: list[Any] = list(write.drop)
    if names:
        result.add("HDEL", key, names)
    if write.put:
        result.add("HSET", key, list(chain.from_iterable(write.put)))


def _sets(result: Commands, keys: ShardKeys, write: Write[Any, Any]) -> None:
    key, put = keys.at(write.collection), _by_name(write.put)
    for name, values in _by_name(write.drop).items():
        result.add("SREM", f"{key}:{name}", values)
    for name, values in put.items():
        result.add("SADD", f"{key}:{name}", values)
    if put and write.collection.index is not None:
        result.add("SADD", keys.at(write.collection.index), list(put))


def _strings(result: Commands, keys: ShardKeys, write: Write[Any, Any]) -> None:
    key = keys.at(write.collection)
    for name in write.drop:
        result.add("DEL", f"{key}:{name}", [])
    for name, value in write.put:
        result.add("SET", f"{key}:{name}", [value])


def _sorted(result: Commands, keys: ShardKeys, write: Write[Any, Any]) -> None:
    key = keys.at(write.collection)
    names: list[Any] = list(write.drop)
    if names:
        result.add("ZREM", key, names)
    if write.put:
        result.add("ZADD", key, [part for name, value in write.put for part in (value, name)])


def _lists(result: Commands, keys: ShardKeys, write: Write[Any, Any]) -> None:
    key = keys.at(write.collection)
    for name in write.drop:
        result.add("DEL", f"{key}:{name}", [])
    for name, values in _by_name(write.put).items():
        result.add("LIST.ADD", f"{key}:{name}", [write.most, *values[-write.most :]])


def _flows(result: Commands, keys: ShardKeys, write: Write[Any, Any]) -> None:
    key = keys.at(write.collection)
    for segment, flows in _by_name(write.put).items():
        result.add("FLOWS.ADD", f"{key}:{segment}", [part for flow in flows for part in flow])


def _feeds(result: Commands, keys: ShardKeys, write: Write[Any, Any]) -> None:
    """put: as `Write` says; drop: users with ids."""
    assert write.collection.index is not None
    news, changed = keys.at(write.collection.index), dict[str, None]()
    for user, message in write.drop:
        key = keys.at(write.collection, user)
        if message == WHOLE_FEED:
            result.add("DEL", key, [])
            result.add("NEWS.FORGET", news, [user])
        else:
            result.add("FEED.DROP", key, [message])
            changed[user] = None
    for user, (message, *said) in write.put:
        key = keys.at(write.collection, user)
        result.add(*(("FEED.MOVE", key, said) if message == WHOLE_FEED else ("FEED.ADD", key, [message, *said])))
        changed[user] = None
    for user in changed:
        result.add("XADD", news, ["MAXLEN", "~", NEWS_KEPT, "*", "user", user])


_COMMANDS = {
    Form.HASH: _hash,
    Form.SETS: _sets,
    Form.STRINGS: _strings,
    Form.SORTED: _sorted,
    Form.LISTS: _lists,
    Form.FLOWS: _flows,
    Form.FEEDS: _feeds,
}


def _by_name(pairs: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    values: dict[str, list[T]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def decode_positions(positions: bytes) -> dict[str, int]:
    return msgspec.json.decode(positions, type=dict[str, int])


def decode_outbox(outbox: Mapping[int, bytes]) -> list[Message]:
    """All messages, those of earlier checkpoints first."""
    return [each for number in sorted(outbox) for each in msgspec.msgpack.decode(outbox[number], type=list[Message])]
