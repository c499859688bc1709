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
from typing import NamedTuple, Self

import numpy as np
from msgspec.structs import replace

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.events import Event
from streams.core.identities.aliases import Aliases, AliasWrites
from streams.core.identities.erasing import AlsoErased, Erasing
from streams.core.identities.linking import NOTHING_TOLD, Linker, Taken, hand_over
from streams.core.identities.merges import Merges
from streams.core.identities.owners import NOTHING, Owners
from streams.core.identities.profiles import Profiles
from streams.core.identities.questions import Question
from streams.core.identities.refusals import Refusals
from streams.core.kernel.layout import NEVER
from streams.core.links import (
    NOWHERE,
    Claim,
    Forget,
    Handed,
    Link,
    Linking,
    Lost,
    Merging,
    PassedOn,
    Place,
    Unlinked,
)
from streams.core.merges import Erase, Renamed


class Sorted(NamedTuple):
    """apply: what the shard is to apply. told: what the homes of others are to hear, each its subject's; turns:
    of each, as a batch has them."""

    apply: Batch
    told: list[Event]
    turns: list[int]


def pieces(batch: Batch) -> Iterator[tuple[Batch, Batch]]:
    """A batch in parts, each to be applied before the next is sorted: a merge is of all that stood before it. With
    each, what comes after it."""
    first = 0
    for at, event in enumerate(batch.events):
        if event.identity is not None and isinstance(event.identity, Merging):
            if at > first:
                yield batch[first:at], batch[at:]
            yield batch[at : at + 1], batch[at + 1 :]
            first = at + 1
    if first < len(batch):
        yield batch[first:] if first else batch, batch[len(batch) :]


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
        self.aliases, self.owners, self.refusals = aliases, owners, refusals
        self.merges = Merges(profiles, aliases, owners, questions)
        self._linker = Linker(profiles, aliases, owners, refusals, merge_users)
        self._erasing = Erasing(profiles, aliases, owners, self.merges)

    @classmethod
    def empty(cls, profiles: Profiles, keep_ms: int, merge_users: bool = False) -> Self:
        """As of a shard that has read nothing yet."""
        return cls(profiles, Aliases(keep_ms), Owners(), Refusals(), merge_users=merge_users)

    def of(self, profiles: Profiles) -> "Identities":
        """The same, of the profiles of another shard, in whose place this one's are."""
        may_merge, asked = self._linker.merge_users, self.merges.stored()
        return Identities(profiles, self.aliases, self.owners, self.refusals, asked, may_merge)

    @property
    def dropped(self) -> Counter[str]:
        """By reason, how many records and links."""
        return self.aliases.dropped

    def lacks(self, batch: Batch) -> bool:
        """Whether of a record that is to be passed on, as its user is another by now, no more was read than rules read
        here: others may be there once it is read again."""
        merged, noted = self.aliases.merged, self.merges.noted
        return bool(merged or noted) and any(
            event.unread_context is None
            and (event.identity is None or isinstance(event.identity, Linking))
            and (event.subject in merged or event.subject in noted)
            for event in batch.events
        )

    def sort(self, batch: Batch, sources: Sequence[str]) -> Sorted:
        """sources: what the batch's numbers of sources stand for."""
        merged = self.aliases.merged
        turn = int(batch.turns[-1]) if len(batch) else NEVER
        noted = self.merges.noted
        if not merged and not noted and not self.merges.are_due(turn) and all(map(_is_plain, batch.events)):
            return Sorted(batch, [], [])
        apply: list[Event] = []
        places: list[int] = []
        told: list[Event] = []
        turns: list[int] = []
        for at, event in enumerate(batch.events):
            applied: Event | None = event
            turn = int(batch.turns[at])
            if self.merges.are_due(turn):
                due = self.merges.again(turn, {each.subject for each in apply})
                told += due
                turns += [turn] * len(due)
            if event.identity is not None or event.subject in merged or event.subject in noted:
                place = Place(sources[int(batch.sources[at])], int(batch.offsets[at]))
                applied, more = self._take(event, place, apply)
                told += more
                turns += [turn] * len(more)
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
        """She is gone, under every id; what others are to hear."""
        return self._erasing.erase(user, until_ms, message_id)

    def carry_out(self, erasure: AlsoErased, known_ms: int) -> list[Event]:
        """The same by a command, as `Erasing` has it."""
        return self._erasing.carry_out(erasure, known_ms)

    def take_erased(self) -> list[AlsoErased]:
        """Who was erased because somebody else was, since the last call."""
        return self._erasing.take()

    def take(self) -> Written:
        return Written(self.aliases.take(), self.owners.take(), self.refusals.take(), self.merges.take())

    @property
    def untold(self) -> int:
        """How much has changed since `take`."""
        return self.aliases.untold + self.owners.untold + self.refusals.untold + self.merges.untold

    def _take(self, event: Event, place: Place | None, before: Sequence[Event]) -> Taken:
        """place: None where whatever is told is heard once. before: what is applied before it."""
        becomes = self.merges.becomes(event.subject, place)
        if becomes is not None or event.subject in self.aliases.merged:
            forwarded = self._take_of_merged(event, place, becomes)
            if forwarded is not None:
                return None, forwarded
        if event.identity is None:
            return event, NOTHING_TOLD
        return self._take_in(event, place, before)

    def _take_in(self, event: Event, place: Place | None, before: Sequence[Event]) -> Taken:
        """What is its subject's own."""
        match event.identity:
            case Linking(links, had):
                return event, [*hand_over(event, had), *self._linker.claim(event, links, place or NOWHERE)]
            case Unlinked(had=had):
                return None, [*hand_over(event, had), *self._linker.keep(event, place or NOWHERE)]
            case Claim(user, how):
                return None, self._linker.link(event, user, how, before)
            case PassedOn() as passed_on:
                return self._linker.accept(event, passed_on, may_be_a_repeat=place is not None)
            case Lost(alias, number):
                return self._linker.lose(event, alias, number, before), NOTHING_TOLD
            case Handed(to):
                return self._linker.give_up(event, to, before)
            case _:
                return None, self._heed(event, place)

    def _heed(self, event: Event, place: Place | None) -> list[Event]:
        """What is no record: word of an erasure, or of a merge."""
        if isinstance(event.identity, Forget):
            return self._erasing.forget(event.subject, event.identity.user, event.ts)
        if isinstance(event.identity, Erase):
            changes, told = self._erasing.hear(event)
            self.merges.changes += changes
            return told
        if isinstance(event.identity, Renamed):
            becomes = self.merges.into(event.subject)
            self.aliases.rename(event.subject, event.identity.gone, event.identity.into, becomes)
            return NOTHING_TOLD
        return self.merges.hear(event, place or NOWHERE)

    def _take_of_merged(self, event: Event, place: Place | None, becomes: Question | None) -> list[Event] | None:
        """What still bears a user who is another now is passed on to her; None where it is not a record of that user's.

        Where a claim would make an alias of hers of it, it is refused: she is a user's already. becomes: by what she is
        another, where that is still to be done anew.
        """
        told, into = NOTHING_TOLD, None if becomes is None else becomes.into
        match event.identity:
            case None:
                links: Sequence[Link] = ()
            case Linking(links, had) | Unlinked(links, had=had):
                told = hand_over(event, had)
            case PassedOn() as passed_on:
                if place is not None and not self.owners.accept(event.subject, passed_on):
                    return []
                links = passed_on.links
            case Lost(alias, number):
                if not self.owners.lose(event.subject, alias, number):
                    return []
                return [replace(event, subject=into or self.aliases.merged[event.subject])]
            case Claim(user) if user != (into or self.aliases.user_of(event.subject)):
                return self._linker.refuse_to_merge(event, user)
            case Handed(to) if into is not None:
                return [] if to == into else [replace(event, subject=into)]
            case _:
                return None
        came_from = event.identity.place if isinstance(event.identity, Unlinked) else None
        record = replace(event, identity=Unlinked(tuple(links), came_from))
        return [*told, *self._linker.keep(record, place or NOWHERE, becomes)]


def _is_plain(event: Event) -> bool:
    return event.identity is None
