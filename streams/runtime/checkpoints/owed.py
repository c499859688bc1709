"""What is told once a lost state has been made anew, as only then it is known who is where.

Comes in: what has come of rebuilding it so far. Goes out: the same at the end, also to whoever goes on after a crash:
it is kept with the state, as what it came of is not read again.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from streams.core.engine.decoding import Memberships
from streams.state.format import OWED
from streams.state.store import Write

NOTHING: Final[Mapping[str, bytes]] = MappingProxyType({})
END: Final = "\0"  # before a user's name


class Stood(msgspec.Struct, frozen=True):
    """told: where who was erased stood by what was told. message_id: of the command."""

    told: Memberships
    message_id: str | None


class Owed:
    """stored: as `take` wrote it. stood: by user."""

    def __init__(self, stored: Mapping[str, bytes] = NOTHING):
        self.stood: dict[str, Stood] = {}
        self._news: set[str] = set()
        for name, raw in stored.items():
            rule, _, user = name.partition(END)
            if not rule:  # there were some of rules, once
                self.stood[user] = msgspec.json.decode(raw, type=Stood)

    def remember(self, user: str, stood: Stood) -> None:
        """Who is erased; what was told before the first of several commands counts."""
        if user not in self.stood:
            self.stood[user] = stood
            self._news.add(user)

    def clear(self) -> None:
        """All of it was told."""
        self._news.update(self.stood)
        self.stood.clear()

    def take(self) -> Write[str, bytes]:
        """What is news since the last call."""
        news, self._news = sorted(self._news), set()
        put = [(END + user, msgspec.json.encode(self.stood[user])) for user in news if user in self.stood]
        return Write(OWED, put, [END + user for user in news if user not in self.stood])
