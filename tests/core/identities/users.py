"""Users without a shard, of whom identities ask who has a profile and of whom what is refused, for tests."""

from collections.abc import Mapping

from streams.core.changes import Change
from streams.core.events import Event, Value
from streams.core.identities.aliases import Aliases
from streams.core.identities.identities import Identities
from streams.core.identities.owners import Owners
from streams.core.identities.refusals import Refusals
from streams.core.merges import Packed
from tests.core.identities.made import KEEP


class Users:
    """Who has a profile, and of whom what is refused."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.marks: dict[str, int] = {}

    def __contains__(self, subject: str) -> bool:
        return subject in self.known

    def is_refused(self, event: Event) -> bool:
        return event.ts <= self.marks.get(event.subject, -1)

    def refuse(self, subject: str, until_ms: int) -> None:
        self.marks[subject] = until_ms

    def refused_until(self, subject: str) -> int:
        return self.marks.get(subject, -1)

    def traits_of(self, event: Event) -> Mapping[str, Value]:
        return event.traits

    def depart(self, subject: str, survivor: str, at_ms: int, message_id: str | None) -> tuple[Packed, list[Change]]:
        raise AssertionError("nobody is merged here")

    def arrive(self, survivor: str, packed: Packed, at_ms: int, message_id: str | None) -> list[Change]:
        raise AssertionError("nobody is merged here")

    def erase_one(self, subject: str, ts: int, message_id: str | None) -> list[Change]:
        raise AssertionError("nobody is erased here")


def identities(users: Users, aliases: Aliases | None = None, owners: Owners | None = None) -> Identities:
    return Identities(users, Aliases(KEEP) if aliases is None else aliases, owners or Owners(), Refusals())
