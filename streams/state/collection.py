"""What a row of the format says: a collection, names with their values, and how it lies in Redis.

Comes in: bytes of Redis. Goes out: names and values. Which collections there are, `streams.state.format` says.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final, Generic, TypeVar

Name = TypeVar("Name", str, int, bytes)
Value = TypeVar("Value", str, int, bytes)


class Form(Enum):
    """How a collection lies in Redis. What is a hash is loaded by whoever claims the shard; what lies under many keys
    is there for other programs, and is only written."""

    HASH = "hash"  # one key: name -> value
    SET = "set"  # one key: names; written with what they are of
    SETS = "set, a key each"  # under each name a set of values
    STRINGS = "string, a key each"  # under each name its value
    SORTED = "sorted set"  # one key: names in the order of their values, instants in ms
    FEEDS = "hash, a key each"  # under each user what `streams.state.feeds` says
    FLOWS = "hash of counts, a key each"  # under each segment: period -> entries and exits; what is put is added to it
    LISTS = "list, a key each"  # under each name what was put, the newest last, so many as `Write` says
    NEWS = "stream"  # one key: names, each when something under it changed; the newest of them


@dataclass(frozen=True)
class Collection(Generic[Name, Value]):
    """Names and their values.

    since: the format that brought it. holds: what it is, in words. of_subject: its names are ids of subjects, so that
    what is here of an erased one goes, and of who is another since, unless it outlives a merge. index: of sets, where
    the names are that ever had a value. is_large: there may be millions, which whoever claims the shard reads slice by
    slice.
    """

    key: str
    form: Form
    name: type[Name]
    value: type[Value]
    since: int
    holds: str
    of_subject: bool = False
    outlives_a_merge: bool = False
    index: "Collection[Name, Any] | None" = None
    is_large: bool = False

    def under(self, part: str) -> "Collection[Name, Value]":
        """One of many collections of this kind."""
        return replace(self, key=f"{self.key}:{part}")

    def decode(self, raw: Mapping[bytes, bytes]) -> Iterator[tuple[Name, Value]]:
        name, value = _DECODE[self.name], _DECODE[self.value]
        return zip(map(name, raw), raw.values() if value is bytes else map(value, raw.values()), strict=True)

    def decode_value(self, raw: bytes) -> Value:
        value: Value = _DECODE[self.value](raw)
        return value


_DECODE: Final[Mapping[type, Callable[[bytes], Any]]] = {str: bytes.decode, int: int, bytes: bytes}
