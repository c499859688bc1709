"""What becomes of a shard's events that have to do with aliases. READ FIRST.

    a record of a user that bears aliases    is applied, and their homes are told
    a record under an alias alone            is kept, passed on, or passed over
    a claim, that an alias is a user's       has what was kept passed on
    what was passed on                       is applied, once
    an alias that was lost                   takes its subscriptions out of the user's ledger
    a subscription that is another's         leaves the ledger of who had it, who is told
    an alias of who is another now           is that user's
    an alias to be forgotten                 is
    a merge of two users                     is carried out (`merges`), and what still bears who is gone is passed on

Comes in: a batch, in the order to apply it. Goes out: what of it is to be applied, and what the homes of others are to
be told. Where one shard is all there is, as in a replay, `resolve` does both: what is told is heard right after the
record that led to it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol, Self

import numpy as np
from msgspec.structs import replace

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.events import Event
from streams.core.identities.aliases import Aliases, AliasWrites
from streams.core.identities.merges import Merges, Movable
from streams.core.identities.owners import NOTHING, TOO_MANY_IDS, Owners
from streams.core.identities.refusals import Refusal, Refusals
from streams.core.links import (
    NOWHERE,
    Claim,
    Forget,
    Handed,
    How,
    Link,
    Linking,
    Lost,
    Merging,
    PassedOn,
    Place,
    Unlinked,
)
from streams.core.merges import Erase, Merge, Renamed

WOULD_MERGE: Final = "would merge two users"
ERASED: Final = "of before it was erased"
NOTHING_TOLD: Final[list[Event]] = []  # nobody adds to it
Taken = tuple[Event | None, list[Event]]  # what is to be applied of an event, and told because of it


class Profiles(Movable, Protocol):
    """What a shard knows of its users."""

    def is_refused(self, event: Event) -> bool:
        """Whether it is of before its subject was erased."""

    def erase_one(self, subject: str, ts: int, message_id: str | None) -> list[Change]:
        """Take away what is known of a subject up to then."""

    def refuse(self, subject: str, until_ms: int) -> None:
        """Refuse what is of up to then."""


class Sorted(NamedTuple):
    """apply: what the shard is to apply. told: what the homes of others are to hear, each its subject's; turns:
    of each, as a batch has them."""

    apply: Batch
    told: list[Event]
    turns: list[int]


def pieces(batch: Batch) -> Iterator[Batch]:
    """A batch in parts, each to be applied before the next is sorted: a merge is of all that stood before it."""
    first = 0
    for at, event in enumerate(batch.events):
        if event.identity is not None and isinstance(event.identity, Merging):
            if at > first:
                yield batch[first:at]
            yield batch[at : at + 1]
            first = at + 1
    if first < len(batch):
        yield batch[first:] if first else batch


class AlsoErased(NamedTuple):
    """Who was erased, up to when (ms), because somebody else was; of: that user, where it is an alias alone."""

    subject: str
    ts: int
    message_id: str | None = None
    of: str | None = None


class Written(NamedTuple):
    """What has changed since it was last taken."""

    aliases: AliasWrites
    owned: tuple[list[tuple[str, bytes]], list[str]]
    refusals: tuple[list[tuple[int, bytes]], list[int]]
    questions: tuple[list[tuple[str, bytes]], list[str]]


class Identities:
    """Of one shard.

    merge_users: whether an `alias` record may merge two users, as a command does.
    """

    def __init__(
        self,
        profiles: Profiles,
        aliases: Aliases,
        owners: Owners,
        refusals: Refusals,
        questions: Mapping[str, bytes] = NOTHING,
        merge_users: bool = False,
    ):
        self._profiles, self.aliases, self.owners, self.refusals = profiles, aliases, owners, refusals
        self.merges = Merges(profiles, aliases, owners, questions)
        self._merge_users = merge_users
        self._erased: list[AlsoErased] = []

    @classmethod
    def empty(cls, profiles: Profiles, keep_ms: int, merge_users: bool = False) -> Self:
        """As of a shard that has read nothing yet."""
        return cls(profiles, Aliases(keep_ms), Owners(), Refusals(), merge_users=merge_users)

    @property
    def dropped(self) -> Counter[str]:
        """By reason, how many records and links."""
        return self.aliases.dropped

    def sort(self, batch: Batch, sources: Sequence[str]) -> Sorted:
        """sources: what the batch's numbers of sources stand for."""
        merged = self.aliases.merged
        if all(event.identity is None for event in batch.events) and not merged:
            return Sorted(batch, [], [])
        apply: list[Event] = []
        places: list[int] = []
        told: list[Event] = []
        turns: list[int] = []
        for at, event in enumerate(batch.events):
            applied: Event | None = event
            if event.identity is not None or event.subject in merged:
                place = Place(sources[int(batch.sources[at])], int(batch.offsets[at]))
                applied, more = self._take(event, place, apply)
                told += more
                turns += [int(batch.turns[at])] * len(more)
            if applied is not None:
                apply.append(applied)
                places.append(at)
        return Sorted(batch.take(np.array(places, np.int64), apply), told, turns)

    def resolve(self, batch: Batch) -> Iterator[Batch]:
        """What of a batch is to be applied, where what is told is heard at once: in turns, as `turns` has it."""
        if all(event.identity is None for event in batch.events) and not self.aliases.merged:
            yield batch
        else:
            yield from map(Batch.of, self.turns(batch.events))

    def at_once(self, events: Sequence[Event]) -> list[Event]:
        """What of events is to be applied, where what is told is heard at once."""
        return [event for turn in self.turns(events) for event in turn]

    def turns(self, events: Sequence[Event]) -> Iterator[list[Event]]:
        """The same in turns, each to be applied before the next is asked for: a merge is of what stood before it."""
        apply: list[Event] = []
        for event in events:
            waiting = [event]
            while waiting:
                one = waiting.pop()
                if apply and isinstance(one.identity, Merging):
                    yield apply
                    apply = []
                is_plain = one.identity is None and one.subject not in self.aliases.merged
                applied, told = (one, NOTHING_TOLD) if is_plain else self._take(one, None, apply)
                apply += [] if applied is None else [applied]
                waiting += reversed(told)
        if apply:
            yield apply

    def take_changes(self) -> list[Change]:
        """What followed from merges since the last call."""
        taken, self.merges.changes = self.merges.changes, []
        return taken

    def erase(self, user: str, until_ms: int, message_id: str | None = None) -> list[Event]:
        """She is gone, and what is kept under her id as an alias; what the homes of her aliases are to be told, or that
        of who she is, if she was merged."""
        into = self.aliases.merged.get(user)
        if into is not None:
            self.owners.keep(user)
            return [Event(into, until_ms, "", False, message_id, {}, {}, identity=Erase(user))]
        self.aliases.forget(user, user, until_ms)
        self.merges.forget(user, until_ms)
        return self.owners.erase(user, until_ms)

    def carry_out(self, erasure: AlsoErased, known_ms: int) -> list[Event]:
        """A command to erase; what is known of a user's profile has been taken away already. known_ms: up to when
        commands say that it is."""
        subject, until_ms, message_id = erasure.subject, erasure.ts, erasure.message_id
        if erasure.of is not None:
            return self._forget(subject, erasure.of, until_ms, is_known=True)
        refused_ms = self._profiles.refused_until(subject)
        if refused_ms > until_ms and subject not in self.aliases.merged:
            until_ms = refused_ms
            self._write_down(AlsoErased(subject, until_ms, message_id), known_ms)  # her profile was of later than that
        return self.erase(subject, until_ms, message_id)

    def take_erased(self) -> list[AlsoErased]:
        """What no command says of whom was erased since the last call: aliases, who she is by now, and up to when. A
        state that is made anew is to know it before it reads what is of before that."""
        taken, self._erased = self._erased, []
        return taken

    def take(self) -> Written:
        return Written(self.aliases.take(), self.owners.take(), self.refusals.take(), self.merges.take())

    @property
    def untold(self) -> int:
        """How much has changed since `take`."""
        return self.aliases.untold + self.owners.untold + self.refusals.untold + self.merges.untold

    def _take(self, event: Event, place: Place | None, before: Sequence[Event]) -> Taken:
        """place: None where whatever is told is heard once. before: what is applied before it."""
        if event.subject in self.aliases.merged:
            forwarded = self._take_of_merged(event, place)
            if forwarded is not None:
                return None, forwarded
        match event.identity:
            case Linking(links, had):
                return event, [*_hand_over(event, had), *self._claims(event, links, place or NOWHERE)]
            case Unlinked(had=had):
                return None, [*_hand_over(event, had), *self._keep(event, place or NOWHERE)]
            case Claim(user, how):
                return None, self._link(event, user, how, before)
            case PassedOn() as passed_on:
                return self._accept(event, passed_on, may_be_a_repeat=place is not None)
            case Lost(alias, number):
                return self._lose(event, alias, number, before), NOTHING_TOLD
            case Handed(to):
                return self._give_up(event, to, before)
            case _:
                return None, self._heed(event, place)

    def _heed(self, event: Event, place: Place | None) -> list[Event]:
        """What is no record: word of an erasure, or of a merge."""
        if isinstance(event.identity, Forget):
            return self._forget(event.subject, event.identity.user, event.ts)
        if isinstance(event.identity, Erase):
            return self._erase(event)
        if isinstance(event.identity, Renamed):
            self.aliases.rename(event.subject, event.identity.gone, event.identity.into)
            return NOTHING_TOLD
        return self.merges.hear(event, place or NOWHERE)

    def _erase(self, event: Event) -> list[Event]:
        """Somebody who is this user was erased: so is she, or who she is by now."""
        if event.subject not in self.aliases.merged:
            known_ms = self._profiles.refused_until(event.subject)
            self.merges.changes += self._profiles.erase_one(event.subject, event.ts, event.message_id)
            self._write_down(AlsoErased(event.subject, event.ts, event.message_id), known_ms)
        return self.erase(event.subject, event.ts, event.message_id)

    def _take_of_merged(self, event: Event, place: Place | None) -> list[Event] | None:
        """What still bears a user who is another now is passed on to her; None where it is not a record of that user's.

        Where a claim would make an alias of hers of it, it is refused: she is a user's already.
        """
        told = NOTHING_TOLD
        match event.identity:
            case None:
                links: Sequence[Link] = ()
            case Linking(links, had) | Unlinked(links, had=had):
                told = _hand_over(event, had)
            case PassedOn() as passed_on:
                if place is not None and not self.owners.accept(event.subject, passed_on):
                    return []
                links = passed_on.links
            case Lost(alias, number):
                if not self.owners.lose(event.subject, alias, number):
                    return []
                event, links = replace(event, properties={"customer": alias}, touches_ledger=True), ()
            case Claim(user) if user != self.aliases.merged[event.subject]:
                return self._refuse_to_merge(event, user)
            case _:
                return None
        came_from = event.identity.place if isinstance(event.identity, Unlinked) else None
        return [*told, *self._keep(replace(event, identity=Unlinked(tuple(links), came_from)), place or NOWHERE)]

    def _forget(self, alias: str, user: str, until_ms: int, is_known: bool = False) -> list[Event]:
        """An alias of a user who was erased. Whoever has it as the own id is somebody else, and was not; nor was who
        has it by now, of which the home of who had it may have been told too late.

        is_known: it was forgotten before, as a command says.
        """
        told = self.owners.erase(alias, until_ms) if alias in self.aliases.merged else NOTHING_TOLD
        is_hers = is_known or self.aliases.user_of(alias) in (None, user)
        self.aliases.forget(alias, user, until_ms)
        if is_hers and alias not in self._profiles:
            known_ms = until_ms if is_known else self._profiles.refused_until(alias)
            self._profiles.refuse(alias, until_ms)
            self._write_down(AlsoErased(alias, until_ms, of=user), known_ms)
        return told

    def _write_down(self, erased: AlsoErased, known_ms: int) -> None:
        """If no command has said so: one that stands there again would be read after merges that came since."""
        until_ms = self._profiles.refused_until(erased.subject)
        if until_ms > known_ms:
            self._erased.append(erased._replace(ts=until_ms))

    def _refuse_to_merge(self, event: Event, user: str) -> list[Event]:
        self.dropped[WOULD_MERGE] += 1
        self.refusals.add(Refusal(event.subject, user, event.ts, WOULD_MERGE))
        return []

    def _claims(self, event: Event, links: Sequence[Link], place: Place) -> list[Event]:
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
                self.refusals.add(Refusal(link.alias, event.subject, event.ts, TOO_MANY_IDS), place)
        return told

    def _keep(self, event: Event, place: Place) -> list[Event]:
        if self._profiles.is_refused(event):
            self.dropped[ERASED] += 1
            return []
        came_from = event.identity.place if isinstance(event.identity, Unlinked) else None
        return self.aliases.keep(event, came_from or place)

    def _link(self, event: Event, user: str, how: How, before: Sequence[Event]) -> list[Event]:
        if how is How.ALIAS and self._has_profile(event.subject, before):
            if not self._merge_users:
                return self._refuse_to_merge(event, user)
            return [Event(event.subject, event.ts, "", False, event.message_id, {}, {}, identity=Merge(user))]
        if how.moves and self._profiles.is_refused(event):
            return self.aliases.pass_over(event.subject, user, event.ts, how)
        return self.aliases.link(event.subject, user, event.ts, how)

    def _accept(self, event: Event, passed_on: PassedOn, may_be_a_repeat: bool) -> Taken:
        if self._profiles.is_refused(event):
            self.dropped[ERASED] += 1
            return None, NOTHING_TOLD
        if may_be_a_repeat and not self.owners.accept(event.subject, passed_on):
            return None, NOTHING_TOLD
        return replace(event, identity=None), self._claims(event, passed_on.links, passed_on.place)

    def _lose(self, event: Event, alias: str, number: int, before: Sequence[Event]) -> Event | None:
        if not self._has_profile(event.subject, before) or not self.owners.lose(event.subject, alias, number):
            return None
        return replace(event, properties={"customer": alias}, touches_ledger=True, identity=None)

    def _give_up(self, event: Event, to: str, before: Sequence[Event]) -> Taken:
        """A subscription that is another's: by whoever has it as a user; a customer's home tells the user."""
        holder = event.subject
        if self._has_profile(holder, before):
            new = self.owners.of(holder).get(to)
            is_hers = to == holder or (new is not None and new.is_hers)
            return None if is_hers else replace(event, identity=None), NOTHING_TOLD
        self.aliases.give_up(event)
        user = self.aliases.user_of(holder)
        return None, [] if user in (None, to) else [replace(event, subject=user)]

    def _has_profile(self, subject: str, before: Sequence[Event]) -> bool:
        return subject in self._profiles or any(each.subject == subject for each in before)


def _hand_over(event: Event, had: str | None) -> list[Event]:
    """What whoever had a subscription before is to hear; if it comes again, it says the same."""
    if had is None or had == event.subject:
        return []
    which = {"subscription_id": event.properties["subscription_id"]}
    return [Event(had, event.ts, "", False, None, which, {}, True, event.order, Handed(event.subject))]
