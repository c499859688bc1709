"""Rules applied where topics no longer reach back to where the group began: what is said beforehand is what comes."""

from itertools import product
from typing import Any, Final, NamedTuple

import pytest
from faust.types import TP

from streams.admin import inventory, lookup
from streams.core.explain.explanation import explain
from streams.core.explain.inventory import Inventory
from streams.core.instants import DAY_MS
from streams.lifecycle.applying import apply
from streams.lifecycle.awaiting import make_live
from streams.lifecycle.checking import check_files
from streams.lifecycle.planning import Plan, make_plan
from streams.lifecycle.reach import Reach
from streams.settings import Settings
from streams.state.format import SETTLED
from streams.state.memory import MemoryStore
from streams.terminal.plan import in_words
from streams.testing import to_bytes, track
from tests.runtime.company import Company
from tests.runtime.happenings import Published
from tests.runtime.lives import Crash, Owner
from tests.runtime.world import NOON, PARTITIONS

pytestmark = pytest.mark.usefixtures("at_once")

SETTINGS: Final = Settings()
USERS: Final = ("ann", "dan")  # one of each shard
DAYS_AGO: Final = (40, 20, 10, 6, 2, 1)  # when each of the two signed in
SEEN: Final = {"seen.yaml": "segment: seen\nenter: count(any) >= 6\n"}
WAS: Final = check_files(SEEN)
NOW: Final = check_files(
    SEEN
    | {
        "keen.yaml": "segment: keen\nenter: active_days(days=30) >= 4\n",
        "lately.yaml": 'segment: lately\nenter: count("Signed In", days=3) >= 2\n',
        "often.yaml": 'segment: often\nenter: count("Signed In") >= 4\n',
        "stays.yaml": 'segment: stays\nenter: count("Signed In", days=2) >= 2\nexit: count(any, days=4) < 1\n',
    }
)


class Gone(NamedTuple):
    """Of how many records of each shard Kafka has forgotten.

    since: from when on each has all, in days before now; 0: nothing is there; None: nothing is gone. counted: by user,
    what the conditions of the rules count, in the order of their names. members: of `keen`, `lately`, `often`, `seen`
    and `stays`, who would have entered yesterday and whose `enter` is not true any more.
    """

    records: tuple[int, int]
    since: tuple[int | None, int | None]
    counted: tuple[tuple[int, ...], tuple[int, ...]]
    members: tuple[int, ...]
    says: str


ALL: Final = (5, 2, 6, 6, 1, 2)
CASES: Final = {
    "nothing": Gone((0, 0), (None, None), (ALL, ALL), (2, 2, 2, 2, 2), "Topics reach back to where they began."),
    "of one": Gone((2, 0), (10, None), ((4, 2, 4, 6, 1, 2), ALL), (2, 2, 2, 2, 1), "what came since Thu 19 Feb 12:00"),
    "of both": Gone(
        (3, 4), (6, 2), ((3, 2, 3, 6, 1, 2), (2, 2, 2, 6, 1, 2)), (0, 2, 0, 2, 0), "what came since Fri 27 Feb 12:00"
    ),
    "all of one": Gone(
        (6, 1), (0, 20), ((0, 0, 0, 6, 0, 0), (5, 2, 5, 6, 1, 2)), (1, 1, 1, 2, 0), "has nothing any more"
    ),
}


class Group(Company):
    """Two shards that were told all of it, of which Kafka has forgotten the beginning since."""

    async def lose_the_beginning(self, gone: tuple[int, int]) -> None:
        await apply(self.kept.group, WAS, after=None, author="ann", note="", at_ms=NOON)
        await self.kept.group.put(SETTLED, "partitions", str(PARTITIONS).encode())
        self.world.version = 1
        for user, days in product(USERS, DAYS_AGO):
            self.signs_in(user, NOON - days * DAY_MS)
        await self.each_shard_lives()
        self.world.begins = {TP("product-events", shard): count for shard, count in enumerate(gone)}

    def signs_in(self, user: str, at_ms: int) -> None:
        value = to_bytes(track(user, "Signed In", at_ms, f"{user}-{at_ms}"))
        self.publish(Published("product-events", user, value, at_ms))

    async def each_shard_lives(self) -> None:
        for shard in range(PARTITIONS):
            await self.live_once(shard)

    async def reach(self) -> Reach:
        """As Kafka says it: the latest of the first records of those partitions that do not begin where they began."""
        cut = {tp: count for tp, count in self.world.begins.items() if count}
        firsts = [record.timestamp for tp, count in cut.items() for record in self.world.inputs[tp][count:][:1]]
        known = [at_ms for at_ms in firsts if at_ms is not None]
        return Reach({"product-events": max(known) if len(known) == len(cut) else None} if cut else {})

    async def take_over(self, plan: Plan) -> None:
        """As workers do, once the past is there."""
        version = await apply(self.kept.group, NOW, after=plan.live, author="ann", note="", at_ms=NOON)
        assert version.awaits
        self.world.awaited, self.world.awaited_version = NOW.rulebook, version.number
        await self.each_shard_lives()
        assert self.world.ready == set(range(PARTITIONS))
        await make_live(self.kept.group, version)
        self.world.awaited, self.world.version, self.rules = None, version.number, NOW.rulebook
        await self.each_shard_lives()

    async def counts(self, user: str) -> tuple[Any, ...]:
        """What each rule counts of somebody, as `segmenter explain` has it."""
        found = await lookup.stored_in(self.kept, SETTINGS, NOW.rulebook, user, None, self.world.now_ms)
        return tuple(each.value for rule in explain(found.shard, user, found.at_ms).rules for each in rule.conditions)


def minute(at_ms: int | None) -> int | None:
    return None if at_ms is None else at_ms // 60_000


def since(taken: Inventory, at_ms: int) -> dict[str, Any]:
    """From when on each rule has all that it reads, when its windows are whole, and until when it is warming."""
    return {
        each.rule.name: (
            [(text, minute(kept_ms), covered_ms) for text, kept_ms, covered_ms in each.readings],
            each.warming_until(at_ms),
        )
        for each in taken.rules
    }


@pytest.mark.parametrize("gone", CASES.values(), ids=CASES)
async def test_what_a_plan_says_of_what_topics_do_not_reach_back_to_is_what_comes(
    gone: Gone, caplog: pytest.LogCaptureFixture
) -> None:
    group = Group(MemoryStore(), {}, WAS.rulebook)
    await group.lose_the_beginning(gone.records)
    plan = await make_plan(group.kept, SETTINGS, NOW, ask=group.reach)
    assert plan.after is not None
    assert gone.says in in_words(plan)
    await group.take_over(plan)
    assert "begins anew" not in caplog.text
    wanted = [minute(None if days is None else NOON - days * DAY_MS) for days in gone.since]
    assert [minute(group.world.reaches[shard]) for shard in range(PARTITIONS)] == wanted
    found = await inventory.stored_in(group.kept, SETTINGS, NOW.rulebook)
    now_ms = group.world.now_ms
    assert since(found.inventory, now_ms) == since(plan.after, now_ms)
    assert tuple([await group.counts(user) for user in USERS]) == gone.counted
    assert tuple(found.members_of(NOW.rulebook.names).values()) == gone.members
    for user in USERS:
        group.signs_in(user, NOON)
    await group.each_shard_lives()
    more = tuple(tuple(count + 1 for count in counts) for counts in gone.counted)
    assert tuple([await group.counts(user) for user in USERS]) == more


async def test_where_retention_takes_what_was_to_be_read_next_a_past_begins_anew_with_what_is_there(
    caplog: pytest.LogCaptureFixture,
) -> None:
    group = Group(MemoryStore(), {}, WAS.rulebook)
    await group.lose_the_beginning((0, 0))
    plan = await make_plan(group.kept, SETTINGS, NOW, ask=group.reach)
    world, (ann, _) = group.world, USERS
    world.awaited, world.awaited_version = NOW.rulebook, 2
    with pytest.raises(Crash):
        await Owner(world, WAS.rulebook, "past save", "after, a crash", number=0).live()
    world.awaited = None
    for minutes in range(3):
        group.signs_in(ann, NOON + minutes * 60_000)
    await group.each_shard_lives()
    world.begins = {TP("product-events", 0): len(DAYS_AGO) + 1}
    await group.take_over(plan)
    assert "shard 0, past under version 2 - begins anew" in caplog.text
    assert minute(world.reaches[0]) == minute(NOON + 60_000)
    assert await group.counts(ann) == (1, 2, 2, len(DAYS_AGO) + 3, 2, 2)
