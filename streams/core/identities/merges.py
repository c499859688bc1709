"""Two users become one, by a command: who is to be gone asks who is to stay, and moves there.

    at the home of who is to be gone                      at the home of who is to stay

    ask       may she become you? ───────Asked──────────▶ hear: she is known, has room, and is not on her way herself
    move      all that is kept of her ◀──Granted/Refused─
              ─────────────────────────Moved────────────▶ take in
              ──Renamed──▶ the homes of her aliases

Comes in: events whose identity is one of `streams.core.merges`, each after all that stood before it has been applied.
Goes out: what the homes of others are to hear; changes; and commands that cannot be carried out, each with its reason.

Nobody is asked who is on her way herself: the question goes on to where she goes. So of a circle each question comes
back to who asked, and is refused. Once she has moved, she is an alias of who stays (`aliases`): what still bears her id
is passed on. Every message may come twice: a question that is answered, and a profile that was taken in, is known by
its number.

A command may have its turn before its users' first events, by its time, as where a lost state is made anew. So where
somebody is not known it waits, and asks `again` once time has come to when it was written.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from streams.core.changes import Change
from streams.core.events import Event, Reject
from streams.core.identities.aliases import Aliases
from streams.core.identities.owners import MOST_IDS, Owners
from streams.core.identities.profiles import Profiles
from streams.core.links import Identity, Place
from streams.core.merges import Asked, Granted, Merge, Moved, Refused, Renamed

REASONS: Final = {
    each.code: each
    for each in (
        Reject("merge_circle", "`userId` and `into` are the same user, or would be by other merges: a circle"),
        Reject("merge_unknown", "`userId` or `into` names nobody who has a profile: send it once both have an event"),
        Reject("merge_again", "`userId` was merged into another user before: merge that one"),
        Reject("merge_too_many", f"`into` has as many ids as one person may have, {MOST_IDS}"),
    )
}
NOTHING: Final[Mapping[str, bytes]] = MappingProxyType({})


class Question(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A merge that was asked for. place: of its command, or of what led to it. written_ms: as `Merge` has it. waits:
    for who was not known. is_second: it is asked again after that."""

    into: str
    place: Place
    ts: int
    message_id: str | None
    written_ms: int = 0
    waits: bool = False
    is_second: bool = False

    @property
    def number(self) -> int:
        """By which an answer knows its question."""
        return ~self.place.offset if self.is_second else self.place.offset

    def is_granted_by(self, number: int) -> bool:
        """Whoever makes a lost state anew hears again what was answered, to the first or to the second time."""
        return number in (self.place.offset, ~self.place.offset)


class Unable(NamedTuple):
    """A command that cannot be carried out."""

    gone: str
    question: Question
    why: Reject

    @property
    def command(self) -> Event:
        question = self.question
        return _event(self.gone, question.ts, Merge(question.into), question.message_id)

    def is_about(self, event: Event) -> bool:
        """Whether that is the command, or led to it."""
        return isinstance(event.identity, Merge) and (event.subject, event.ts) == (self.gone, self.question.ts)


class Arrived(NamedTuple):
    """Somebody has become who stays, with all that was kept."""

    gone: str
    into: str
    ts: int


class Merges:
    """Of one shard. Until somebody takes them: changes, unable, arrived."""

    def __init__(self, profiles: Profiles, aliases: Aliases, owners: Owners, stored: Mapping[str, bytes] = NOTHING):
        self._profiles, self._aliases, self._owners = profiles, aliases, owners
        self._asked = {user: _QUESTION.decode(raw) for user, raw in stored.items()}
        self._waiting = {user for user, question in self._asked.items() if question.waits}
        self._told: set[str] = set()
        self.changes: list[Change] = []
        self.unable: list[Unable] = []
        self.arrived: list[Arrived] = []

    def stored(self) -> dict[str, bytes]:
        """All that is asked, as it is kept."""
        return {user: _ENCODER.encode(question) for user, question in self._asked.items()}

    def asked(self, user: str) -> Question | None:
        return self._asked.get(user)

    def hear(self, event: Event, place: Place) -> list[Event]:
        match event.identity:
            case Merge(into, written_ms):
                return self.ask(event.subject, Question(into, place, event.ts, event.message_id, written_ms))
            case Asked() as asked:
                return [self._answer(event, asked)]
            case Granted(into, of):
                return self._move(event.subject, into, of, event.ts)
            case Refused(code, of):
                self._give_up(event.subject, code, of)
            case Moved() as moved:
                return self._take_in(event, moved)
        return []

    def ask(self, gone: str, question: Question) -> list[Event]:
        """Nothing where it was done, or asked, before."""
        known = self._asked.get(gone)
        into = self._aliases.merged.get(gone) or (known.into if known is not None else None)
        if gone == question.into:
            return self._refuse(gone, question, "merge_circle")
        if into is not None:
            return [] if into == question.into else self._refuse(gone, question, "merge_again")
        return self._ask(gone, question, gone in self._profiles)

    def _ask(self, gone: str, question: Question, is_known: bool) -> list[Event]:
        if is_known:
            self._keep(gone, question)
            asked = Asked(gone, question.number, 1 + self._owners.count(gone))
            return [_event(question.into, question.ts, asked, question.message_id)]
        if question.ts <= self._profiles.refused_until(gone):
            return []  # read again, to make a lost state anew, it may be about somebody who was erased since
        return self._wait_or_refuse(gone, question, "merge_unknown")

    def _wait_or_refuse(self, gone: str, question: Question, code: str) -> list[Event]:
        if code != "merge_unknown" or not question.written_ms or question.is_second:
            return self._refuse(gone, question, code)
        self._keep(gone, replace(question, waits=True))
        return []

    def are_due(self, now_ms: int) -> bool:
        """Whether somebody waits who has waited for long enough."""
        return any(self._asked[gone].written_ms < now_ms for gone in self._waiting)

    def again(self, now_ms: int, before: Collection[str] = ()) -> list[Event]:
        """Time has come to this: who was not known when the command was written is nobody. before: who is known by
        what is applied before that."""
        told = list[Event]()
        for gone in sorted(self._waiting):
            question = self._asked[gone]
            if question.written_ms < now_ms:
                self._drop(gone)
                is_known = gone in self._profiles or gone in before
                told += self._ask(gone, replace(question, waits=False, is_second=True), is_known)
        return told

    def take_unable(self) -> list[Unable]:
        taken, self.unable = self.unable, []
        return taken

    def take_arrived(self) -> list[Arrived]:
        taken, self.arrived = self.arrived, []
        return taken

    def forget(self, user: str, until_ms: int) -> None:
        """Whoever was erased, with all up to then, asks nothing any more."""
        question = self._asked.get(user)
        if question is not None and question.ts <= until_ms:
            self._drop(user)

    def take(self) -> tuple[list[tuple[str, bytes]], list[str]]:
        """Since the last call: what is to be written of users, and who has nothing any more."""
        put = [(user, _ENCODER.encode(self._asked[user])) for user in self._told if user in self._asked]
        drop = [user for user in self._told if user not in self._asked]
        self._told = set()
        return put, drop

    @property
    def untold(self) -> int:
        """How much has changed since `take`."""
        return len(self._told)

    def _refuse(self, gone: str, question: Question, code: str) -> list[Event]:
        self.unable.append(Unable(gone, question, REASONS[code]))
        return []

    def _answer(self, event: Event, asked: Asked) -> Event:
        user, gone, number = event.subject, asked.gone, asked.number
        on_her_way = self._asked.get(user)
        further = self._aliases.merged.get(user) or (on_her_way.into if on_her_way is not None else None)
        if user == gone:
            answer: Identity = Refused("merge_circle", number)
        elif further is not None:
            return _event(further, event.ts, asked, event.message_id)
        elif user not in self._profiles:
            answer = Refused("merge_unknown", number)
        elif not self._owners.has_room(user, asked.ids):
            answer = Refused("merge_too_many", number)
        else:
            # Whoever is erased after that is known by it while the other is on her way.
            at_ms = max(event.ts, self._profiles.refused_until(user) + 1)
            return _event(gone, at_ms, Granted(user, number), event.message_id)
        return _event(gone, event.ts, answer, event.message_id)

    def _move(self, gone: str, into: str, number: int, granted_ms: int) -> list[Event]:
        question = self._asked.get(gone)
        is_known = gone in self._profiles
        if question is None or not question.is_granted_by(number) or (question.waits and not is_known):
            return []
        self._drop(gone)
        if not is_known:
            return []
        packed, changes = self._profiles.depart(gone, into, question.ts, question.message_id)
        self.changes += changes
        aliases, renamed = self._owners.give(gone, into, question.ts)
        passed_on = self._aliases.merge(gone, into, question.ts)
        moved = Moved(gone, self._aliases.standing(gone).number, packed, aliases)
        return [_event(into, max(question.ts, granted_ms), moved, question.message_id), *renamed, *passed_on]

    def _give_up(self, gone: str, code: str, number: int) -> None:
        question = self._asked.get(gone)
        if question is not None and question.number == number and not question.waits:
            self._drop(gone)
            self._wait_or_refuse(gone, question, code if code in REASONS else "merge_unknown")

    def _keep(self, gone: str, question: Question) -> None:
        self._asked[gone] = question
        self._told.add(gone)
        if question.waits:
            self._waiting.add(gone)

    def _drop(self, gone: str) -> None:
        """It is answered, or of nobody any more."""
        del self._asked[gone]
        self._told.add(gone)
        self._waiting.discard(gone)

    def _take_in(self, event: Event, moved: Moved) -> list[Event]:
        user, into = event.subject, self._aliases.merged.get(event.subject)
        if self._owners.has_taken(user, moved):
            return []
        if into is not None:
            theirs = [_event(alias, event.ts, Renamed(user, into)) for alias in (moved.gone, *moved.aliases)]
            return [_event(into, event.ts, moved, event.message_id), *theirs]
        erased_ms = self._profiles.refused_until(user)
        if event.ts <= erased_ms:  # and who became her with her
            return [Owners.forgotten(alias, user, erased_ms) for alias in (moved.gone, *moved.aliases)]
        if user in self._profiles:
            self._owners.own(user, moved, event.ts)
            self.changes += self._profiles.arrive(user, moved.profile, event.ts, event.message_id)
            self.arrived.append(Arrived(moved.gone, user, event.ts))
        return []


def _event(subject: str, ts: int, identity: Identity, message_id: str | None = None) -> Event:
    return Event(subject, ts, "", False, message_id, {}, {}, identity=identity)


_ENCODER: Final = msgspec.json.Encoder()
_QUESTION: Final = msgspec.json.Decoder(Question)
