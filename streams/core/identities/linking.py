"""Records, and what the homes of users and of aliases tell each other of them: whose each is, and to whom it goes.

    claim     a record of a user bears aliases: their homes are told
    keep      a record under an alias alone: kept, passed on, or passed over
    link      an alias is a user's: what was kept is passed on
    accept    what was passed on to a user: applied, once
    lose      an alias was lost: its subscriptions leave the user's ledger
    give_up   a subscription is another's: it leaves the ledger of who had it

Comes in: events, one at a time. Goes out: what of each is to be applied, and what the homes of others are to hear.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from streams.core.events import Event
from streams.core.identities.aliases import Aliases
from streams.core.identities.owners import TOO_MANY_IDS, Owners
from streams.core.identities.profiles import Profiles
from streams.core.identities.questions import Question
from streams.core.identities.refusals import Refusal, Refusals
from streams.core.links import Handed, How, Link, PassedOn, Place, Unlinked
from streams.core.merges import Merge

WOULD_MERGE: Final = "would merge two users"
REFUSED: Final = frozenset({TOO_MANY_IDS, WOULD_MERGE})  # links; all other reasons are of records
ERASED: Final = "of before it was erased"
NOTHING_TOLD: Final[list[Event]] = []  # nobody adds to it
Taken = tuple[Event | None, list[Event]]  # what is to be applied of an event, and told because of it


class Linker:
    """Of one shard.

    merge_users: whether an `alias` record may merge two users, as a command does.
    """

    def __init__(
        self, profiles: Profiles, aliases: Aliases, owners: Owners, refusals: Refusals, merge_users: bool = False
    ):
        self._profiles, self._aliases, self._owners, self._refusals = profiles, aliases, owners, refusals
        self.merge_users = merge_users

    def claim(self, event: Event, links: Sequence[Link], place: Place) -> list[Event]:
        if self._profiles.is_refused(event):
            return []
        told: list[Event] = []
        for link in links:
            if link.alias == event.subject:
                continue
            if self._owners.may_claim(event.subject, link):
                told += self._owners.claim(event.subject, link, event.ts)
            else:
                self._aliases.dropped[TOO_MANY_IDS] += 1
                self._refusals.add(Refusal(link.alias, event.subject, event.ts, TOO_MANY_IDS), place)
        return told

    def keep(self, event: Event, place: Place, becomes: Question | None = None) -> list[Event]:
        """becomes: by what it is whose it is by now, where its subject is not known as an alias yet."""
        if self._profiles.is_refused(event):
            self._aliases.dropped[ERASED] += 1
            return []
        came_from = event.identity.place if isinstance(event.identity, Unlinked) else None
        if becomes is not None:
            return self._aliases.pass_on(event, came_from or place, becomes.into, becomes.ts)
        return self._aliases.keep(event, came_from or place)

    def link(self, event: Event, user: str, how: How, before: Sequence[Event]) -> list[Event]:
        if how is How.ALIAS and self._has_profile(event.subject, before):
            if not self.merge_users:
                return self.refuse_to_merge(event, user)
            return [Event(event.subject, event.ts, "", False, event.message_id, {}, {}, identity=Merge(user))]
        if how.moves and self._profiles.is_refused(event):
            return self._aliases.pass_over(event.subject, user, event.ts, how)
        return self._aliases.link(event.subject, user, event.ts, how)

    def refuse_to_merge(self, event: Event, user: str) -> list[Event]:
        self._aliases.dropped[WOULD_MERGE] += 1
        self._refusals.add(Refusal(event.subject, user, event.ts, WOULD_MERGE))
        return []

    def accept(self, event: Event, passed_on: PassedOn, may_be_a_repeat: bool) -> Taken:
        if self._profiles.is_refused(event) or self._went_with_her(event.subject, passed_on):
            self._aliases.dropped[ERASED] += 1
            return None, NOTHING_TOLD
        if may_be_a_repeat and not self._owners.accept(event.subject, passed_on):
            return None, NOTHING_TOLD
        applied = replace(event, identity=None, traits=self._profiles.traits_of(event), unread_context=None)
        return applied, self.claim(event, passed_on.links, passed_on.place)

    def _went_with_her(self, user: str, passed_on: PassedOn) -> bool:
        """Whether she was erased since the link by which it came, of which the alias's home has not heard yet."""
        linked_ms = passed_on.linked_ms
        if linked_ms is None or linked_ms > self._profiles.refused_until(user):
            return False
        return not self._owners.has(user, passed_on.alias)

    def lose(self, event: Event, alias: str, number: int, before: Sequence[Event]) -> Event | None:
        if not self._has_profile(event.subject, before) or not self._owners.lose(event.subject, alias, number):
            return None
        return replace(event, properties={"customer": alias}, touches_ledger=True, identity=None)

    def give_up(self, event: Event, to: str, before: Sequence[Event]) -> Taken:
        """A subscription that is another's: by whoever has it as a user; a customer's home tells the user."""
        holder = event.subject
        if self._has_profile(holder, before):
            new = self._owners.of(holder).get(to)
            is_hers = to == holder or (new is not None and new.is_hers)
            return None if is_hers else replace(event, identity=None), NOTHING_TOLD
        self._aliases.give_up(event)
        next_one, user = self._aliases.standing(holder).linked, self._aliases.user_of(holder)
        return None, [] if next_one is None or to in (next_one, user) else [replace(event, subject=next_one)]

    def _has_profile(self, subject: str, before: Sequence[Event]) -> bool:
        """before: what is applied before that."""
        return subject in self._profiles or any(each.subject == subject for each in before)


def hand_over(event: Event, had: str | None) -> list[Event]:
    """What whoever had a subscription before is to hear; if it comes again, it says the same."""
    if had is None or had == event.subject:
        return []
    which = {"subscription_id": event.properties["subscription_id"]}
    return [Event(had, event.ts, "", False, None, which, {}, True, event.order, Handed(event.subject))]
