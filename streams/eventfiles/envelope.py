"""A line as a record, as far as it must be read to say where it belongs.

Comes in: a line's bytes. Goes out: its `Envelope`.
"""

from hashlib import sha256

import msgspec


class NoObject(ValueError):
    """The line is not one JSON object."""


class Envelope(msgspec.Struct):
    """As much of a record as says where it belongs."""

    type: object = None
    object_: object = msgspec.field(default=None, name="object")
    user_id: object = msgspec.field(default=None, name="userId")
    message_id: object = msgspec.field(default=None, name="messageId")

    @property
    def is_billing(self) -> bool:
        """A billing update of the plain form, or an event of Stripe's."""
        return self.type == "billing" or self.object_ == "event"

    @property
    def user(self) -> str | None:
        return self.user_id if isinstance(self.user_id, str) and self.user_id else None

    @property
    def can_be_told_from_a_repeat(self) -> bool:
        """By a `messageId`, as which an event of Stripe's has its `id`."""
        return bool(self.message_id) or self.object_ == "event"


_decode = msgspec.json.Decoder(Envelope).decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def envelope(line: bytes) -> Envelope:
    try:
        return _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NoObject from error


def with_id(line: bytes) -> bytes:
    """The line, an object, with a `messageId` made from what it says: the same whenever the same is said again.

    >>> one, other = with_id(b'{"type":"track","event":"X"}'), with_id(b'{ "event": "X", "type": "track" }')
    >>> one[-80:] == other[-80:], one[:36]
    (True, b'{"type":"track","event":"X","message')
    """
    said = msgspec.json.encode(msgspec.json.decode(line), order="deterministic")
    members = _decode_members(line)
    members["messageId"] = msgspec.Raw(msgspec.json.encode(sha256(said).hexdigest()))
    return msgspec.json.encode(members)
