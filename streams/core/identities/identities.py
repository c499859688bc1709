"""What becomes of a shard's events that have to do with aliases. READ FIRST.

    a record of a user that bears aliases    is applied, and their homes are told
    a record under an alias alone            is kept, passed on, or passed over
    a claim, that an alias is a user's       has what was kept passed on
    what was passed on                       is applied, once
    an alias that was lost                   takes its subscriptions out of the user's ledger
    an alias to be forgotten                 is

Comes in: a batch, in the order to apply it. Goes out: what of it is to be applied, and what the homes of others are to
be told. Where one shard is all there is, as in a replay, `at_once` does both: what is told is heard right after the
record that led to it.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np
from msgspec.structs import replace

from streams.core.batch import Batch
from streams.core.events import Event
from streams.core.identities.aliases import Aliases, AliasWrites
from streams.core.identities.owners import TOO_MANY_IDS, Owners
from streams.core.identities.refusals import Refusal, Refusals
from streams.core.links import NOWHERE, Claim, Forget, How, Link, Linking, Lost, PassedOn, Place, Unlinked

WOULD_MERGE: Final = "would merge two users"
ERASED: Final = "of before it was erased"
NOTHING_TOLD: Final[list[Event]] = []  # nobody adds to it
Taken = tuple[Event | None, list[Event]]  # what is to be applied of an event, and told because of it


class Profiles(Protocol):
    """What a shard knows of its users."""

    def __contains__(self, subject: str) -> bool:
        """Whether there is a profile."""

    def is_refused(self, event: Event) -> bool:
        """Whether it is of before its subject was erased."""

    def refuse(self, subject: str, until_ms: int) -> None:
        """Refuse what is of up to then."""


class Sorted(NamedTuple):
    """apply: what the shard is to apply. told: what the homes of others are to hear, each its subject's."""

    apply: Batch
    told: list[Event]


class Written(NamedTuple):
    """What has changed since it was last taken."""

    aliases: AliasWrites
    owned: tuple[list[tuple[str, bytes]], list[str]]
    refusals: tuple[list[tuple[int, bytes]], list[int]]


class Identities:
    """Of one shard.

    dropped: by reason, how many records and links; those that `aliases` dropped are counted there.
    """

    def __init__(self, profiles: Profiles, aliases: Aliases, owners: Owners, refusals: Refusals):
        self._profiles, self.aliases, self.owners, self._refusals = profiles, aliases, owners, refusals
        self.dropped: Counter[str] = Counter()

    def sort(self, batch: Batch, sources: Sequence[str]) -> Sorted:
        """sources: what the batch's numbers of sources stand for."""
        if all(event.identity is None for event in batch.events):
            return Sorted(batch, [])
        apply: list[Event] = []
        places: list[int] = []
        told: list[Event] = []
        for at, event in enumerate(batch.events):
            applied: Event | None = event
            if event.identity is not None:
                place = Place(sources[int(batch.sources[at])], int(batch.offsets[at]))
                applied, more = self._take(event, place, apply)
                told += more
            if applied is not None:
                apply.append(applied)
                places.append(at)
        return Sorted(batch.take(np.array(places, np.int64), apply), told)

    def at_once(self, events: Sequence[Event]) -> list[Event]:
        """What of events is to be applied, where what is told is heard at once."""
        apply: list[Event] = []
        for event in events:
            waiting = [event]
            while waiting:
                one = waiting.pop()
                applied, told = (one, NOTHING_TOLD) if one.identity is None else self._take(one, None, apply)
                apply += [] if applied is None else [applied]
                waiting += reversed(told)
        return apply

    def erase(self, user: str, until_ms: int) -> list[Event]:
        """She is gone, and what is kept under her id as an alias; what the homes of her aliases are to be told."""
        self.aliases.forget(user, user)
        return self.owners.erase(user, until_ms)

    def take(self) -> Written:
        return Written(self.aliases.take(), self.owners.take(), self._refusals.take())

    @property
    def untold(self) -> int:
        """How much has changed since `take`."""
        return self.aliases.untold + self.owners.untold + self._refusals.untold

    def _take(self, event: Event, place: Place | None, before: Sequence[Event]) -> Taken:
        """place: None where whatever is told is heard once. before: what is applied before it."""
        match event.identity:
            case Linking(links):
                return event, self._claims(event, links)
            case Unlinked():
                return None, self._keep(event, place or NOWHERE)
            case Claim(user, how):
                return None, self._link(event, user, how, before)
            case PassedOn() as passed_on:
                return self._accept(event, passed_on, may_be_a_repeat=place is not None)
            case Lost(alias, number):
                return self._lose(event, alias, number, before), NOTHING_TOLD
            case Forget(user):
                self.aliases.forget(event.subject, user)
                self._profiles.refuse(event.subject, event.ts)
        return None, NOTHING_TOLD

    def _claims(self, event: Event, links: Sequence[Link]) -> list[Event]:
        if self._profiles.is_refused(event):
            return []
        told: list[Event] = []
        for link in links:
            if link.alias == event.subject:
                continue
            if self.owners.may_claim(event.subject, link):
                told += self.owners.claim(event.subject, link, event.ts)
            else:
                self.dropped[TOO_MANY_IDS] += 1
                self._refusals.add(Refusal(link.alias, event.subject, event.ts, TOO_MANY_IDS))
        return told

    def _keep(self, event: Event, place: Place) -> list[Event]:
        if self._profiles.is_refused(event):
            self.dropped[ERASED] += 1
            return []
        came_from = event.identity.place if isinstance(event.identity, Unlinked) else None
        return self.aliases.keep(event, came_from or place)

    def _link(self, event: Event, user: str, how: How, before: Sequence[Event]) -> list[Event]:
        if how is How.ALIAS and self._has_profile(event.subject, before):
            self.dropped[WOULD_MERGE] += 1
            self._refusals.add(Refusal(event.subject, user, event.ts, WOULD_MERGE))
            return []
        return self.aliases.link(event.subject, user, event.ts, how)

    def _accept(self, event: Event, passed_on: PassedOn, may_be_a_repeat: bool) -> Taken:
        if may_be_a_repeat and not self.owners.accept(event.subject, passed_on):
            return None, NOTHING_TOLD
        return replace(event, identity=None), self._claims(event, passed_on.links)

    def _lose(self, event: Event, alias: str, number: int, before: Sequence[Event]) -> Event | None:
        if not self._has_profile(event.subject, before) or not self.owners.lose(event.subject, alias, number):
            return None
        return replace(event, properties={"customer": alias}, touches_ledger=True, identity=None)

    def _has_profile(self, subject: str, before: Sequence[Event]) -> bool:
        return subject in self._profiles or any(each.subject == subject for each in before)
