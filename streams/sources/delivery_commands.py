"""Commands about deliveries: a message is to go to somebody who is in its segment already.

Comes in: one record of `delivery-commands`, such as

    {"type": "send", "message": "come-back", "change": {"type": "segment.entered", "user_id": "u-1", ..}}

in which the change is that by which the user came in, as segment-changes has it. Goes out: its parts.
"""

import msgspec


class Command(msgspec.Struct, gc=False):
    """change: its JSON as it is."""

    type: str
    message: str
    change: msgspec.Raw


_decode = msgspec.json.Decoder(Command).decode
_encode = msgspec.json.Encoder().encode


def decode(raw: bytes) -> Command:
    """msgspec.DecodeError: it is none."""
    return _decode(raw)


def encode(message: str, change: bytes) -> bytes:
    return _encode(Command("send", message, msgspec.Raw(change)))
