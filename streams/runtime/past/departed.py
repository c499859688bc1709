"""What was counted of users before they became others, as the pasts of their homes have left it for others' pasts.

Comes in: the identities of a past that is made, and what the homes of users say. Goes out: by user, the profiles of
those who became her; they are added where her past is looked at (`streams.core.engine.past`).

Of some nothing is left anywhere: all of them came by themselves, as their home had its past already when they became
others, or topics do not reach back to them. That is known once that home has its past, or once its past stands where
the home itself stood when they were others there: until then they are on their way, however long that takes.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import msgspec

from streams.core.engine.shard import Shard
from streams.core.identities.identities import Identities
from streams.core.merges import Packed
from streams.runtime.intake.homes import Homes, Positions

AT_ONCE: Final = 500


class Departed:
    """missing: how many are on their way, of those who were looked for last."""

    def __init__(self, shard: Shard, identities: Identities, homes: Homes):
        self._shard, self._identities, self._homes = shard, identities, homes
        self._found: dict[str, Packed] = {}
        self._nothing: set[str] = set()
        self._since: dict[str, Positions] = {}  # of each where the home stood when it was somebody else there
        self._wanted: list[tuple[str, str]] = []
        self.missing = 0

    async def look(self) -> None:
        self._wanted = [(user, gone) for user, gone in self._identities.owners.merged() if user in self._shard]
        by_home = defaultdict[int, list[str]](list)
        for gone in sorted({gone for _, gone in self._wanted} - self._found.keys() - self._nothing):
            by_home[self._homes.of(gone)].append(gone)
        self.missing = 0
        for home, users in by_home.items():
            for start in range(0, len(users), AT_ONCE):
                self.missing += await self._look_for(home, users[start : start + AT_ONCE])

    async def _look_for(self, home: int, users: Sequence[str]) -> int:
        """How many of them are on their way."""
        passed = await self._passed(home, users)  # before it is asked what is left there
        left = await self._homes.left(home, users)
        self._found |= {gone: msgspec.json.decode(raw, type=Packed) for gone, raw in left.items()}
        self._nothing |= passed - left.keys()
        missing = set(users) - left.keys() - passed
        if new := await self._homes.others(home, sorted(missing - self._since.keys())):
            self._since |= dict.fromkeys(new, await self._homes.stands(home))
        return len(missing)

    async def _passed(self, home: int, users: Sequence[str]) -> set[str]:
        known = [gone for gone in users if gone in self._since]
        furthest: dict[str, int] = {}
        for gone in known:
            for topic, at in self._since[gone].items():
                furthest[topic] = max(at, furthest.get(topic, 0))
        return set(known) if known and await self._homes.has_passed(home, furthest) else set()

    def by_user(self) -> dict[str, list[Packed]]:
        found: defaultdict[str, list[Packed]] = defaultdict(list)
        for user, gone in sorted(self._wanted):
            if gone in self._found:
                found[user].append(self._found[gone])
        return dict(found)
