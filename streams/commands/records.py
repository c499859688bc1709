"""A line as a record: where it belongs, or why it cannot be used.

Comes in: a line's bytes. Goes out: its `Envelope`, or a `RejectedLine` for stderr or the file of dead letters.
"""

from dataclasses import dataclass

import msgspec

from streams.core.events import Reject

DEAD_LETTER_BYTES = 64 * 1024


class NoObject(ValueError):
    """The line is not one JSON object."""


class Envelope(msgspec.Struct):
    """As much of a record as says where it belongs."""

    type: object = None
    object_: object = msgspec.field(default=None, name="object")
    user_id: object = msgspec.field(default=None, name="userId")

    @property
    def is_billing(self) -> bool:
        """A billing update of the plain form, or an event of Stripe's."""
        return self.type == "billing" or self.object_ == "event"

    @property
    def user(self) -> str | None:
        return self.user_id if isinstance(self.user_id, str) and self.user_id else None


_decode = msgspec.json.Decoder(Envelope).decode


def envelope(line: bytes) -> Envelope:
    try:
        return _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NoObject from error


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that cannot be used, and why."""

    file: str
    number: int
    line: bytes
    why: Reject

    def __str__(self) -> str:
        return f"{self.file}:{self.number}: {self.why.reason}"

    def to_json(self) -> bytes:
        """As the dead letter that a worker would make of it: the reason, and the first 64 KiB of the line."""
        text = self.line[:DEAD_LETTER_BYTES].decode(errors="replace").rstrip("\r")
        letter = {"file": self.file, "line": self.number, "reason_code": self.why.code, "reason": self.why.reason}
        return msgspec.json.encode({**letter, "record": text, "truncated": len(self.line) > DEAD_LETTER_BYTES})
