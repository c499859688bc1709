"""The port to durable state: what a shard and a group keep, and what whoever keeps it must promise.

Comes in: checkpoints. Goes out: what the last one left, to whoever owns the shard now; and what all workers of a group
share. A store keeps a checkpoint whole or not at all, and none of a worker that lost the shard. There are two of each,
in Redis and in memory (for tests), and one suite of tests runs on both. What is kept, `streams.state.format` says; here
rows, documents and head are bytes like any others.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol

import msgspec

from streams.core.flows import Flow
from streams.kafka.message import Message
from streams.state.collection import Collection, Name, Value
from streams.state.feeds import FeedStore
from streams.state.format import MEMBERS


class Write(msgspec.Struct, Generic[Name, Value], frozen=True):
    """What changes in a collection: first what is dropped, then what is put.

    put: names with their values; of sets and lists a value for each pair; of feeds users, each with a message's id, the
    message (empty where it is there) and its marks, each with when; or with no id and who has the whole feed from then
    on; of flows segments, each with a period, entries and exits. drop: names; of sets such pairs; of feeds users with
    ids. most: how many of the newest stay in each list.
    """

    collection: Collection[Name, Value]
    put: Sequence[tuple[Name, Value]] = ()
    drop: Sequence[Name] | Sequence[tuple[Name, Value]] = ()
    most: int = 0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What happened in a shard since the checkpoint before: to be stored whole or not at all.

    number: greater than the stored one's; the first of a shard may be any.
    head: the shard's own small JSON.
    positions: topic -> the next offset to apply; `<topic>/<partition>` -> the same of what another shard sent on.
    writes: what changes in the shard's collections; no pair of a set is both dropped and put.
    outbox: what is to be published once this is stored.
    erased: subjects of whom all is dropped that was kept before; `writes` may put something new all the same. moved:
    subjects who are others by now: of them that stays which outlives it.
    rebuilds: the state was lost and is being made anew, so that what comes of it may have been published before.
    """

    number: int
    head: bytes
    positions: Mapping[str, int]
    writes: Sequence[Write[Any, Any]] = ()
    outbox: Sequence[Message] = ()
    erased: Sequence[str] = ()
    moved: Sequence[str] = ()
    rebuilds: bool = False


@dataclass(slots=True)
class Stored:
    """A shard's state as its last checkpoint left it, `stored[MARKS]` and so on; what is large is to be loaded.

    outbox: in the order in which it was to be published. rebuilds: as in `Checkpoint`.
    """

    number: int
    head: bytes
    positions: dict[str, int]
    outbox: list[Message]
    collections: Mapping[Collection[Any, Any], dict[Any, Any]]
    rebuilds: bool = False

    def __getitem__(self, collection: Collection[Name, Value]) -> dict[Name, Value]:
        return self.collections[collection]


Take = Callable[[Sequence[tuple[Any, Any]]], None]
"""Names with their values."""


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """One profile, and the head that it must be read with. A profile may lack a document."""

    head: bytes
    row: bytes
    document: bytes


@dataclass(frozen=True, slots=True)
class Progress:
    """The number of a shard's last checkpoint, and topic -> the next offset to apply."""

    number: int
    positions: dict[str, int]


@dataclass(frozen=True, slots=True)
class StoredShard:
    """What a shard's last checkpoint says of it, and how many profiles it has."""

    head: bytes
    profiles: int


class Count(NamedTuple):
    """How many are in a segment, and how many entered and left it in periods (`streams.core.flows`)."""

    size: int
    flows: Mapping[str, Flow]


class ShardStore(Protocol):
    """What each shard keeps. The first six are its owner's; any call may raise `Unreachable`, and may then be made
    again, all but the claims just so."""

    async def owner(self, shard: int) -> int | None:
        """The epoch of the claim that owns the shard; None if nobody claimed it."""

    async def claim(self, shard: int, epoch: int, after: int | None) -> Stored | None:
        """Own the shard from now on in the place of `after`, the owner that was found; None if nothing is stored.

        `streams.state.claiming` says who may. What an older version wrote is brought to today's format. Fenced: another
        claimed it meanwhile, or while it was read. A call that failed may have been done: look again who the owner is.
        """

    async def load(self, shard: int, epoch: int, takers: Mapping[Collection[Any, Any], Take]) -> None:
        """Give each taker all of a large collection, slice by slice, each name once, as the shard's owner. What comes
        next is under way while a slice is taken, and others have their turn in between.

        After an error what was taken is of no use. Fenced: another claimed the shard meanwhile. StateLost: the store
        went back in time.
        """

    async def claim_back(self, shard: int, epoch: int, after: int, number: int) -> bool:
        """Own the shard in the place of `after`, by someone who still has what checkpoint `number` of that one holds.

        Gives whether it is the last one, in today's format; if not, it is owned all the same, and is to be claimed once
        more to be read. Fenced: another claimed it meanwhile.
        """

    async def save(self, shard: int, epoch: int, checkpoint: Checkpoint) -> None:
        """Store it whole or not at all. A repeat of the last one is no fault and changes nothing.

        Fenced: another claimed the shard. StateLost: the store went back in time; claim again and go on from there.
        """

    async def mark_published(self, shard: int, epoch: int, number: int) -> None:
        """Drop the outbox of all checkpoints up to this one."""

    async def get(self, shard: int, collection: Collection[Name, Value], name: Name) -> Value | None:
        """The value of one name; not of sets."""

    async def values(self, shard: int, collection: Collection[Name, Value], names: Sequence[Name]) -> dict[Name, Value]:
        """Those of the names that have one; of hashes and strings."""

    async def earliest(
        self, shard: int, collection: Collection[Name, int], until: int, most: int
    ) -> Sequence[tuple[Name, int]]:
        """Of a sorted set the names whose instants (ms) have come by `until`, the earliest first, `most` of them."""

    async def beginning_with(self, shard: int, collection: Collection[Name, Value], start: str) -> dict[Name, Value]:
        """Of a hash, all names that begin so, with their values. It looks at every name."""

    async def some(self, shard: int, collection: Collection[Name, Value], most: int) -> dict[Name, Value]:
        """Of a hash, at least `most` names with their values, hardly more, no sort of them rather than another; all
        where there are no more. Slice by slice: what is written meanwhile may be among them or not."""

    async def profile(self, shard: int, user: str) -> StoredProfile | None:
        """All of it as of one checkpoint."""

    async def progress(self, shard: int) -> Progress | None:
        """How far the last checkpoint came; None if there was none."""

    async def head(self, shard: int) -> bytes | None:
        """Of the last checkpoint; None if there was none."""

    async def is_published(self, shard: int, number: int) -> bool:
        """Whether nothing of the checkpoints up to this one waits in the outbox."""

    async def all(self) -> dict[int, StoredShard]:
        """Every shard that was ever saved, by number."""

    async def members(self, shard: int, segment: str, of: Collection[str, str] = MEMBERS) -> set[str]:
        """Who is in it, of this shard. of: `MEMBERS`, or `SHADOW_MEMBERS` of rules in shadow."""

    def each_member(self, shard: int, segment: str, of: Collection[str, str] = MEMBERS) -> AsyncIterator[Sequence[str]]:
        """The same piece by piece, as a segment may be all that there are; somebody may come twice."""

    async def sizes(self, of: Collection[str, str] = MEMBERS) -> dict[str, int]:
        """How many members each segment has, over all shards; those without any are left out."""

    async def counts(self, segments: Sequence[str], periods: Sequence[str] = ()) -> dict[str, Count]:
        """Sizes, and the flows of these periods, over all shards; of a shard both are of one checkpoint."""

    async def counted_since(self) -> int | None:
        """From when on (ms) the flows of all shards are counted; None where no shard counts yet."""

    async def members_after(
        self, segment: str, after: str, most: int, of: Collection[str, str] = MEMBERS, containing: str = ""
    ) -> list[tuple[int, str]]:
        """Of all shards, with the shard of each, the first `most` users after this one, by id; "" comes before all.

        containing: those alone in whose id this stands, in whatever case. It looks at all members, piece by piece.
        """

    async def flows(
        self, collection: Collection[str, bytes], names: Sequence[str], periods: Sequence[str]
    ) -> dict[str, Mapping[str, Flow]]:
        """What is counted under each name in these periods, over all shards."""

    async def entries(self, shard: int, collection: Collection[Name, bytes], name: Name) -> list[bytes]:
        """Of a list, the newest first."""

    async def lists(
        self, shard: int, collection: Collection[Name, bytes], names: Sequence[Name]
    ) -> dict[Name, list[bytes]]:
        """Those of the names that have one, of each the newest first."""

    def beside(self, room: str) -> Any:  # a `ShardStore`: mypy loses its way in a protocol that gives itself
        """The same shards once more, in a room of their own: nothing of it is seen from here."""

    async def forget(self, shard: int) -> None:
        """Take away a shard in a room: its claim, and all that whoever claims it is given."""


class GroupStore(Protocol):
    """What all workers of a group share. Every call may raise `Unreachable`, and may then be made again just so."""

    async def get(self, collection: Collection[Name, bytes], name: Name) -> bytes | None: ...

    async def read(self, collection: Collection[Name, bytes]) -> dict[Name, bytes]:
        """All of it."""

    async def put(self, collection: Collection[Name, bytes], name: Name, value: bytes) -> None:
        """In the place of what was there."""

    async def replace(
        self,
        collection: Collection[Name, bytes],
        name: Name,
        was: bytes,
        now: bytes,
        newest: int = 0,
        most: int | None = None,
    ) -> bytes:
        """Put `now` in the place of `was` (empty: nothing), if that is there.

        Gives what it found: if that is not `was`, another worker was quicker and nothing is changed. newest: where
        names are numbers, how many of the greatest stay; 0 for all. most: where they are, the greatest that may be
        there; what a greater one has is found, too, and nothing is changed.
        """

    async def remember(self, collection: Collection[str, bytes], name: str, for_s: int, value: bytes = b"") -> None:
        """That there was such a name; of strings, a key each. It is forgotten after so long: no state, on which
        anything else relies."""

    async def remembers(self, collection: Collection[str, bytes], name: str) -> bool: ...

    async def take(self, collection: Collection[str, bytes], name: str) -> bytes | None:
        """What is remembered under the name, once: whoever comes second finds nothing."""


class Store(Protocol):
    """All that is kept, and the connection to it."""

    @property
    def shards(self) -> ShardStore: ...

    @property
    def deliveries(self) -> ShardStore:
        """What is kept of each shard by whoever delivers its changes: `DELIVERY`, apart from what a worker keeps."""

    @property
    def feeds(self) -> FeedStore: ...

    @property
    def group(self) -> GroupStore: ...

    async def check(self) -> None:
        """Refuse a server that cannot keep our promises."""

    async def close(self) -> None: ...
