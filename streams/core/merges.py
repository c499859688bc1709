"""Merges, as records speak of them: two users who are one from then on, by order of whoever knows that they are.

Goes out: what an `Event` may have as its `identity` (`streams.core.links`). A `Merge` is the command; the others are
what the home of who is to be gone and the home of who stays tell each other (`streams.core.identities.merges`).
"""

import msgspec


class Merge(msgspec.Struct, frozen=True, array_like=True, tag=6, gc=False):
    """The event's subject is to be this user from then on. written_ms: when the command was written, and up to then
    users of whom nothing is known may still come; 0 where both must be known, as of a line in a file."""

    into: str
    written_ms: int = 0


class Asked(msgspec.Struct, frozen=True, array_like=True, tag=7, gc=False):
    """To a user: may this one become you? number: of the question, among those about the same user. ids: how many a
    person has with whom it is about, who is one."""

    gone: str
    number: int
    ids: int = 1


class Granted(msgspec.Struct, frozen=True, array_like=True, tag=8, gc=False):
    """To who asked: yes; into whom, where a chain was followed."""

    into: str
    number: int


class Refused(msgspec.Struct, frozen=True, array_like=True, tag=9, gc=False):
    """To who asked: no, and why."""

    code: str
    number: int


class Packed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A profile on its way. schema: the JSON of the `RowSchema` that its row is written in."""

    row: bytes
    document: bytes
    schema: bytes


class Moved(msgspec.Struct, frozen=True, array_like=True, tag=10, gc=False):
    """To who stays: all that was kept of who is gone; number as `PassedOn` has it. aliases: of who is gone, and by what
    each was linked, as `How` has it."""

    gone: str
    number: int
    profile: Packed
    aliases: dict[str, str] = {}


class Renamed(msgspec.Struct, frozen=True, array_like=True, tag=13, gc=False):
    """To an alias of a user who is another from then on: whose it is."""

    gone: str
    into: str


class Noted(msgspec.Struct, frozen=True, gc=False):
    """That a user became another, as her home writes it down for a state that is made anew.

    since: by source, the offset from which on what bears her id is the other's; what stood before was hers, and moved
    with her. erased_ms: up to when she had been erased before that; None where she had not.
    """

    subject: str
    into: str
    ts: int
    message_id: str | None
    since: dict[str, int]
    erased_ms: int | None = None

    def is_undone_by(self, erased_ms: int) -> bool:
        """Whether she was erased since, up to then, and so is nobody's alias any more."""
        return self.ts <= erased_ms and (self.erased_ms is None or self.erased_ms < erased_ms)


class Erase(msgspec.Struct, frozen=True, array_like=True, tag=11, gc=False):
    """To who stays: somebody who is you was erased."""

    gone: str
