"""Two shards that tell each other, from one life to the next, with crashes.

Comes in: records, one after another. Goes out: what was told, and where everybody is.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from faust.types import TP
from hypothesis import strategies as st

from streams.core.rules.rulebook import Rulebook
from streams.kafka.partitioning import homes
from streams.outputs.change import decode_change
from streams.state.collection import Collection
from streams.state.format import ALIASES, DOCUMENTS, MARKS, MEMBERSHIPS, OWNED, ROWS, UNLINKED
from streams.state.store import Store
from tests.core.harness import Changes, as_expected
from tests.core.identities.people import USERS
from tests.oracle import Expected
from tests.runtime.happenings import COUNTED, Published
from tests.runtime.lives import HOW, Crash, Owner
from tests.runtime.world import PARTITIONS, World
from tests.state.checkpoints import claimed

Crashes = Mapping[int, tuple[int | str, str]]
NEVER: Final[Crashes] = {}
CRASHES: st.SearchStrategy[Crashes] = st.dictionaries(
    st.integers(0, 40), st.tuples(st.integers(0, 12), st.sampled_from(HOW)), max_size=12
)


class Company:
    """Both shards, from one life to the next. crashes: by number of a life, the step, by number or name, and how."""

    def __init__(self, kept: Store, crashes: Crashes, rules: Rulebook = COUNTED):
        self.kept, self.world, self.rules = kept, World(kept.shards), rules
        self.after: Rulebook | None = None
        self.begin(crashes)

    def begin(self, crashes: Crashes) -> None:
        """Lives are counted anew."""
        self._crashes, self._lives = crashes, 0
        self._crashed = set[int]()

    def publish(self, record: Published) -> None:
        home = homes(record.key, PARTITIONS, "murmur2")[0]
        self.world.arrive(TP(record.topic, home), record.key, record.value, record.at_ms)

    async def settle(self) -> None:
        """Until nobody has anything left to do."""
        for _ in range(30):
            busy = [shard for shard in range(PARTITIONS) if await self._is_busy(shard)]
            if not busy:
                return
            for shard in busy:
                await self.live_once(shard)
        raise AssertionError("they never stop telling each other something")

    async def live_once(self, shard: int) -> bool:
        """One life of its owner; whether it did not crash."""
        at, how = self._crashes.get(self._lives, (None, ""))
        self._lives += 1
        try:
            await Owner(self.world, self.rules, at, how, self.after, shard).live()
        except Crash:
            self._crashed.add(shard)
            return False
        self._crashed.discard(shard)
        return True

    async def _is_busy(self, shard: int) -> bool:
        ends = {tp.topic: len(self.world.inputs[tp]) for tp in self.world.inputs_of(shard)}
        progress = await self.kept.shards.progress(shard)
        if progress is None:
            return any(ends.values())
        reached = all(progress.positions.get(topic, 0) == end for topic, end in ends.items())
        return shard in self._crashed or not reached or not await self.kept.shards.is_published(shard, progress.number)

    def told(self) -> Changes:
        """By user, each once."""
        first: dict[str, Expected] = {}
        for message in self.world.of("segment-changes"):
            change = decode_change(message.value or b"")
            told = as_expected(change)
            assert first.setdefault(change.id, told) == told, "a repeat says something else"
        found: Changes = {}
        for told in first.values():
            found.setdefault(told.subject, []).append(told)
        return found

    def repeats(self) -> int:
        ids = [decode_change(message.value or b"").id for message in self.world.of("segment-changes")]
        return len(ids) - len(set(ids))

    async def stands(self) -> dict[str, Any]:
        """Where each user is, as others see it; and of whom or what something is stored."""
        told = {message.key.decode(): message.value for message in self.world.of("segment-memberships")}
        where = {user: set(json.loads(value)["segments"]) for user, value in told.items() if value is not None}
        found: dict[str, Any] = {"published": {user: segments for user, segments in where.items() if segments}}
        for shard in range(PARTITIONS):
            stored = await claimed(self.kept.shards, shard, 1 << 60)
            kept: tuple[Collection[Any, Any], ...] = (ROWS, DOCUMENTS, MARKS, ALIASES, OWNED)
            for collection in kept:
                found[f"{shard} {collection.key}"] = set(stored[collection]) if stored else set()
            # The number of a record that waits says nothing but its place.
            waits = [name.partition("\0")[0] for name in stored[UNLINKED]] if stored else []
            found[f"{shard} {UNLINKED.key}"] = sorted(waits)
            for user in USERS:
                raw = await self.kept.shards.get(shard, MEMBERSHIPS, user)
                found[f"{shard} {user}"] = set(json.loads(raw or b"{}"))
        return found


async def live(company: Company, published: Sequence[Published]) -> None:
    """One record after another, each when all has been heard that came of the one before."""
    for record in published:
        company.publish(record)
        await company.settle()
