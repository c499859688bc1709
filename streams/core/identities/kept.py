"""A record as it is kept under an alias, and as it travels between shards.

Comes in: an event, and where its record stands. Goes out: bytes, compact JSON, which has any whole number that a record
has; and the same back, also where it was packed to wait (`packing`).
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from streams.core.events import Event
from streams.core.identities import packing
from streams.core.links import Link, Place, Unlinked

_TELLS_NO_STATE: Final = b"[null"


class Numbered(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How a kept record begins.

    state_of: the subscription whose whole state it tells, as those of Stripe's do. number: its place among all that the
    shard ever kept.
    """

    state_of: str | None
    number: int


class Kept(Numbered, frozen=True, array_like=True, gc=False):
    """All of it."""

    place: Place
    event: Event

    @property
    def links(self) -> tuple[Link, ...]:
        return self.event.identity.links if isinstance(self.event.identity, Unlinked) else ()

    @property
    def rank(self) -> tuple[int, int, int]:
        """The greatest of a subscription's is its newest state."""
        return self.event.ts, self.event.order, self.number


def keep(number: int, place: Place, event: Event, enough_bytes: int | None = None) -> bytes:
    """Without the alias and the place, under which it is found; and without what no rule read of its context when it
    came, where that would be more than enough."""
    links = event.identity.links if isinstance(event.identity, Unlinked) else ()
    slim = replace(event, subject="", identity=Unlinked(links) if links else None)
    raw = _ENCODER.encode(Kept(state_of(event), number, place, slim))
    if enough_bytes is None or len(raw) <= enough_bytes or event.unread_context is None:
        return raw
    return keep(number, place, replace(event, unread_context=None))


def state_of(event: Event) -> str | None:
    """An update that names its customer tells all of its subscription."""
    if not event.touches_ledger or event.properties.get("customer") is None:
        return None
    return str(event.properties.get("subscription_id"))


def tells_a_state(raw: bytes) -> bool:
    return not raw.startswith(_TELLS_NO_STATE)


def newest_states(records: Iterable[Kept]) -> set[int]:
    """The numbers of the records that tell the newest state of a subscription."""
    newest: dict[str, Kept] = {}
    for one in records:
        if one.state_of is not None and (one.state_of not in newest or newest[one.state_of].rank < one.rank):
            newest[one.state_of] = one
    return {one.number for one in newest.values()}


def read(raw: bytes) -> Kept:
    return _KEPT.decode(packing.unpack(raw))


def number_of(raw: bytes) -> int:
    """Without what else it says, which takes several times as long to read."""
    return _NUMBERED.decode(packing.head(raw)).number


def encode(event: Event) -> bytes:
    """What one shard tells another."""
    return _ENCODER.encode(event)


def decode(raw: bytes) -> Event:
    """msgspec.MsgspecError: it is no event."""
    return _EVENT.decode(raw)


def _plain(view: object) -> dict[object, object]:
    """A mapping that is no dict, as that of no properties at all."""
    if isinstance(view, Mapping):
        return dict(view)
    raise NotImplementedError(type(view))


_ENCODER: Final = msgspec.json.Encoder(enc_hook=_plain)
_KEPT: Final = msgspec.json.Decoder(Kept)
_NUMBERED: Final = msgspec.json.Decoder(Numbered)
_EVENT: Final = msgspec.json.Decoder(Event)
