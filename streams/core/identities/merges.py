"""Two users become one, by a command: who is to be gone asks who is to stay, and moves there.

    at the home of who is to be gone                      at the home of who is to stay

    ask       may she become you? ───────Asked──────────▶ hear: she is known, has room, and is not on her way herself
    move      all that is kept of her ◀──Granted/Refused─
              ──Renamed──▶ the homes of her aliases
              ─────────────────────────Moved────────────▶ take in

Comes in: events whose identity is one of `streams.core.merges`, each after all that stood before it has been applied.
Goes out: what the homes of others are to hear; changes; and commands that cannot be carried out, each with its reason.

What has been done is written down (`Noted`), and known before all events where a state is made anew: by their times
they may come in another order then, and what was passed on once is not to move, nor what moved to be passed on. So
nobody is asked again. Who is gone moves once all has come that she moved with before (`reach`), and what stands after
that is passed on meanwhile (`becomes`).

The homes of her aliases are told before that of who stays, so that they hear of each merge of a chain in its turn: what
is told stands on Kafka before the next is.

Nobody is asked who is on her way herself: the question goes on to where she goes. So of a circle each question comes
back to who asked, and is refused. Once she has moved, she is an alias of who stays, and what still bears her id goes
the way of what comes under one (`aliases`). Every message may come twice: a question that is answered, and a profile
that was taken in, is known by its number.

A command may have its turn before its users' first events, by its time, as where a lost state is made anew. So where
somebody is not known it waits, and asks `again` once time has come to when it was written.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from streams.core.changes import Change
from streams.core.events import Event, Reject
from streams.core.identities import questions
from streams.core.identities.aliases import Aliases
from streams.core.identities.owners import Owners
from streams.core.identities.profiles import Profiles
from streams.core.identities.questions import (
    LINKED,
    REASONS,
    UNKNOWN,
    UNLINKED,
    Arrived,
    Parted,
    Question,
    Unable,
    refusal,
    word,
)
from streams.core.kernel.layout import NEVER
from streams.core.links import NOWHERE, Identity, Place
from streams.core.merges import Asked, Granted, Merge, Moved, Noted, Packed, Refused, Renamed

NOTHING: Final[Mapping[str, bytes]] = MappingProxyType({})
MOST_LATER: Final = 100  # commands about a user that wait while another is not answered


class Merges:
    """Of one shard. Until somebody takes them: changes, unable, parted, arrived."""

    def __init__(self, profiles: Profiles, aliases: Aliases, owners: Owners, stored: Mapping[str, bytes] = NOTHING):
        self._profiles, self._aliases, self._owners = profiles, aliases, owners
        self._asked = {user: questions.decode(raw) for user, raw in stored.items()}
        self._waiting = {user for user, question in self._asked.items() if question.waits}
        # In the order in which it was done, as all that was read only grew.
        noted = {user: sum(each.done.since.values()) for user, each in self._asked.items() if each.done is not None}
        self._noted = dict.fromkeys(sorted(noted, key=lambda user: noted[user]))
        self._told: set[str] = set()
        self.changes: list[Change] = []
        self.unable: list[Unable] = []
        self.parted: list[Parted] = []
        self.arrived: list[Arrived] = []

    def stored(self) -> dict[str, bytes]:
        """All that is asked, as it is kept."""
        return {user: questions.encode(question) for user, question in self._asked.items()}

    @property
    def asking(self) -> Collection[str]:
        """Who may become another, or is to do so anew; as it changes."""
        return self._asked.keys()

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
                return self._give_up(event.subject, code, of)
            case Moved() as moved:
                return self._take_in(event, moved, place)
        return []

    def ask(self, gone: str, question: Question) -> list[Event]:
        """Nothing where it was done, or asked, before; what is asked of who is on her way has its turn after that."""
        known = self._asked.get(gone)
        if gone == question.into:
            return self._refuse(gone, question, REASONS["merge_circle"])
        if gone in self._aliases.merged:
            into = self._aliases.standing(gone).renamed.get(question.into, question.into)
            return [] if into == self._aliases.user_of(gone) else self._refuse(gone, question, REASONS["merge_again"])
        if known is None:
            return self._ask(gone, question, gone in self._profiles)
        if known.has(question):
            return []
        if len(known.later) >= MOST_LATER:
            return self._refuse(gone, question, REASONS["merge_again"])
        self._keep(gone, replace(known, later=(*known.later, question)))
        return []

    def _ask(self, gone: str, question: Question, is_known: bool) -> list[Event]:
        if is_known:
            self._keep(gone, question)
            asked = Asked(gone, question.number, 1 + self._owners.count(gone))
            return [word(question.into, question.ts, asked, question.message_id)]
        if question.ts <= self._profiles.refused_until(gone):
            # Read again, to make a lost state anew, it may be about somebody who was erased since.
            return self._ask_later(gone, question)
        return self._wait_or_refuse(gone, question, refusal(self._is_nobody(gone), "userId"))

    def _is_nobody(self, user: str) -> str:
        """What is known of an id of which there is no profile."""
        if self._aliases.user_of(user) is not None:
            return LINKED
        return UNLINKED if self._aliases.records(user) else UNKNOWN

    def _ask_later(self, gone: str, question: Question) -> list[Event]:
        """It is answered, and what came meanwhile has its turn."""
        return [told for each in question.later for told in self.ask(gone, each)]

    def _wait_or_refuse(self, gone: str, question: Question, why: Reject) -> list[Event]:
        if why.code != UNKNOWN or not question.written_ms or question.is_second:
            return self._refuse(gone, question, why)
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

    def note(self, noted: Noted) -> None:
        """It was done before: of a state that is made anew, or else is known."""
        gone, known = noted.subject, self._asked.get(noted.subject)
        if gone in self._aliases.merged or (known is not None and known.done is not None):
            return
        if not noted.is_undone_by(self._profiles.refused_until(gone)):
            later = () if known is None else known.later
            self._drop(gone)
            self._keep(gone, Question(noted.into, NOWHERE, noted.ts, noted.message_id, done=noted, later=later))

    @property
    def noted(self) -> Collection[str]:
        """Who is to move anew."""
        return self._noted.keys()

    def into(self, user: str) -> str | None:
        """Whose she is to be, where she is to move anew."""
        return self._asked[user].into if user in self._noted else None

    def erased_with(self, user: str, until_ms: int) -> str | None:
        """Who is to be erased with her, where she is to move anew: whose she was, unless she was erased before that."""
        done = self._asked[user].done if user in self._noted else None
        was_before = done is not None and done.erased_ms is not None and until_ms <= done.erased_ms
        return None if done is None or was_before else done.into

    def becomes(self, user: str, place: Place | None) -> Question | None:
        """By what it is another's what bears her id there, where it is."""
        if place is None or user not in self._noted:
            return None
        question = self._asked[user]
        assert question.done is not None, "it was noted"
        return question if place.offset >= question.done.since.get(place.source, 0) else None

    def reach(self, positions: Mapping[str, int]) -> list[Event]:
        """By source, all before these offsets has been applied: who has moved before does so anew."""
        told = list[Event]()
        for gone in list(self._noted):
            question = self._asked[gone]
            assert question.done is not None, "it was noted"
            if any(positions.get(source, offset) < offset for source, offset in question.done.since.items()):
                break
            self._drop(gone)
            told += self._part(gone, question.into, question, question.ts)
            told += self._ask_later(gone, question)
        return told

    def take_parted(self) -> list[Parted]:
        taken, self.parted = self.parted, []
        return taken

    def take_unable(self) -> list[Unable]:
        taken, self.unable = self.unable, []
        return taken

    def take_arrived(self) -> list[Arrived]:
        taken, self.arrived = self.arrived, []
        return taken

    def forget(self, user: str, until_ms: int) -> list[Event]:
        """Whoever was erased, with all up to then, asks nothing any more; what was asked of her later has its turn."""
        question = self._asked.get(user)
        if question is None or not question.is_undone_by(until_ms):
            return []
        self._drop(user)
        later = tuple(each for each in question.later if not each.is_undone_by(until_ms))
        return self._ask_later(user, replace(question, later=later))

    def take(self) -> tuple[list[tuple[str, bytes]], list[str]]:
        """Since the last call: what is to be written of users, and who has nothing any more."""
        put = [(user, questions.encode(self._asked[user])) for user in self._told if user in self._asked]
        drop = [user for user in self._told if user not in self._asked]
        self._told = set()
        return put, drop

    @property
    def untold(self) -> int:
        """How much has changed since `take`."""
        return len(self._told)

    def _refuse(self, gone: str, question: Question, why: Reject) -> list[Event]:
        self.unable.append(Unable(gone, question, why))
        return self._ask_later(gone, question)

    def _answer(self, event: Event, asked: Asked) -> Event:
        user, gone, number = event.subject, asked.gone, asked.number
        on_her_way = self._asked.get(user)
        further = self._aliases.merged.get(user) or (on_her_way.into if on_her_way is not None else None)
        if user == gone:
            answer: Identity = Refused("merge_circle", number)
        elif further is not None:
            return word(further, event.ts, asked, event.message_id)
        elif user not in self._profiles:
            answer = Refused(self._is_nobody(user), number)
        elif not self._owners.has_room(user, asked.ids):
            answer = Refused("merge_too_many", number)
        else:
            # Whoever is erased after that is known by it while the other is on her way.
            at_ms = max(event.ts, self._profiles.refused_until(user) + 1)
            return word(gone, at_ms, Granted(user, number), event.message_id)
        return word(gone, event.ts, answer, event.message_id)

    def _move(self, gone: str, into: str, number: int, granted_ms: int) -> list[Event]:
        question = self._asked.get(gone)
        is_known = gone in self._profiles
        if question is None or question.done is not None or not question.is_granted_by(number):
            return []
        if question.waits and not is_known:
            return []
        self._drop(gone)
        if not is_known:
            return self._ask_later(gone, question)
        erased_ms = self._profiles.refused_until(gone)
        erased_before = None if erased_ms == NEVER else erased_ms
        self.parted.append(Parted(gone, into, question.ts, question.message_id, erased_before))
        told = self._part(gone, into, question, max(question.ts, granted_ms))
        return [*told, *self._ask_later(gone, question)]

    def _part(self, gone: str, into: str, question: Question, moved_ms: int) -> list[Event]:
        """She is another; without a profile where what it was made of is not there any more, to make it anew."""
        packed: Packed | None = None
        if gone in self._profiles:
            packed, changes = self._profiles.depart(gone, into, question.ts, question.message_id)
            self.changes += changes
        aliases, renamed = self._owners.give(gone, into, question.ts)
        passed_on = self._aliases.merge(gone, into, question.ts)
        if packed is None:
            return [*renamed, *passed_on]
        moved = Moved(gone, self._aliases.standing(gone).number, packed, aliases)
        return [*renamed, word(into, moved_ms, moved, question.message_id), *passed_on]

    def _give_up(self, gone: str, code: str, number: int) -> list[Event]:
        question = self._asked.get(gone)
        if question is None or question.number != number or not question.is_open:
            return []
        self._drop(gone)
        return self._wait_or_refuse(gone, question, refusal(code, "into"))

    def _keep(self, gone: str, question: Question) -> None:
        self._asked[gone] = question
        self._told.add(gone)
        if question.waits:
            self._waiting.add(gone)
        if question.done is not None:
            self._noted[gone] = None

    def _drop(self, gone: str) -> None:
        """It is answered, or of nobody any more."""
        if self._asked.pop(gone, None) is not None:
            self._told.add(gone)
            self._waiting.discard(gone)
            self._noted.pop(gone, None)

    def _take_in(self, event: Event, moved: Moved, place: Place) -> list[Event]:
        user = event.subject
        becomes = self.becomes(user, place)
        into = self._aliases.merged.get(user) if becomes is None else becomes.into
        if self._owners.has_taken(user, moved):
            return []
        if into is not None:
            theirs = [word(alias, event.ts, Renamed(user, into)) for alias in (moved.gone, *moved.aliases)]
            return [*theirs, word(into, event.ts, moved, event.message_id)]
        erased_ms = self._profiles.refused_until(user)
        if event.ts <= erased_ms:  # and who became her with her
            return [Owners.forgotten(alias, user, erased_ms) for alias in (moved.gone, *moved.aliases)]
        if user in self._profiles:
            self._owners.own(user, moved, event.ts)
            self.changes += self._profiles.arrive(user, moved.profile, event.ts, event.message_id)
            self.arrived.append(Arrived(moved.gone, user, event.ts))
        return []
