"""The state in memory: the twin of the one in Redis, for tests. It lasts as long as the process.

Comes in and goes out: what `streams.state.store` says. It never awaits, so that each call is one step.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Any

from streams.core.flows import NONE, Flow, is_kept, newest_of
from streams.state.codec import decode_outbox, writes_of
from streams.state.collection import Collection, Form, Name, Value
from streams.state.counting import SINCE, added, contains
from streams.state.fencing import Held, may_claim, may_save, owns
from streams.state.format import (
    COUNTED,
    DELIVERY,
    DOCUMENTS,
    FLOWS,
    FORMAT,
    MEMBERS,
    OUTBOX,
    ROWS,
    SHARD,
    loaded,
    of_subjects,
)
from streams.state.memory_feeds import MemoryFeedStore
from streams.state.store import Checkpoint, Count, Progress, Stored, StoredProfile, StoredShard, Take, Write


class MemoryStore:
    """All that is kept, of shards and of the group."""

    def __init__(self) -> None:
        self.shards = MemoryShardStore()
        self.feeds = MemoryFeedStore()
        self.deliveries = MemoryShardStore(DELIVERY, self.feeds)
        self.group = MemoryGroupStore()

    async def check(self) -> None:
        """Always fit."""

    async def close(self) -> None:
        """Nothing to let go of."""


@dataclass(slots=True)
class _Shard:
    """contents: of each collection the values by name; of sets, a set."""

    held: Held = field(default_factory=Held)
    head: bytes = b""
    positions: dict[str, int] = field(default_factory=dict)
    rebuilds: bool = False
    contents: dict[Collection[Any, Any], dict[Any, Any]] = field(default_factory=lambda: defaultdict(dict))

    def apply(self, write: Write[Any, Any]) -> None:
        kept = self.contents[write.collection]
        if write.collection.form is Form.SETS:
            for name, value in write.drop:
                kept.get(name, set()).discard(value)
            for name, value in write.put:
                kept.setdefault(name, set()).add(value)
            return
        for name in write.drop:
            kept.pop(name, None)
        if write.collection.form is Form.LISTS:
            for name, value in write.put:
                kept[name] = [*kept.get(name, ()), value][-write.most :]
        elif write.collection.form is Form.FLOWS:
            for segment, (period, *flow) in write.put:
                kept[segment] = _added(kept.get(segment, {}), period, Flow(*flow))
        else:
            kept.update(write.put)


def _added(flows: Mapping[str, Flow], period: str, flow: Flow) -> dict[str, Flow]:
    """With those of a period, and without those that are too old."""
    summed = {**flows, period: added(flows.get(period, NONE), flow)}
    newest = newest_of(list(summed))
    return {name: each for name, each in summed.items() if is_kept(name, newest)}


class MemoryShardStore:
    """What each shard keeps."""

    def __init__(self, table: tuple[Collection[Any, Any], ...] = SHARD, feeds: MemoryFeedStore | None = None) -> None:
        self._shards: dict[int, _Shard] = {}
        self._rooms: dict[str, MemoryShardStore] = {}
        self._loaded, self._of_subjects = loaded(table), of_subjects(table)
        self._feeds = feeds or MemoryFeedStore()
        self._feeds.count = self._count_marks

    async def owner(self, shard: int) -> int | None:
        return self._shards.get(shard, _Shard()).held.epoch

    async def claim(self, shard: int, epoch: int, after: int | None) -> Stored | None:
        kept = self._shards.setdefault(shard, _Shard())
        may_claim(shard, kept.held, after)
        kept.held = Held(FORMAT, epoch, kept.held.number)
        if kept.held.number is None:
            return None
        return Stored(
            number=kept.held.number,
            head=kept.head,
            positions=dict(kept.positions),
            outbox=decode_outbox(kept.contents[OUTBOX]),
            collections={each: dict(kept.contents[each]) for each in self._loaded if not each.is_large},
            rebuilds=kept.rebuilds,
        )

    async def load(self, shard: int, epoch: int, takers: Mapping[Collection[Any, Any], Take]) -> None:
        kept = self._shards.get(shard, _Shard())
        owns(shard, kept.held, epoch)
        for collection, take in takers.items():
            if kept.contents[collection]:
                take(list(kept.contents[collection].items()))

    async def claim_back(self, shard: int, epoch: int, after: int, number: int) -> bool:
        kept = self._shards.setdefault(shard, _Shard())
        may_claim(shard, kept.held, after)
        kept.held = Held(FORMAT, epoch, kept.held.number)
        return kept.held.number == number

    async def save(self, shard: int, epoch: int, checkpoint: Checkpoint) -> None:
        kept = self._shards.get(shard, _Shard())
        if not may_save(shard, kept.held, epoch, checkpoint.number, seen=kept.held.number):
            return
        kept.held = kept.held._replace(number=checkpoint.number)
        kept.head = checkpoint.head
        kept.positions = dict(checkpoint.positions)
        kept.rebuilds = checkpoint.rebuilds
        for write in writes_of(checkpoint, self._of_subjects):
            if write.collection.form is Form.FEEDS:
                self._feeds.apply(shard, write)
            else:
                kept.apply(write)

    def _count_marks(self, shard: int, write: Write[Any, Any]) -> None:
        self._shards.setdefault(shard, _Shard()).apply(write)

    async def mark_published(self, shard: int, epoch: int, number: int) -> None:
        kept = self._shards.get(shard, _Shard())
        owns(shard, kept.held, epoch)
        kept.apply(Write(OUTBOX, drop=[saved for saved in kept.contents[OUTBOX] if saved <= number]))

    async def get(self, shard: int, collection: Collection[Name, Value], name: Name) -> Value | None:
        value: Value | None = self._shards.get(shard, _Shard()).contents[collection].get(name)
        return value

    async def values(self, shard: int, collection: Collection[Name, Value], names: Sequence[Name]) -> dict[Name, Value]:
        kept = self._shards.get(shard, _Shard()).contents[collection]
        return {name: kept[name] for name in names if name in kept}

    async def earliest(
        self, shard: int, collection: Collection[Name, int], until: int, most: int
    ) -> Sequence[tuple[Name, int]]:
        kept = self._shards.get(shard, _Shard()).contents[collection]
        return sorted(((name, at) for name, at in kept.items() if at <= until), key=lambda each: each[::-1])[:most]

    async def beginning_with(self, shard: int, collection: Collection[Name, Value], start: str) -> dict[Name, Value]:
        kept: dict[Name, Value] = self._shards.get(shard, _Shard()).contents[collection]
        return {name: value for name, value in kept.items() if str(name).startswith(start)}

    async def some(self, shard: int, collection: Collection[Name, Value], most: int) -> dict[Name, Value]:
        return dict(islice(self._shards.get(shard, _Shard()).contents[collection].items(), most))

    async def profile(self, shard: int, user: str) -> StoredProfile | None:
        kept = self._shards.get(shard, _Shard())
        row = kept.contents[ROWS].get(user)
        return None if row is None else StoredProfile(kept.head, row, kept.contents[DOCUMENTS].get(user, b""))

    async def progress(self, shard: int) -> Progress | None:
        kept = self._shards.get(shard, _Shard())
        return None if kept.held.number is None else Progress(kept.held.number, dict(kept.positions))

    async def head(self, shard: int) -> bytes | None:
        kept = self._shards.get(shard, _Shard())
        return None if kept.held.number is None else kept.head

    async def is_published(self, shard: int, number: int) -> bool:
        return all(waiting > number for waiting in self._shards.get(shard, _Shard()).contents[OUTBOX])

    async def all(self) -> dict[int, StoredShard]:
        saved = {shard: kept for shard, kept in self._shards.items() if kept.held.number is not None}
        return {shard: StoredShard(kept.head, len(kept.contents[ROWS])) for shard, kept in saved.items()}

    async def members(self, shard: int, segment: str, of: Collection[str, str] = MEMBERS) -> set[str]:
        return set(self._shards.get(shard, _Shard()).contents[of].get(segment, ()))

    async def each_member(
        self, shard: int, segment: str, of: Collection[str, str] = MEMBERS
    ) -> AsyncIterator[Sequence[str]]:
        yield list(await self.members(shard, segment, of))

    async def sizes(self, of: Collection[str, str] = MEMBERS) -> dict[str, int]:
        sizes: Counter[str] = Counter()
        for kept in self._shards.values():
            sizes.update({segment: len(members) for segment, members in kept.contents[of].items()})
        return {segment: size for segment, size in sizes.items() if size}

    async def counts(self, segments: Sequence[str], periods: Sequence[str] = ()) -> dict[str, Count]:
        return {segment: self._count(segment, periods) for segment in segments}

    def _count(self, segment: str, periods: Sequence[str]) -> Count:
        size, summed = 0, dict[str, Flow]()
        for kept in self._shards.values():
            size += len(kept.contents[MEMBERS].get(segment, ()))
            flows = kept.contents[FLOWS].get(segment, {})
            summed |= {name: added(summed.get(name, NONE), flows[name]) for name in periods if name in flows}
        return Count(size, summed)

    async def flows(
        self, collection: Collection[str, bytes], names: Sequence[str], periods: Sequence[str]
    ) -> dict[str, Mapping[str, Flow]]:
        found = {name: dict[str, Flow]() for name in names}
        for kept, name in product(self._shards.values(), names):
            flows = kept.contents[collection].get(name, {})
            found[name] |= {each: added(found[name].get(each, NONE), flows[each]) for each in periods if each in flows}
        return {**found}

    async def counted_since(self) -> int | None:
        found = [kept.contents[COUNTED].get(SINCE) for kept in self._shards.values()]
        return max((since for since in found if since is not None), default=None)

    async def members_after(
        self, segment: str, after: str, most: int, of: Collection[str, str] = MEMBERS, containing: str = ""
    ) -> list[tuple[int, str]]:
        members = [(user, shard) for shard in self._shards for user in await self.members(shard, segment, of)]
        found = [(shard, user) for user, shard in sorted(members) if user > after and contains(user, containing)]
        return found[:most]

    async def entries(self, shard: int, collection: Collection[Name, bytes], name: Name) -> list[bytes]:
        return list(self._shards.get(shard, _Shard()).contents[collection].get(name, ()))[::-1]

    async def lists(
        self, shard: int, collection: Collection[Name, bytes], names: Sequence[Name]
    ) -> dict[Name, list[bytes]]:
        found = {name: await self.entries(shard, collection, name) for name in names}
        return {name: entries for name, entries in found.items() if entries}

    def beside(self, room: str) -> "MemoryShardStore":
        return self._rooms.setdefault(room, MemoryShardStore())

    async def forget(self, shard: int) -> None:
        self._shards.pop(shard, None)


class MemoryGroupStore:
    """What all workers of a group share."""

    def __init__(self) -> None:
        self._contents: dict[str, dict[Any, bytes]] = defaultdict(dict)

    async def get(self, collection: Collection[Name, bytes], name: Name) -> bytes | None:
        return self._contents[collection.key].get(name)

    async def read(self, collection: Collection[Name, bytes]) -> dict[Name, bytes]:
        return dict(self._contents[collection.key])

    async def put(self, collection: Collection[Name, bytes], name: Name, value: bytes) -> None:
        self._contents[collection.key][name] = value

    async def replace(
        self,
        collection: Collection[Name, bytes],
        name: Name,
        was: bytes,
        now: bytes,
        newest: int = 0,
        most: int | None = None,
    ) -> bytes:
        kept = self._contents[collection.key]
        found = kept.get(name, b"")
        if found == was and most is not None and (greater := max(kept, default=most)) > most:
            return kept[greater]
        if found == was:
            kept[name] = now
            for oldest in sorted(kept)[:-newest] if newest else ():
                del kept[oldest]
        return found

    async def remember(self, collection: Collection[str, bytes], name: str, for_s: int, value: bytes = b"") -> None:
        self._contents[collection.key][name] = value  # it lasts as long as the process at most

    async def remembers(self, collection: Collection[str, bytes], name: str) -> bool:
        return name in self._contents[collection.key]

    async def take(self, collection: Collection[str, bytes], name: str) -> bytes | None:
        return self._contents[collection.key].pop(name, None)
