"""Checkpoints for tests, of which the number tells the content."""

from collections.abc import Sequence
from typing import Any

from streams.kafka.message import Message
from streams.state.collection import Collection
from streams.state.format import DOCUMENTS, MARKS, MEMBERS, MEMBERSHIPS, ROWS
from streams.state.store import Checkpoint, ShardStore, Stored, Write

Pairs = Sequence[tuple[str, str]]


def checkpoint(
    number: int,
    rows: Sequence[tuple[str, bytes]] = (),
    documents: Sequence[tuple[str, bytes]] = (),
    marks: Sequence[tuple[bytes, int]] = (),
    joined: Pairs = (),
    left: Pairs = (),
    memberships: Sequence[tuple[str, bytes | None]] = (),
    **parts: Any,
) -> Checkpoint:
    """A small checkpoint. joined, left: (segment, user). memberships: None where there are none any more. `parts` are
    fields of `Checkpoint`."""
    writes: list[Write[Any, Any]] = [
        Write(ROWS, rows),
        Write(DOCUMENTS, documents),
        Write(MARKS, marks),
        Write(MEMBERS, joined, drop=left),
        Write(
            MEMBERSHIPS,
            [(user, where) for user, where in memberships if where is not None],
            drop=[user for user, where in memberships if where is None],
        ),
    ]
    parts = {"head": b"head %d" % number, "positions": {"product-events": number}} | parts
    return Checkpoint(number, writes=writes, **parts)


def whole(number: int, users: int = 1) -> Checkpoint:
    """A checkpoint that writes its number everywhere a checkpoint can write."""
    ids = [f"u-{user}" for user in range(users)]
    value = b"%d" % number
    return checkpoint(
        number,
        rows=[(user, value) for user in ids],
        documents=[(user, value) for user in ids],
        outbox=[message(number)],
        joined=[(f"at-{number}", user) for user in ids],
        left=[(f"at-{number - 1}", user) for user in ids],
        memberships=[(user, value) for user in ids],
    )


def message(number: int, key: bytes = b"u-0") -> Message:
    return Message("segment-changes", key, b"change %d" % number, (("ce_id", b"%d" % number),))


async def claimed(store: ShardStore, shard: int, epoch: int) -> Stored | None:
    """Claim a shard from whoever owns it, and read all that is stored of it."""
    stored = await store.claim(shard, epoch, after=await store.owner(shard))
    if stored is not None:
        large: dict[Collection[Any, Any], dict[Any, Any]] = {ROWS: {}, DOCUMENTS: {}}
        await store.load(shard, epoch, {collection: found.update for collection, found in large.items()})
        stored.collections = {**stored.collections, **large}
    return stored
