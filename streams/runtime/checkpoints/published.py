"""What a shard has published: a state that is made anew from the topics says again only what does not stand there.

Comes in: the records of the shard's own partitions of `segment-changes` and `segment-memberships`, as they are when the
shard begins anew. Goes out: whether a change was published, whether it is known where a user stands, and where that is;
and up to which version that was said.

A change was published if its id stands there. Kafka may have let go of the oldest ones by then; those are known by the
memberships, which it keeps: they are published after the changes that made them, so that a user's change of before
hers was published, too.

What a change of rules told is told as of then. Made anew, the rules were always there: the same step comes as of
another instant, and has another id. It is known by its user, rule and ordinal, and by where it led.

Of a change 8 bytes are kept here, of one by a change of rules 24, of a user 44 and 4 for each segment she has stood in,
and what `told` keeps of where changes led, until the state has caught up: at most 320 MB for ten million changes, over
all workers. The chance that any of a hundred thousand new ones is taken for one of ten million is one in 18 million.
"""

import asyncio
from array import array
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Final, NamedTuple, Protocol

import msgspec
import numpy as np
import numpy.typing as npt
from faust.types import TP
from xxhash import xxh3_64_intdigest

from streams.core.changes import Change
from streams.core.engine.decoding import Memberships
from streams.core.kernel.layout import NEVER
from streams.core.subjects import USER
from streams.kafka.message import Message
from streams.outputs.change import decode_change
from streams.outputs.membership import Membership, decode_membership, encode_segments
from streams.runtime.checkpoints.told import Reading, Told

Hashes = npt.NDArray[np.uint64]
MOST: Final = (1 << 32) - 1  # of an ordinal
ID_DIGITS: Final = 16  # of the hexadecimal ones of a change's id, as many as 8 bytes have


class Known(Protocol):
    """A record as Kafka has it."""

    @property
    def value(self) -> bytes | None: ...

    @property
    def key(self) -> bytes | None: ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Topics(Protocol):
    def reading_back(self, tp: TP) -> AbstractAsyncContextManager[tuple[int, AsyncIterator[Sequence[Known]]]]:
        """The first offset of a partition that there is, and all records that stand there now, in order."""


class Standing(NamedTuple):
    """Of one user the newest that stands there: when it changed, ms, and a hash of the segments."""

    updated_at: int
    segments: int


BY_RULES: Final = b'"cause":"rule_change"'
BY_ERASURE: Final = b'"cause":"erase"'
NOTHING: Final = Standing(NEVER, 0)
GONE: Final = Membership("", {}, NEVER, 0, USER)  # what a tombstone says


class Segments:
    """Of each of some records the segments that a user is in, with the ordinals of the changes by which she entered."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, ...], int] = {}  # few, as most users are in what others are in, too
        self._names: list[tuple[str, ...]] = []  # by place
        self._those, self._begins, self._ordinals = array("I"), array("Q"), array("I")

    def add(self, segments: Memberships) -> None:
        names = tuple(segments)
        place = self._places.setdefault(names, len(self._names))
        if place == len(self._names):
            self._names.append(names)
        self._those.append(place)
        self._begins.append(len(self._ordinals))
        self._ordinals.extend(ordinal & MOST for _, ordinal in segments.values())

    def of(self, record: int) -> Iterator[tuple[str, int]]:
        """Of one, by its place among all."""
        names, begin = self._names[self._those[record]], self._begins[record]
        return zip(names, self._ordinals[begin : begin + len(names)], strict=True)


class Steps:
    """What changes of rules told, until who was told of was erased: then ordinals begin anew."""

    def __init__(self) -> None:
        self._users, self._steps = array("Q"), array("Q")
        self._begins: dict[int, int] = {}  # of who was erased, the first that is of after that

    def add(self, raw: bytes) -> None:
        """What a change says, if it is one of these."""
        if not any(cause in raw for cause in (BY_RULES, BY_ERASURE)):
            return
        change = decode_change(raw)
        user = _name(change.subject)
        if change.cause == "erase":
            self._begins[user] = len(self._steps)
        elif change.cause == "rule_change":
            self._users.append(user)
            self._steps.append(_step(change))

    def known(self) -> Hashes:
        begins = [self._begins.get(user, 0) <= place for place, user in enumerate(self._users)]
        return np.unique(np.frombuffer(self._steps, np.uint64)[np.array(begins, bool)])


class Published:
    """Of one shard. `changes` and `users`: how many of each are known. `version`: the greatest of what is said of users
    there, 0 where nothing is."""

    def __init__(
        self,
        ids: Hashes,
        users: Hashes,
        memberships: Sequence[npt.NDArray[Any]],
        segments: Segments,
        steps: Hashes,
        version: int,
        forgets: bool,
        told: Told,
    ):
        self.told = told
        self._steps = steps
        self._ids, self._names, self._memberships, self._forgets = ids, users, memberships, forgets
        self._segments = segments
        self._forgotten: set[int] = set()
        self._said: set[int] = set()
        self.changes, self.users, self.version = len(ids), len(users), version

    def has(self, change: Change) -> bool:
        if _place(self._ids, _id(change.id.encode())) is not None:
            return True
        return self._forgets and change.occurred_at < self._of(_name(change.subject)).updated_at

    def has_step(self, change: Change) -> bool:
        """Whether a change of rules told just that, as of another instant."""
        return _place(self._steps, _step(change)) is not None

    def knows(self, user: str, changed_at: int, segments: bytes) -> bool:
        """Whether the user's memberships as of a change, or newer ones, stand there. segments: as `encode_segments`.
        What has been said of her since is the newest there, and it may be of before."""
        name = _name(user)
        known = NOTHING if name in self._said else self._of(name)
        return changed_at < known.updated_at or known == (changed_at, xxh3_64_intdigest(segments))

    def stands(self, user: str) -> Memberships:
        """Which segments she stands in there: each since her newest change, at the latest."""
        name = _name(user)
        place, (updated_at, _) = _place(self._names, name), self._of(name)
        if place is None or updated_at == NEVER:
            return {}
        *_, records = self._memberships
        return {segment: (updated_at, ordinal) for segment, ordinal in self._segments.of(int(records[place]))}

    def say(self, messages: Iterable[Message]) -> None:
        """Where the users of these stand is said once more, after what was read, and so are changes among these."""
        for message in messages:
            self._said.add(xxh3_64_intdigest(message.key))
            change_id = dict(message.headers).get("ce_id")
            if change_id is not None and _place(self._ids, _id(change_id)) is None:
                self.told.follow_raw(message.key, message.value or b"")

    def forget(self, user: str) -> bool:
        """A user is erased: nothing is known any more of where she stands. Returns whether something was, or was said
        since."""
        name = _name(user)
        if self._of(name) == NOTHING and name not in self._said:
            return False
        self._forgotten.add(name)
        self._said.discard(name)
        return True

    def _of(self, name: int) -> Standing:
        place = _place(self._names, name)
        if place is None or name in self._forgotten:
            return NOTHING
        updated_at, segments, _ = self._memberships
        return Standing(int(updated_at[place]), int(segments[place]))


async def has_published(topics: Topics, changes: TP, source: str) -> bool:
    """Whether any change of ours stands there. It reads no further than to the first."""
    async with topics.reading_back(changes) as (_, batches):
        async for records in batches:
            if any(True for _ in _ours(records, source)):
                return True
    return False


async def read_published(topics: Topics, changes: TP, memberships: TP, source: str) -> Published:
    """source: by which changes of our group are known from those of others."""
    ids, steps, reading = array("Q"), Steps(), Reading()
    async with topics.reading_back(changes) as (begin, batches):
        async for records in batches:
            for change_id, record in _ours(records, source):
                with suppress(msgspec.DecodeError):
                    reading.add(record.key or b"", record.value or b"")
                    ids.append(change_id)
                    steps.add(record.value or b"")
    users, updated, hashes, segments, version = array("Q"), array("q"), array("Q"), Segments(), 0
    async with topics.reading_back(memberships) as (_, batches):
        async for records in batches:
            for user, said in _memberships(records):
                users.append(user)
                updated.append(said.updated_at)
                hashes.append(0 if said is GONE else xxh3_64_intdigest(encode_segments(said.segments)))
                segments.add(said.segments)
                version = max(version, said.version)
    names = np.frombuffer(users, np.uint64)
    last = _last_of_each(names)
    known = np.frombuffer(updated, np.int64)[last], np.frombuffer(hashes, np.uint64)[last], last
    known_ids, first = np.unique(np.frombuffer(ids, np.uint64), return_index=True)
    told = await asyncio.to_thread(reading.told, first)
    return Published(known_ids, names[last], known, segments, steps.known(), version, begin > 0, told)


def _ours(records: Sequence[Known], source: str) -> Iterator[tuple[int, Known]]:
    ours = source.encode()
    for record in records:
        said: Mapping[str, bytes] = dict(record.headers)
        if said.get("ce_source") == ours and "ce_id" in said:
            with suppress(ValueError):  # no id of ours
                yield _id(said["ce_id"]), record


def _name(user: str) -> int:
    """By which a user is known here: as the key of her records hashes."""
    return xxh3_64_intdigest(user.encode())


def _id(change_id: bytes) -> int:
    return int(change_id[:ID_DIGITS], 16)


def _step(change: Change) -> int:
    led_to = change.segment if change.entered else ""
    return xxh3_64_intdigest("\0".join((change.subject, change.rule, str(change.ordinal), led_to)).encode())


def _memberships(records: Sequence[Known]) -> Iterator[tuple[int, Membership]]:
    """Of each user whom a record is about what it says, `GONE` where it is a tombstone."""
    for record in records:
        user = xxh3_64_intdigest(record.key or b"")
        with suppress(msgspec.DecodeError):
            yield user, GONE if record.value is None else decode_membership(record.value)


def _last_of_each(names: Hashes) -> npt.NDArray[np.intp]:
    """The place of the last of each name, in the order of names."""
    order = np.argsort(names, kind="stable")
    _, from_the_end = np.unique(names[order][::-1], return_index=True)
    places: npt.NDArray[np.intp] = order[::-1][from_the_end]
    return places


def _place(known: Hashes, wanted: int) -> int | None:
    """Where it is among the known, in order; None if it is not."""
    place = int(np.searchsorted(known, np.uint64(wanted)))
    return place if place < len(known) and int(known[place]) == wanted else None
