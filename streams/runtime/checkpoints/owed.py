"""What is told once a lost state has been made anew, as only then it is known who is where.

Comes in: what has come of rebuilding it so far. Goes out: the same at the end, also to whoever goes on after a crash:
it is kept with the state, as what it came of is not read again.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from streams.core.changes import Change
from streams.core.engine.decoding import Memberships
from streams.outputs.change import decode_change, encode_change
from streams.state.format import OWED
from streams.state.store import Write

NOTHING: Final[Mapping[str, bytes]] = MappingProxyType({})
END: Final = "\0"  # of the name of a rule, before a user's


class Stood(msgspec.Struct, frozen=True):
    """told: where who was erased stood by what was told. message_id: of the command."""

    told: Memberships
    message_id: str | None


class Owed:
    """stored: as `take` wrote it. stood: by user. unlike: by user and rule the last change, where others led on from
    it."""

    def __init__(self, stored: Mapping[str, bytes] = NOTHING):
        self.stood: dict[str, Stood] = {}
        self.unlike: dict[tuple[str, str], Change] = {}
        self._news: set[tuple[str, str]] = set()
        for name, raw in stored.items():
            rule, _, user = name.partition(END)
            if rule:
                self.unlike[user, rule] = decode_change(raw)
            else:
                self.stood[user] = msgspec.json.decode(raw, type=Stood)

    def remember(self, user: str, stood: Stood) -> None:
        """Who is erased; what was told before the first of several commands counts."""
        if user not in self.stood:
            self.stood[user] = stood
            self._news.add((user, ""))

    def differ(self, change: Change) -> None:
        self.unlike[change.subject, change.rule] = change
        self._news.add((change.subject, change.rule))

    def follow(self, change: Change) -> None:
        """It comes after whatever there was of its user and rule."""
        if self.unlike.pop((change.subject, change.rule), None):
            self._news.add((change.subject, change.rule))

    def clear(self) -> None:
        """All of it was told."""
        self._news.update(self.unlike, ((user, "") for user in self.stood))
        self.unlike.clear()
        self.stood.clear()

    def take(self) -> Write[str, bytes]:
        """What is news since the last call."""
        news, self._news = sorted(self._news), set()
        raw = {each: self._raw(*each) for each in news}
        put = [(f"{rule}{END}{user}", value) for (user, rule), value in raw.items() if value is not None]
        return Write(OWED, put, [f"{rule}{END}{user}" for (user, rule), value in raw.items() if value is None])

    def _raw(self, user: str, rule: str) -> bytes | None:
        if not rule:
            return msgspec.json.encode(self.stood[user]) if user in self.stood else None
        change = self.unlike.get((user, rule))
        return None if change is None else encode_change(change, change.occurred_at)
