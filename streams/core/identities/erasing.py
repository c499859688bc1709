"""Whoever is erased is so under every id: her aliases are forgotten, and whoever she is by now is erased.

    erase       she is gone, and the homes of her aliases are told, or that of who she is
    carry_out   the same by a command
    hear        somebody who is this user was erased
    forget      an alias of a user who was erased

Comes in: users and aliases, each with the time up to which all is to go. Goes out: what the homes of others hear;
and what is to be written down as commands, by which a state that is made anew knows of it.
"""

from typing import NamedTuple

from streams.core.changes import Change
from streams.core.events import Event
from streams.core.identities.aliases import Aliases
from streams.core.identities.merges import Merges
from streams.core.identities.owners import Owners
from streams.core.identities.profiles import Profiles
from streams.core.identities.questions import word
from streams.core.merges import Erase


class AlsoErased(NamedTuple):
    """Who was erased, up to when (ms), because somebody else was; of: that user, where it is an alias alone."""

    subject: str
    ts: int
    message_id: str | None = None
    of: str | None = None


class Erasing:
    """Of one shard."""

    def __init__(self, profiles: Profiles, aliases: Aliases, owners: Owners, merges: Merges):
        self._profiles, self._aliases, self._owners, self._merges = profiles, aliases, owners, merges
        self._erased: list[AlsoErased] = []

    def erase(self, user: str, until_ms: int, message_id: str | None = None) -> list[Event]:
        """She is gone, and what is kept under her id as an alias; what the homes of her aliases are to be told, or that
        of who she is, if she was merged."""
        into = self._aliases.merged.get(user)
        if into is not None:
            self._owners.keep(user)
            return [word(into, until_ms, Erase(user), message_id)]
        into = self._merges.erased_with(user, until_ms)
        told = [] if into is None else [word(into, until_ms, Erase(user), message_id)]
        self._aliases.forget(user, user, until_ms)
        return [*told, *self._merges.forget(user, until_ms), *self._owners.erase(user, until_ms)]

    def carry_out(self, erasure: AlsoErased, known_ms: int) -> list[Event]:
        """A command to erase; what is known of a user's profile has been taken away already. known_ms: up to when
        commands say that it is."""
        subject, until_ms, message_id = erasure.subject, erasure.ts, erasure.message_id
        if erasure.of is not None:
            return self.forget(subject, erasure.of, until_ms, is_known=True)
        refused_ms = self._profiles.refused_until(subject)
        if refused_ms > until_ms and subject not in self._aliases.merged:
            until_ms = refused_ms
            self._write_down(AlsoErased(subject, until_ms, message_id), known_ms)  # her profile was of later than that
        return self.erase(subject, until_ms, message_id)

    def hear(self, event: Event) -> tuple[list[Change], list[Event]]:
        """Somebody who is the event's user was erased: so is she, or who she is by now. Who leaves what by it, and what
        others are to hear."""
        subject, until_ms, message_id = event.subject, event.ts, event.message_id
        if subject in self._aliases.merged:
            return [], self.erase(subject, until_ms, message_id)
        known_ms = self._profiles.refused_until(subject)
        changes = self._profiles.erase_one(subject, until_ms, message_id)
        self._write_down(AlsoErased(subject, until_ms, message_id), known_ms)
        return changes, self.erase(subject, max(until_ms, self._profiles.refused_until(subject)), message_id)

    def forget(self, alias: str, user: str, until_ms: int, is_known: bool = False) -> list[Event]:
        """An alias of a user who was erased. Whoever has it as the own id is somebody else, and was not; nor was who
        has it by now, of which the home of who had it may have been told too late.

        is_known: it was forgotten before, as a command says.
        """
        was_user = alias in self._aliases.merged
        told = self._owners.erase(alias, until_ms) if was_user else []
        is_hers = is_known or self._aliases.user_of(alias) in (None, user)
        self._aliases.forget(alias, user, until_ms)
        if is_hers and alias not in self._profiles:
            known_ms = until_ms if is_known else self._profiles.refused_until(alias)
            if was_user:  # her changes are still kept
                self._profiles.erase_one(alias, until_ms, None)
            self._profiles.refuse(alias, until_ms)
            told += self._merges.forget(alias, until_ms)
            self._write_down(AlsoErased(alias, until_ms, of=user), known_ms)
        return told

    def take(self) -> list[AlsoErased]:
        """What no command says of whom was erased since the last call: aliases, who she is by now, and up to when. A
        state that is made anew is to know it before it reads what is of before that."""
        taken, self._erased = self._erased, []
        return taken

    def _write_down(self, erased: AlsoErased, known_ms: int) -> None:
        """If no command has said so: one that stands there again would be read after merges that came since."""
        until_ms = self._profiles.refused_until(erased.subject)
        if until_ms > known_ms:
            self._erased.append(erased._replace(ts=until_ms))
