"""A user's home: which aliases are hers, and how much of what came under each has been applied.

    claim     a record of hers bears an alias: its home is told, once
    accept    what came under an alias: whether it is to be applied, or a repeat
    lose      an alias is another's since
    give      she is another from then on: her aliases are that user's
    erase     all her aliases are to be forgotten

Comes in: links, `PassedOn` and `Lost` events. Goes out: `Claim`, `Renamed` and `Forget` events, to the aliases' homes;
and what is to be written. An alias's home may tell the same twice, after a crash or when a lost state is made anew; so
what has been applied is known by the places of the records, which only grow for each link and source.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from streams.core.events import Event
from streams.core.links import Claim, Forget, How, Link, PassedOn
from streams.core.merges import Moved, Renamed

MERGED: Final = msgspec.json.encode(How.MERGE)  # is in what is kept of her, and seldom in others'
MOST_IDS: Final = 100  # of a person


class Owned(msgspec.Struct, array_like=True, gc=False):
    """An alias of a user.

    told_ms: the time of the link that its home was told; None where it was not, or where she has lost it since.
    number: of the alias's links, as `PassedOn` has it; lost_number: up to which they are over. applied: by source, the
    next offset to apply. taken: of a user who became her, as `Moved` has it; 0 before all that was kept has come.
    """

    how: How = How.ANONYMOUS
    told_ms: int | None = None
    number: int = 0
    lost_number: int = 0
    applied: dict[str, int] = msgspec.field(default_factory=dict)
    taken: int = 0

    @property
    def is_hers(self) -> bool:
        return self.told_ms is not None


NOTHING: Final[Mapping[str, bytes]] = MappingProxyType({})
TOO_MANY_IDS: Final = "too many ids of one person"


class Owners:
    """Of one shard. told: how many links."""

    def __init__(self, stored: Mapping[str, bytes] = NOTHING):
        self._owned = dict(stored)
        self._changed: set[str] = set()
        self.told = 0

    def of(self, user: str) -> dict[str, Owned]:
        """By alias."""
        raw = self._owned.get(user)
        return {} if raw is None else _OWNED.decode(raw)

    def may_claim(self, user: str, link: Link) -> bool:
        """Whether she has it, or room for one more."""
        return self.has(user, link.alias) or self.has_room(user)

    def has(self, user: str, alias: str) -> bool:
        owned = self.of(user)
        return alias in owned and owned[alias].is_hers

    def count(self, user: str) -> int:
        """How many aliases are hers."""
        return sum(each.is_hers for each in self.of(user).values())

    def has_room(self, user: str, for_ids: int = 1) -> bool:
        return self.count(user) + for_ids <= MOST_IDS

    def has_taken(self, user: str, moved: Moved) -> bool:
        """Whether all that was kept of who is gone has come before, by that merge."""
        one = self.of(user).get(moved.gone, Owned())
        return moved.number <= max(one.taken, one.lost_number)

    def own(self, user: str, moved: Moved, ts: int) -> None:
        """Another user is her from then on, and that user's aliases are hers; where that user is among them,
        as what they say."""
        owned = self.of(user)
        owned.setdefault(moved.gone, Owned()).taken = moved.number
        for alias, how in {moved.gone: How.MERGE, **moved.aliases}.items():
            theirs = owned.setdefault(alias, Owned())
            theirs.how, theirs.told_ms = How(how), ts
        self._keep(user, owned)

    def give(self, gone: str, into: str, ts: int) -> tuple[dict[str, str], list[Event]]:
        """Her aliases, for who she is from then on; and what their homes are to be told. How much of each was applied
        is kept, for what is still on its way to her."""
        owned = self.of(gone)
        hers = {alias: one for alias, one in owned.items() if one.is_hers}
        told = [Event(alias, ts, "", False, None, {}, {}, identity=Renamed(gone, into)) for alias in hers]
        for one in hers.values():
            one.told_ms = None
        if owned:
            self._keep(gone, owned)
        return {alias: one.how for alias, one in hers.items()}, told

    def claim(self, user: str, link: Link, ts: int) -> list[Event]:
        """What the alias's home is to be told: nothing where it knows. Of an alias that may move it is told each time,
        as another user may have it by now, or be said to have had it before."""
        owned = self.of(user)
        one = owned.get(link.alias, Owned())
        if one.is_hers and not link.how.moves:
            return []
        one.how, one.told_ms = link.how, ts
        self._keep(user, owned | {link.alias: one})
        self.told += 1
        return [Event(link.alias, ts, "", False, None, {}, {}, identity=Claim(user, link.how))]

    def merged(self) -> Iterator[tuple[str, str]]:
        """Users, each with who became her."""
        for user, raw in self._owned.items():
            for alias, one in self.of(user).items() if MERGED in raw else ():
                if one.is_hers and one.how is How.MERGE:
                    yield user, alias

    def accept(self, user: str, passed_on: PassedOn) -> bool:
        """Whether it is to be applied: it has not been before, and the alias is still hers."""
        owned = self.of(user)
        one = owned.setdefault(passed_on.alias, Owned())
        if passed_on.number < one.number or passed_on.number <= one.lost_number:
            return False
        if passed_on.number > one.number:
            one.number, one.applied = passed_on.number, {}
        source, offset = passed_on.place.source, passed_on.place.offset
        if offset < one.applied.get(source, 0):
            return False
        one.applied[source] = offset + 1
        self._keep(user, owned)
        return True

    def keep(self, user: str) -> None:
        """Write anew what is known of a user of whom nothing else stays here, for what is still on its way to her."""
        if user in self._owned:
            self._changed.add(user)

    def lose(self, user: str, alias: str, number: int) -> bool:
        """Whether she had it by that link."""
        owned = self.of(user)
        one = owned.get(alias)
        if one is None or number < one.number or one.lost_number >= number:
            return False
        one.told_ms, one.number, one.lost_number = None, number, number
        self._keep(user, owned)
        return True

    def erase(self, user: str, until_ms: int) -> list[Event]:
        """All that is of up to then: a user who came back has aliases of her own."""
        owned = self.of(user)
        gone = [alias for alias, one in owned.items() if one.told_ms is None or one.told_ms <= until_ms]
        told = [self.forgotten(alias, user, until_ms) for alias in gone if owned[alias].is_hers]
        if len(gone) < len(owned):
            self._keep(user, {alias: one for alias, one in owned.items() if alias not in gone})
        elif self._owned.pop(user, None) is not None:
            self._changed.add(user)
        return told

    @staticmethod
    def forgotten(alias: str, user: str, until_ms: int) -> Event:
        """What the home of an erased user's alias is to be told."""
        return Event(alias, until_ms, "", False, None, {}, {}, identity=Forget(user))

    def take(self) -> tuple[list[tuple[str, bytes]], list[str]]:
        """Since the last call: what is to be written of users, and who has nothing any more."""
        put = [(user, self._owned[user]) for user in self._changed if user in self._owned]
        drop = [user for user in self._changed if user not in self._owned]
        self._changed = set()
        return put, drop

    @property
    def untold(self) -> int:
        """How much has changed since `take`."""
        return len(self._changed)

    def _keep(self, user: str, owned: dict[str, Owned]) -> None:
        self._owned[user] = _ENCODER.encode(owned)
        self._changed.add(user)


_ENCODER: Final = msgspec.json.Encoder()
_OWNED: Final = msgspec.json.Decoder(dict[str, Owned])
