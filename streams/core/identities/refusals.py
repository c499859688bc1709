"""Links that were refused, and why: listed for whoever looks for a person that did not become one.

Comes in: an alias, the user it was to be linked to, when, and why not. Goes out: what is to be written. The newest are
kept.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

MOST: Final = 1_000  # of a shard


class Refusal(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """ts: the link's time, ms."""

    alias: str
    user: str
    ts: int
    why: str


NO_REFUSALS: Final[Mapping[int, bytes]] = MappingProxyType({})


class Refusals:
    """Of one shard, by number."""

    def __init__(self, stored: Mapping[int, bytes] = NO_REFUSALS):
        self._kept = dict(sorted(stored.items()))
        self._next = max(stored, default=0) + 1
        self._users = {(one.user, one.why) for one in map(read_refusal, self._kept.values())}
        self._changed: set[int] = set()

    def add(self, refusal: Refusal) -> None:
        """Of one user, the first of its kind: a sender that goes on in this way may do so by the thousand."""
        if (refusal.user, refusal.why) in self._users:
            return
        self._users.add((refusal.user, refusal.why))
        self._kept[self._next] = _ENCODER.encode(refusal)
        self._changed.add(self._next)
        self._next += 1
        if len(self._kept) > MOST:
            oldest = next(iter(self._kept))
            gone = read_refusal(self._kept.pop(oldest))
            self._users.discard((gone.user, gone.why))
            self._changed.add(oldest)

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


_ENCODER: Final = msgspec.json.Encoder()
_REFUSAL: Final = msgspec.json.Decoder(Refusal)
