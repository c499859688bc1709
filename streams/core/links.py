"""Aliases and links, as records speak of them: ids that are not a user's own, and word of whose they are.

Goes out: what an `Event` may have as its `identity`, beside what happened. A record has a `Linking` where it names a
user and bears aliases, and is `Unlinked` where it has an alias alone. The others are what the home of a user and the
home of an alias tell each other (`streams.core.identities`).
"""

from enum import StrEnum
from typing import Final

import msgspec

from streams.core.merges import Asked, Erase, Granted, Merge, Moved, Refused, Renamed


class How(StrEnum):
    """By what a link is known."""

    ANONYMOUS = "anonymousId"
    ALIAS = "alias"
    CUSTOMER = "customer"
    TRAIT = "trait"
    MERGE = "merge"

    @property
    def moves(self) -> bool:
        """Whether who is linked anew has it from then on. Other aliases are their first user's."""
        return self in (How.CUSTOMER, How.TRAIT)


class Link(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An alias that is the user's whom a record names."""

    alias: str
    how: How


class Place(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where a record stands: `source` is `<topic>/<partition>`."""

    source: str
    offset: int


class Linking(msgspec.Struct, frozen=True, array_like=True, tag=0, gc=False):
    """The event's subject is the user of these aliases. had: whose the subscription was before that it is about."""

    links: tuple[Link, ...]
    had: str | None = None


class Unlinked(msgspec.Struct, frozen=True, array_like=True, tag=1, gc=False):
    """The event's subject is an alias; whoever it is linked to is the user of `links`, too.

    place: of a record that came to a foreign partition, where that was. had: as `Linking` has it.
    """

    links: tuple[Link, ...] = ()
    place: Place | None = None
    had: str | None = None


class Claim(msgspec.Struct, frozen=True, array_like=True, tag=2, gc=False):
    """To an alias, the event's subject: it is this user's."""

    user: str
    how: How


class PassedOn(msgspec.Struct, frozen=True, array_like=True, tag=3, gc=False):
    """To a user: what came under an alias.

    number: of the alias's links, from 1. place: of the record. Of one link and source places only grow. linked_ms: the
    time of that user's newest link; None where it is not known.
    """

    alias: str
    number: int
    place: Place
    links: tuple[Link, ...] = ()
    linked_ms: int | None = None


class Lost(msgspec.Struct, frozen=True, array_like=True, tag=4, gc=False):
    """To a user: the alias is another's since. number: as `PassedOn` has it."""

    alias: str
    number: int


class Handed(msgspec.Struct, frozen=True, array_like=True, tag=12, gc=False):
    """To a user or a customer: the event's subscription, of which it says nothing else, is this one's since."""

    to: str


class Forget(msgspec.Struct, frozen=True, array_like=True, tag=5, gc=False):
    """To an alias, the event's subject: this user was erased, with all up to the event's time."""

    user: str


Merging = Merge | Asked | Granted | Refused | Moved | Erase
Identity = Linking | Unlinked | Claim | PassedOn | Lost | Handed | Forget | Renamed | Merging
NOWHERE: Final = Place("", 0)
