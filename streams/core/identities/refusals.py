"""Links that were refused, and why: listed for whoever looks for a person that did not become one.

Comes in: an alias, the user it was to be linked to, when, and why not. Goes out: what is to be written, of the newest;
and what whoever sent it is to be told of, once for each that is listed.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from streams.core.events import Event, Reject
from streams.core.identities.owners import MOST_IDS
from streams.core.instants import format_time
from streams.core.links import Linking, Place

MOST: Final = 1_000  # of a shard


class Refusal(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """ts: the link's time, ms."""

    alias: str
    user: str
    ts: int
    why: str


class RefusedLink(NamedTuple):
    """A link of a person who has as many ids as there may be. place: of the record that bore it, which counts."""

    refusal: Refusal
    place: Place

    @property
    def why(self) -> Reject:
        has = f"`{self.refusal.user}` has {MOST_IDS} ids, as many as one person may have"
        link = f"`{self.refusal.alias}` is not linked, nor will others be; the record counts"
        return Reject("too_many_ids", f"{has}: {link}")

    @property
    def value(self) -> bytes:
        """The link, JSON."""
        refusal = self.refusal
        return _TO_JSON({"alias": refusal.alias, "userId": refusal.user, "timestamp": format_time(refusal.ts)})

    def is_about(self, event: Event) -> bool:
        """Whether it bore the link."""
        links = event.identity.links if isinstance(event.identity, Linking) else ()
        return event.subject == self.refusal.user and self.refusal.alias in (link.alias for link in links)


NO_REFUSALS: Final[Mapping[int, bytes]] = MappingProxyType({})


class Refusals:
    """Of one shard, by number. Until somebody takes them: to_tell, links of which the sender is to know."""

    def __init__(self, stored: Mapping[int, bytes] = NO_REFUSALS):
        self._kept = dict(sorted(stored.items()))
        self._next = max(stored, default=0) + 1
        self._users = {(one.user, one.why) for one in map(read_refusal, self._kept.values())}
        self._changed: set[int] = set()
        self.to_tell: list[RefusedLink] = []

    def add(self, refusal: Refusal, place: Place | None = None) -> None:
        """Of one user, the first of its kind: a sender that goes on in this way may do so by the thousand.

        place: of the record, where the sender is to know.
        """
        if (refusal.user, refusal.why) in self._users:
            return
        self._users.add((refusal.user, refusal.why))
        self._kept[self._next] = _ENCODER.encode(refusal)
        self._changed.add(self._next)
        self.to_tell += [] if place is None else [RefusedLink(refusal, place)]
        self._next += 1
        if len(self._kept) > MOST:
            oldest = next(iter(self._kept))
            gone = read_refusal(self._kept.pop(oldest))
            self._users.discard((gone.user, gone.why))
            self._changed.add(oldest)

    def take_to_tell(self) -> list[RefusedLink]:
        taken, self.to_tell = self.to_tell, []
        return taken

    def take(self) -> tuple[list[tuple[int, bytes]], list[int]]:
        """Since the last call: what is to be put, and what is to be dropped."""
        put = [(number, self._kept[number]) for number in sorted(self._changed) if number in self._kept]
        drop = [number for number in self._changed if number not in self._kept]
        self._changed = set()
        return put, drop

    @property
    def untold(self) -> int:
        return len(self._changed)


def read_refusal(raw: bytes) -> Refusal:
    return _REFUSAL.decode(raw)


_TO_JSON: Final = msgspec.json.Encoder().encode
_ENCODER: Final = msgspec.json.Encoder()
_REFUSAL: Final = msgspec.json.Decoder(Refusal)
