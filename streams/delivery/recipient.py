"""What is kept of a user to whom messages go: what was sent, what waits, what stands in the feed, and why.

Comes in and goes out: MessagePack, a few hundred bytes a user; and when something is to be done for this user next.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.delivery.decision import Verdict


class Cause(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The change that a message is about, as far as the message needs it. traits: those that the change carries.

    trigger: by which the change began it, `enters churn-risk`; what ends that withdraws the message. since: from when
    on the message's delay and its time count, ms.
    """

    change_id: str
    trigger: str
    rule: str
    segment: str
    previous: str | None
    occurred_at: int
    traits: Mapping[str, Any]
    since: int


class Waiting(msgspec.Struct, array_like=True, gc=False):
    """A message that is held until `due_at` (ms)."""

    message: str
    cause: Cause
    due_at: int


class Standing(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A message in the feed. withdraw: whether it goes when what began it ends. expires_at: ms."""

    id: str
    message: str
    change_id: str
    trigger: str
    withdraw: bool
    expires_at: int
    variant: str | None


class Shown(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A message that was sent, or would have been had the user not been held out: caps count both alike."""

    at: int
    id: str
    message: str
    group: str | None


class Applied(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The newest change of a rule that was applied: a repeat is told by it."""

    occurred_at: int
    ordinal: int


class Decided(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What was decided last about a message, and why. at: ms."""

    decision: Verdict
    reason: str
    at: int


class Successor(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Who a user is since a merge at `at_ms`, and in which shard. due_at: when all that is kept is to follow (ms); None
    once it has."""

    user: str
    shard: int
    at_ms: int
    due_at: int | None


class Recipient(msgspec.Struct, array_like=True, gc=False):
    """Of one user. applied: by rule. decided: by message. was: users who became this one, with when (ms)."""

    waiting: list[Waiting] = []
    standing: list[Standing] = []
    shown: list[Shown] = []
    applied: dict[str, Applied] = {}
    decided: dict[str, Decided] = {}
    was: dict[str, int] = {}
    successor: Successor | None = None

    @property
    def next_due(self) -> int | None:
        """When something is to be done next (ms), if nothing happens before."""
        instants = [*(each.due_at for each in self.waiting), *(each.expires_at for each in self.standing)]
        if self.successor is not None and self.successor.due_at is not None:
            instants.append(self.successor.due_at)
        return min(instants, default=None)

    @property
    def gone_to(self) -> Successor | None:
        """Who has all that was kept of this user by now."""
        return self.successor if self.successor is not None and self.successor.due_at is None else None

    @property
    def is_empty(self) -> bool:
        kept = self.waiting or self.standing or self.shown or self.applied or self.decided
        return not (kept or self.was or self.successor)

    def has(self, message: str, trigger: str) -> bool:
        """Whether the message, begun so, waits or stands in the feed."""
        waits = any((each.message, each.cause.trigger) == (message, trigger) for each in self.waiting)
        return waits or any((each.message, each.trigger) == (message, trigger) for each in self.standing)

    def encode(self) -> bytes:
        return _encode(self)

    @classmethod
    def decode(cls, raw: bytes) -> "Recipient":
        return _decode(raw)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Recipient).decode
