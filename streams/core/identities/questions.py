"""What is asked about two users who are to be one, and what came of it (`streams.core.identities.merges`).

Comes in: a command. Goes out: `Question`, as it is kept until it is answered, in bytes; and why it may not be.
"""

from typing import Final, NamedTuple

import msgspec

from streams.core.events import Event, Reject
from streams.core.identities.owners import MOST_IDS
from streams.core.links import Identity, Place
from streams.core.merges import Merge, Noted

UNKNOWN: Final = "merge_unknown"
LINKED: Final = "linked"
UNLINKED: Final = "unlinked"
# Of whom there is no profile, by what is known of the id; the field's name is to be put in.
NO_PROFILE: Final = {
    UNKNOWN: "`{}` names nobody who has a profile: send it once both have an event",
    LINKED: "`{}` is no user, but an alias of one: name that user (`segmenter links` tells who)",
    UNLINKED: "`{}` is no user, but an alias which nobody has linked to a user yet: who links it gets what waits, and"
    " no merge is needed",
}
REASONS: Final = {
    each.code: each
    for each in (
        Reject("merge_circle", "`userId` and `into` are the same user, or would be by other merges: a circle"),
        Reject("merge_again", "`userId` was merged into another user before, or is about to be: merge that one"),
        Reject("merge_too_many", f"`into` has as many ids as one person may have, {MOST_IDS}"),
    )
}


def refusal(code: str, field: str) -> Reject:
    """Why it may not be. code: of `REASONS` or `NO_PROFILE`; newer workers may say others. field: who it is about."""
    if code in REASONS:
        return REASONS[code]
    return Reject("merge_unknown", NO_PROFILE.get(code, NO_PROFILE[UNKNOWN]).format(field))


class Question(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A merge that was asked for. place: of its command, or of what led to it. written_ms: as `Merge` has it. waits:
    for who was not known. is_second: it is asked again after that. done: where it was done before, and is done anew
    once all has come that she moved with. later: what was asked of the same user meanwhile, each in its turn."""

    into: str
    place: Place
    ts: int
    message_id: str | None
    written_ms: int = 0
    waits: bool = False
    is_second: bool = False
    done: Noted | None = None
    later: tuple["Question", ...] = ()

    @property
    def number(self) -> int:
        """By which an answer knows its question."""
        return ~self.place.offset if self.is_second else self.place.offset

    def is_undone_by(self, erased_ms: int) -> bool:
        """Whether she is nobody any more who asked, once she is erased up to then."""
        return self.ts <= erased_ms if self.done is None else self.done.is_undone_by(erased_ms)

    def is_of(self, other: "Question") -> bool:
        """Whether both are of one command. One that was done may have gone further, by a chain."""
        is_so = self.done is not None or self.into == other.into
        return is_so and (self.ts, self.message_id) == (other.ts, other.message_id)

    def has(self, other: "Question") -> bool:
        """Whether it is of that command, or that waits already until this is answered."""
        return self.is_of(other) or any(each.is_of(other) for each in self.later)

    @property
    def is_open(self) -> bool:
        """Whether an answer is awaited."""
        return not self.waits and self.done is None

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
        return word(self.gone, question.ts, Merge(question.into), question.message_id)

    def is_about(self, event: Event) -> bool:
        """Whether that is the command, or led to it."""
        return isinstance(event.identity, Merge) and (event.subject, event.ts) == (self.gone, self.question.ts)


class Arrived(NamedTuple):
    """Somebody has become who stays, with all that was kept."""

    gone: str
    into: str
    ts: int


class Parted(NamedTuple):
    """Somebody has become another, to whom all that was kept is on its way."""

    gone: str
    into: str
    ts: int
    message_id: str | None
    erased_ms: int | None

    def noted(self, since: dict[str, int]) -> Noted:
        return Noted(self.gone, self.into, self.ts, self.message_id, since, self.erased_ms)


def word(subject: str, ts: int, identity: Identity, message_id: str | None = None) -> Event:
    """What is no record, but word of one home to another."""
    return Event(subject, ts, "", False, message_id, {}, {}, identity=identity)


encode: Final = msgspec.json.Encoder().encode
decode: Final = msgspec.json.Decoder(Question).decode
