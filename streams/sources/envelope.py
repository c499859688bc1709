"""The envelope: as much of a record as says where it belongs, which form it is of, and whose it is.

Comes in: a record's bytes. Goes out: its `Envelope`.
"""

from hashlib import sha256
from typing import Final

import msgspec

from streams.sources.mending import mended


class NoObject(ValueError):
    """It is not one JSON object."""


class Envelope(msgspec.Struct):
    """Nothing of it has been checked."""

    type: object = None
    object_: object = msgspec.field(default=None, name="object")
    user_id: object = msgspec.field(default=None, name="userId")
    anonymous_id: object = msgspec.field(default=None, name="anonymousId")
    message_id: object = msgspec.field(default=None, name="messageId")
    id: object = None

    @property
    def can_be_told_from_a_repeat(self) -> bool:
        """By a `messageId`, as which an event of Stripe's has its `id`."""
        return bool(self.message_id) or self.object_ == "event"


ENVELOPE: Final = msgspec.json.Decoder(Envelope)
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def envelope(line: bytes) -> Envelope:
    """Of a line that is read only as its sender meant it, too."""
    try:
        return ENVELOPE.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if (meant := _mended(line)) is None:
            raise NoObject from error
    return envelope(meant)


def _mended(line: bytes) -> bytes | None:
    try:
        text = mended(line.decode())
    except UnicodeDecodeError:
        return None
    return None if text is None else text.encode()


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
