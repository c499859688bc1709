"""The canonical event: what every foreign shape is decoded to, and what a profile is folded from.

Comes in: one record's bytes (`streams.sources`). Goes out: an `Event`, a `Reject` that says why not, or `Ignored`,
which is no fault and nobody's event.
"""

from collections.abc import Mapping

import msgspec

from streams.core.links import Identity

Scalar = str | float | int | bool
Value = Scalar | list[object] | None


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One product event or billing update of one subject: of a user, or of an alias (`streams.core.links.Unlinked`).

    ts: event time, ms since 1970 UTC.
    name: what it counts as; empty where it counts as nothing (identify, group, alias).
    active: whether it is the subject's own doing (`any` in rules).
    properties: flat, dotted names; only those that rules read (all of them for a billing update, and for what waits
    under an alias). One that is None is gone, as a billing update tells it.
    traits: flat, dotted names, to set, or to remove where None; empty for most events. What stood nested under a name
    goes with it, so that an object is its name with None, and after it what is in it.
    touches_ledger: a Subscription or Trial update.
    order: its place among updates of one instant about one subscription, where the source tells it; else 0.
    identity: what it says of aliases; None where it names its user and nothing else, as most do.
    unread_context: flat, dotted names below `context` that no rule read when it came; only of what waits under an
    alias, or may be passed on as its user is another: it may be empty then.
    """

    subject: str
    ts: int
    name: str
    active: bool
    message_id: str | None
    properties: Mapping[str, Value]
    traits: Mapping[str, Value]
    touches_ledger: bool = False
    order: int = 0
    identity: Identity | None = None
    unread_context: Mapping[str, Value] | None = None


class Reject(msgspec.Struct, frozen=True, gc=False):
    """Why a record cannot be used: `code` to count by, `reason` for a person (field and type, never the value)."""

    code: str
    reason: str


class Ignored(msgspec.Struct, frozen=True, gc=False):
    """A kind of event that means nothing to us, which is no fault: counted by its kind, and passed over."""

    kind: str


Decoded = Event | Reject | Ignored


class Reads(msgspec.Struct, frozen=True):
    """What rules read of an event, so that nothing else is decoded.

    properties: event name -> dotted property names; of_any: property names read of every event beside them;
    context: dotted names below `context` that are read as traits.
    unlinked_whole: whether all properties and all of `context` are read of who is known by an alias alone: other rules
    may be there once it is linked.
    """

    properties: Mapping[str, frozenset[str]]
    of_any: frozenset[str] = frozenset()
    context: frozenset[str] = frozenset()
    unlinked_whole: bool = False
