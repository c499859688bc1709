"""Commands about deliveries.

Comes in: one record of `delivery-commands`, such as

    {"type": "send", "message": "come-back", "change": {"type": "segment.entered", "user_id": "u-1", ..}}
    {"type": "again", "endpoint": "crm", "change": {..}}

A message is to go to somebody who is in its segment already, by the change by which they came in; or what came of a
change is to go once more: a message or, where none is named, the change itself to an endpoint. The change is as
segment-changes has it. Goes out: its parts.
"""

from typing import Literal

import msgspec


class Command(msgspec.Struct, omit_defaults=True, gc=False):
    """change: its JSON as it is."""

    type: Literal["send", "again"]
    change: msgspec.Raw
    message: str = ""
    endpoint: str = ""


_decode = msgspec.json.Decoder(Command).decode
_encode = msgspec.json.Encoder().encode


def decode(raw: bytes) -> Command:
    """msgspec.DecodeError: it is none."""
    return _decode(raw)


def send(message: str, change: bytes) -> bytes:
    return _encode(Command("send", msgspec.Raw(change), message))


def again(message: str, endpoint: str, change: bytes) -> bytes:
    """message: empty where it is about the change itself, which then goes to `endpoint`."""
    return _encode(Command("again", msgspec.Raw(change), message, endpoint))
