"""Users who become others while one shard has taken rules over that know the past, and another has not yet."""

import asyncio
import itertools
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, Final

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.core.compiler.catalog import Catalog
from streams.core.engine.shard import Shard
from streams.core.identities.questions import word
from streams.core.merges import Moved, Packed
from streams.core.profiles.snapshot import RowSchema
from streams.kafka.partitioning import homes
from streams.monitoring.health import Cause, Obstacle
from streams.runtime.intake import held_back
from streams.runtime.intake.held_back import HeldBack
from streams.settings import Settings
from streams.state.format import past_room
from streams.state.memory import MemoryStore
from tests.core.identities.people import Becomes, SignIn, Step
from tests.runtime.company import CRASHES, NEVER, Crashes, live
from tests.runtime.happenings import OF_USERS, Backdated, Late, records
from tests.runtime.pasts import AFTER, BEFORE, Group, stands
from tests.runtime.world import PARTITIONS

pytestmark = pytest.mark.usefixtures("at_once")


class Turning(Group):
    """turned: the shards that have taken the rules over, if there are any that await their past."""

    def __init__(self, crashes: Crashes):
        super().__init__(MemoryStore(), crashes, BEFORE)
        self.turned, self.awaits = set[int](), False

    async def live_once(self, shard: int) -> bool:
        world, has_turned = self.world, shard in self.turned
        world.version, world.has_past, self.rules = (2, True, AFTER) if has_turned else (1, False, BEFORE)
        world.awaited, world.awaited_version = (AFTER if self.awaits and not has_turned else None), 2
        return await super().live_once(shard)

    async def turn(self, shard: int) -> None:
        """Take the rules over; its past may wait for that of the other."""
        self.turned.add(shard)
        turning = asyncio.create_task(self.live_once(shard))
        while not turning.done():
            await self.live_once(1 - shard)
        await turning


Turn = tuple[int, bool]  # a shard that lives on what there is, and whether it takes the rules over first
NOW: Final[Sequence[Sequence[Turn]]] = ()


async def as_if_always(
    steps: Sequence[Step | Late | Backdated], at: int, turns: Sequence[Sequence[Turn]], crashes: Crashes
) -> None:
    """at: the first record that comes when all pasts are ready. turns: what follows each of those."""
    published = records(steps)
    always, company = Group(MemoryStore(), {}, AFTER), Turning(crashes)
    await live(always, published)
    await live(company, published[:at])
    company.awaits = True
    await company.settle_all()
    for record, shards in zip(published[at:], itertools.chain(turns, itertools.repeat(())), strict=False):
        company.publish(record)
        for shard, turns_over in shards:
            await (company.turn(shard) if turns_over and shard not in company.turned else company.live_once(shard))
    for shard in {*range(PARTITIONS)} - company.turned:
        await company.turn(shard)
    for _ in range(3):
        await company.settle_all()
    assert await stands(company) == await stands(always)
    for shard in range(PARTITIONS):
        assert await company.kept.shards.beside(past_room(2)).progress(shard) is None, "what is not needed is kept"


GONE, STAYS = "dan", "ann"
A, B = (homes(user, PARTITIONS, "murmur2")[0] for user in (GONE, STAYS))
MERGE: Final[Sequence[Step]] = (SignIn(GONE, None), SignIn(STAYS, None), SignIn(GONE, None), Becomes(GONE, STAYS))
WHEN: Final[dict[str, Sequence[Turn]]] = {
    "the home of who stays has taken them over": [(B, True), (A, False), (B, False), (A, False), (B, False)],
    "the profile is on its way as both do": [(A, False), (B, False), (A, False), (A, True), (B, True)],
    "the profile is on its way as one does": [(A, False), (B, False), (A, False), (B, True), (B, False)],
    "the home of who is gone has taken them over": [(A, True), (A, False), (B, False), (A, False), (B, False)],
}


@pytest.mark.parametrize("when", WHEN)
async def test_nothing_is_lost_of_who_becomes_another_when(when: str) -> None:
    assert A != B
    await as_if_always(MERGE, 3, [WHEN[when]], NEVER)


def test_who_is_held_back_for_longer_than_a_moment_is_what_the_shard_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1_000.0
    monkeypatch.setattr(held_back, "time", SimpleNamespace(monotonic=lambda: now_s))
    store, settings_ = MemoryStore().shards, Settings()
    worker: Any = SimpleNamespace(store=store, settings=settings_, rulebook=AFTER, partitions=PARTITIONS, version=2)
    held = HeldBack(worker, B, Shard(AFTER), "rerouted-events")
    for offset, (gone, rules) in enumerate({"bea": AFTER, "dan": BEFORE, "eve": BEFORE}.items()):
        packed = Packed(b"", b"", msgspec.json.encode(RowSchema.of(Catalog(rules))))
        held.add(offset, word(STAYS, 0, Moved(gone, 1, packed), "m"))
    assert held.bounds({}) == {"rerouted-events": 1}
    assert held.obstacle is None
    now_s += 10
    assert held.obstacle == Obstacle(Cause.PAST, "it is not there yet what was counted of 2 users before a merge")


LIVES: Final = st.lists(st.lists(st.tuples(st.integers(0, PARTITIONS - 1), st.booleans()), max_size=4), max_size=8)


@settings(max_examples=1 + settings().max_examples // 3)
@example([*MERGE, Late(GONE, 3)], 3, [WHEN["the profile is on its way as one does"]], {12: (5, "after, a crash")})
@given(st.lists(OF_USERS, max_size=9), st.integers(0, 9), LIVES, CRASHES)
def test_whenever_each_shard_takes_rules_over_they_are_as_if_they_had_always_been_there(
    steps: list[Step | Late | Backdated], at: int, turns: list[list[Turn]], crashes: Crashes
) -> None:
    asyncio.run(as_if_always(steps, at, turns, crashes))
