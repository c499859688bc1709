"""The port to durable state: what a shard keeps, and what whoever keeps it must promise.

Comes in: checkpoints. Goes out: what the last one left, to whoever owns the shard now.
A store keeps a checkpoint whole or not at all, and none of a worker that lost the shard. `MemoryStore` is the twin
of `RedisStore` for tests; one suite of tests runs on both. Rows, documents and head are bytes like any others here.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from streams.kafka.message import Message
from streams.state.fencing import FORMAT, Held, may_claim, may_save, owns

DAYS_OBSERVED: Final = 7


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What happened in a shard since the checkpoint before: to be stored whole or not at all.

    number: greater than the stored one's; the first of a shard may be any.
    head: the shard's own small JSON.
    positions: topic -> the next offset to apply; `<topic>/<partition>` -> the same of what another shard sent on.
    erased: users whose row and document of before are removed; `rows` may have a new one all the same.
    rows, documents: of the users that changed.
    marks: by hash of a user's id, up to when (ms) events are refused.
    outbox: what is to be published once this is stored.
    joined, left: (segment, user); net, so that no pair is in both.
    memberships: user -> what other programs read of them, JSON; None removes it.
    """

    number: int
    head: bytes
    positions: Mapping[str, int]
    rows: Sequence[tuple[str, bytes]] = ()
    documents: Sequence[tuple[str, bytes]] = ()
    outbox: Sequence[Message] = ()
    joined: Sequence[tuple[str, str]] = ()
    left: Sequence[tuple[str, str]] = ()
    memberships: Sequence[tuple[str, bytes | None]] = ()
    erased: Sequence[str] = ()
    marks: Sequence[tuple[bytes, int]] = ()


@dataclass(slots=True)
class Stored:
    """A shard's state as its last checkpoint left it. The outbox is in the order in which it was to be published."""

    number: int
    head: bytes
    positions: dict[str, int]
    rows: list[tuple[str, bytes]]
    documents: dict[str, bytes]
    outbox: list[Message]
    marks: dict[bytes, int]


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


class Store(Protocol):
    """Whoever keeps the state. Every call may raise `Unreachable`, and may then be made again just so."""

    async def check(self) -> None:
        """Refuse a server that cannot keep our promises."""

    async def settle(self, name: str, value: str) -> str:
        """What is fixed at first start: the value that was given first under this name, ever."""

    async def settled(self, name: str) -> str | None:
        """The same for who only looks: None where nothing was ever settled."""

    async def claim(self, shard: int, epoch: int) -> Stored | None:
        """Own the shard from now on, so that no earlier owner can write it; None if nothing is stored."""

    async def save(self, shard: int, epoch: int, checkpoint: Checkpoint) -> None:
        """Store it whole or not at all. A repeat of the last one is no fault and changes nothing.

        Fenced: another owns the shard. StateLost: the store went back in time; claim again and go on from there.
        """

    async def mark_published(self, shard: int, epoch: int, number: int) -> None:
        """Drop the outbox of all checkpoints up to this one."""

    async def release(self, shard: int) -> None:
        """Let any generation claim the shard, for when the consumer group was deleted and counts from 1 again."""

    async def profile(self, shard: int, user: str) -> StoredProfile | None: ...

    async def memberships(self, shard: int, user: str) -> bytes | None: ...

    async def mark(self, shard: int, mark: bytes) -> int | None:
        """Up to when (ms) the events of the user with this hash are refused; None if she was never erased."""

    async def progress(self, shard: int) -> Progress | None:
        """How far the last checkpoint came; None if there was none."""

    async def is_published(self, shard: int, number: int) -> bool:
        """Whether nothing of the checkpoints up to this one waits in the outbox."""

    async def shards(self) -> dict[int, StoredShard]:
        """Every shard that was ever saved, by number."""

    async def sizes(self) -> dict[str, int]:
        """How many members each segment has, over all shards; those without any are left out."""

    async def note_observed(self, day: int, was: bytes, now: bytes) -> bytes:
        """Put `now` in the place of `was` (empty: nothing) as what was read on a day, counted from 1970 on.

        Gives what it found: if that is not `was`, another worker was quicker and nothing is changed. The newest
        DAYS_OBSERVED days are kept.
        """

    async def sightings(self) -> dict[int, bytes]:
        """What was read, by day."""

    async def tell_population(self, rule: str, shard: int, report: bytes) -> None:
        """Keep what a shard tells of its profiles for a scores rule, in the place of what it told before."""

    async def populations(self, rule: str) -> dict[int, bytes]:
        """What was told for a scores rule, by shard."""

    async def agree(self, subject: str, was: bytes, now: bytes) -> bytes:
        """Put `now` in the place of `was` (empty: nothing) as what all workers agree on.

        Gives what it found: if that is not `was`, another worker was quicker and nothing is changed.
        """

    async def agreed(self) -> dict[str, bytes]:
        """What all workers agree on, by subject."""

    async def close(self) -> None: ...


@dataclass(slots=True)
class _Shard:
    held: Held = field(default_factory=Held)
    head: bytes = b""
    positions: dict[str, int] = field(default_factory=dict)
    rows: dict[str, bytes] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)
    outbox: dict[int, list[Message]] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    memberships: dict[str, bytes] = field(default_factory=dict)
    marks: dict[bytes, int] = field(default_factory=dict)


class MemoryStore:
    """A store that lasts as long as the process. It never awaits, so that each call is one step."""

    def __init__(self) -> None:
        self._shards: dict[int, _Shard] = {}
        self._settled: dict[str, str] = {}
        self._sightings: dict[int, bytes] = {}
        self._populations: dict[str, dict[int, bytes]] = {}
        self._agreed: dict[str, bytes] = {}

    async def check(self) -> None:
        """Always fit."""

    async def settle(self, name: str, value: str) -> str:
        return self._settled.setdefault(name, value)

    async def settled(self, name: str) -> str | None:
        return self._settled.get(name)

    async def claim(self, shard: int, epoch: int) -> Stored | None:
        kept = self._shards.setdefault(shard, _Shard())
        may_claim(shard, kept.held, epoch, release=f"MemoryStore.release({shard})")
        kept.held = Held(FORMAT, epoch, kept.held.number)
        if kept.held.number is None:
            return None
        return Stored(
            number=kept.held.number,
            head=kept.head,
            positions=dict(kept.positions),
            rows=list(kept.rows.items()),
            documents=dict(kept.documents),
            outbox=[message for _, messages in sorted(kept.outbox.items()) for message in messages],
            marks=dict(kept.marks),
        )

    async def save(self, shard: int, epoch: int, checkpoint: Checkpoint) -> None:
        kept = self._shards.get(shard, _Shard())
        if not may_save(shard, kept.held, epoch, checkpoint.number, seen=kept.held.number):
            return
        kept.held = kept.held._replace(number=checkpoint.number)
        kept.head = checkpoint.head
        kept.positions = dict(checkpoint.positions)
        for user in checkpoint.erased:
            kept.rows.pop(user, None)
            kept.documents.pop(user, None)
        kept.marks.update(checkpoint.marks)
        kept.rows.update(checkpoint.rows)
        kept.documents.update(checkpoint.documents)
        if checkpoint.outbox:
            kept.outbox[checkpoint.number] = list(checkpoint.outbox)
        for segment, user in checkpoint.left:
            kept.members.get(segment, set()).discard(user)
        for segment, user in checkpoint.joined:
            kept.members.setdefault(segment, set()).add(user)
        for user, memberships in checkpoint.memberships:
            if memberships is None:
                kept.memberships.pop(user, None)
            else:
                kept.memberships[user] = memberships

    async def mark_published(self, shard: int, epoch: int, number: int) -> None:
        kept = self._shards.get(shard, _Shard())
        owns(shard, kept.held, epoch)
        kept.outbox = {saved: messages for saved, messages in kept.outbox.items() if saved > number}

    async def release(self, shard: int) -> None:
        if shard in self._shards:
            self._shards[shard].held = self._shards[shard].held._replace(epoch=None)

    async def profile(self, shard: int, user: str) -> StoredProfile | None:
        kept = self._shards.get(shard, _Shard())
        if user not in kept.rows:
            return None
        return StoredProfile(kept.head, kept.rows[user], kept.documents.get(user, b""))

    async def memberships(self, shard: int, user: str) -> bytes | None:
        return self._shards.get(shard, _Shard()).memberships.get(user)

    async def mark(self, shard: int, mark: bytes) -> int | None:
        return self._shards.get(shard, _Shard()).marks.get(mark)

    async def progress(self, shard: int) -> Progress | None:
        kept = self._shards.get(shard, _Shard())
        return None if kept.held.number is None else Progress(kept.held.number, dict(kept.positions))

    async def is_published(self, shard: int, number: int) -> bool:
        return all(waiting > number for waiting in self._shards.get(shard, _Shard()).outbox)

    async def shards(self) -> dict[int, StoredShard]:
        saved = {shard: kept for shard, kept in self._shards.items() if kept.held.number is not None}
        return {shard: StoredShard(kept.head, len(kept.rows)) for shard, kept in saved.items()}

    async def sizes(self) -> dict[str, int]:
        sizes: Counter[str] = Counter()
        for kept in self._shards.values():
            sizes.update({segment: len(members) for segment, members in kept.members.items()})
        return {segment: size for segment, size in sizes.items() if size}

    async def note_observed(self, day: int, was: bytes, now: bytes) -> bytes:
        found = self._sightings.get(day, b"")
        if found == was:
            self._sightings[day] = now
            newest = sorted(self._sightings)[-DAYS_OBSERVED:]
            self._sightings = {day: self._sightings[day] for day in newest}
        return found

    async def sightings(self) -> dict[int, bytes]:
        return dict(self._sightings)

    async def tell_population(self, rule: str, shard: int, report: bytes) -> None:
        self._populations.setdefault(rule, {})[shard] = report

    async def populations(self, rule: str) -> dict[int, bytes]:
        return dict(self._populations.get(rule, {}))

    async def agree(self, subject: str, was: bytes, now: bytes) -> bytes:
        found = self._agreed.get(subject, b"")
        if found == was:
            self._agreed[subject] = now
        return found

    async def agreed(self) -> dict[str, bytes]:
        return dict(self._agreed)

    async def close(self) -> None:
        """Nothing to let go of."""
