"""What identities ask of a shard about its users, and do with their profiles. Comes in: a user. Goes out: see each."""

from collections.abc import Mapping
from typing import Protocol

from streams.core.changes import Change
from streams.core.events import Event, Value
from streams.core.merges import Packed


class Profiles(Protocol):
    """Of one shard."""

    def __contains__(self, subject: str) -> bool: ...

    def depart(
        self, subject: str, survivor: str, at_ms: int, message_id: str | None
    ) -> tuple[Packed, list[Change]]: ...

    def arrive(self, survivor: str, packed: Packed, at_ms: int, message_id: str | None) -> list[Change]: ...

    def refused_until(self, subject: str) -> int:
        """Up to when (ms) what is of an erased subject is refused."""

    def is_refused(self, event: Event) -> bool:
        """Whether it is of before its subject was erased."""

    def traits_of(self, event: Event) -> Mapping[str, Value]:
        """What it sets, with what rules read of its context now and did not when it came."""

    def erase_one(self, subject: str, ts: int, message_id: str | None) -> list[Change]:
        """Take away what is known of a subject up to then."""

    def refuse(self, subject: str, until_ms: int) -> None:
        """Refuse what is of up to then."""
