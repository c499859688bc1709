"""What was counted of users before they became others, as the pasts of their homes have left it for others' pasts.

Comes in: the identities of a past that is made, and Redis' room for that past. Goes out: by user, the profiles of those
who became her; they are added where her past is looked at (`streams.core.engine.past`).
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from streams.core.engine.shard import Shard
from streams.core.identities.identities import Identities
from streams.core.merges import Packed

AT_ONCE = 500
Ask = Callable[[Sequence[str]], Awaitable[dict[str, bytes]]]


class Departed:
    """ask: for what is left of these users, wherever their homes are."""

    def __init__(self, shard: Shard, identities: Identities, ask: Ask):
        self._shard, self._identities, self._ask = shard, identities, ask
        self._found: dict[str, Packed] = {}
        self._wanted: list[tuple[str, str]] = []

    @property
    def missing(self) -> int:
        """How many are not there yet, of those who were looked for last: they are on their way."""
        return sum(gone not in self._found for _, gone in self._wanted)

    async def look(self) -> None:
        self._wanted = [(user, gone) for user, gone in self._identities.owners.merged() if user in self._shard]
        names = sorted({gone for _, gone in self._wanted} - self._found.keys())
        for start in range(0, len(names), AT_ONCE):
            found = await self._ask(names[start : start + AT_ONCE])
            self._found |= {gone: msgspec.json.decode(raw, type=Packed) for gone, raw in found.items()}

    def by_user(self) -> dict[str, list[Packed]]:
        found: defaultdict[str, list[Packed]] = defaultdict(list)
        for user, gone in sorted(self._wanted):
            if gone in self._found:
                found[user].append(self._found[gone])
        return dict(found)
