"""What was decided about one message and one user, and why: the answer to "why did she (not) get it"."""

from hashlib import sha256
from typing import Literal

import msgspec

from streams.delivery.feed import FeedMessage

Verdict = Literal["sent", "held", "capped", "held_out", "withdrawn", "expired", "failed"]
Channel = Literal["in_app", "webhook", "kafka", "log"]


class Decision(msgspec.Struct, frozen=True, gc=False):
    """id: the message's to this user, `message_id`; several decisions bear it, one after the other.

    at: ms. reason: for people. content: what is sent, of `sent` alone; endpoint: to which, of webhooks.
    """

    id: str
    message: str | None
    channel: Channel
    decision: Verdict
    reason: str
    change_id: str
    at: int
    variant: str | None = None
    attempt: int = 1
    content: FeedMessage | None = None
    endpoint: str | None = None


def message_id(change_id: str, message: str, user: str) -> str:
    """The same message because of the same change bears the same id, however often it is worked out.

    >>> message_id("c", "come-back", "ann")[:12]
    '41b506f10d25'
    """
    return sha256(f"{change_id}\0{message}\0{user}".encode()).hexdigest()
