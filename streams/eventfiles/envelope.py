"""A line as a record, as far as it must be read to say where it belongs.

Comes in: a line's bytes. Goes out: its `Envelope`.
"""

import msgspec


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
