"""Commands about deliveries.

Comes in: one record of `delivery-commands`, such as

    {"type": "send", "message": "come-back", "change": {"type": "segment.entered", "user_id": "u-1", ..}}
    {"type": "again", "endpoint": "crm", "change": {..}}
    {"type": "merged", "userId": "u-1", "into": "u-2", "shard": 3, "atMs": 1773565200000}
    {"type": "moved", "userId": "u-2", "gone": "u-1", "atMs": 1773565200000, "recipient": "..", "feed": [..]}

A message is to go to somebody who is in its segment already, by the change by which they came in; or what came of a
change is to go once more: a message or, where none is named, the change itself to an endpoint. The change is as
segment-changes has it. The others are of two users who are one by now: a worker tells whoever delivers to who is gone,
and they send what they had of her to whoever delivers to who stays. Goes out: the parts of each.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec


class Send(msgspec.Struct, tag="send", gc=False):
    """change: its JSON as it is."""

    change: msgspec.Raw
    message: str


class Again(msgspec.Struct, tag="again", omit_defaults=True, gc=False):
    """change: its JSON as it is. message: empty where it is about the change itself, which then goes to `endpoint`.
    user: who the change's user is by now, where that is another."""

    change: msgspec.Raw
    message: str = ""
    endpoint: str = ""
    user: str = msgspec.field(name="userId", default="")


class Merged(msgspec.Struct, tag="merged", frozen=True, gc=False):
    """A user is another from then on, whose changes are in partition `shard`. at_ms: of the merge."""

    user: str = msgspec.field(name="userId")
    into: str
    shard: int
    at_ms: int = msgspec.field(name="atMs")


class FeedEntry(msgspec.Struct, frozen=True, gc=False):
    """A message that stood in the feed of who is gone. message: as it was put there; marks: mark -> when, ms."""

    id: str
    message: bytes
    marks: Mapping[Literal["seen", "read", "clicked", "dismissed"], int]


class Moved(msgspec.Struct, tag="moved", frozen=True, omit_defaults=True, gc=False):
    """To a user: what was kept of another, who is this one from then on; a part of the feed, where that is long.

    recipient: as it was stored, with the last part.
    """

    user: str = msgspec.field(name="userId")
    gone: str
    at_ms: int = msgspec.field(name="atMs")
    feed: Sequence[FeedEntry]
    recipient: bytes = b""


Command = Send | Again | Merged | Moved
_decode = msgspec.json.Decoder(Command).decode
encode = msgspec.json.Encoder().encode


def decode(raw: bytes) -> Command:
    """msgspec.DecodeError: it is none."""
    command: Command = _decode(raw)
    return command


def send(message: str, change: bytes) -> bytes:
    return encode(Send(msgspec.Raw(change), message))


def again(message: str, endpoint: str, change: bytes, user: str = "") -> bytes:
    """As `Again` has them."""
    return encode(Again(msgspec.Raw(change), message, endpoint, user))
