"""Checkpoints for tests, of which the number tells the content."""

from typing import Any

from streams.kafka.message import Message
from streams.state.store import Checkpoint


def checkpoint(number: int, **parts: Any) -> Checkpoint:
    """A small checkpoint; `parts` are fields of `Checkpoint`."""
    parts = {"head": b"head %d" % number, "positions": {"product-events": number}} | parts
    return Checkpoint(number, **parts)


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
