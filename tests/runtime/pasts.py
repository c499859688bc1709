"""A group of two shards under some rules, and then under others that read what was not kept before, for tests."""

import asyncio
from collections.abc import Collection
from typing import Any, Final

from streams.core.changes import Change
from streams.core.instants import DAY_MS
from streams.core.language.parser import parse_condition
from streams.core.rules.nodes import Always
from streams.core.rules.rulebook import Level, Rulebook, Segment, Tier
from streams.outputs.change import decode_change
from tests.rulebooks import rulebook
from tests.runtime.company import Company
from tests.runtime.world import PARTITIONS

BEFORE: Final = rulebook(**{f"seen-{n}": f"count(any) >= {n}" for n in range(1, 4)})
VISITS: Final = 'count("Page Viewed") >= {}'
AFTER: Final = rulebook(
    # Where one is by these is more than what was counted: it is how it came about.
    Segment("stays", parse_condition(VISITS.format(1)), exit=parse_condition('count("Signed In") >= 2'), version="v1"),
    Segment("lingers", parse_condition('count("Signed In", days=1) >= 2'), min_stay_ms=DAY_MS, version="v1"),
    Tier("pace", (Level("lively", parse_condition(VISITS.format(3))), Level("calm", Always(True))), version="v1"),
    paired=f'in_segment("in-2") and {VISITS.format(1)}',
    varied='distinct("Page Viewed", "n", days=30) >= 2',
    payer="mrr >= 20",
    **{f"seen-{n}": f"count(any) >= {n}" for n in range(1, 4)},
    **{f"in-{n}": f'count("Signed In") >= {n}' for n in range(1, 6)},
    **{f"viewed-{n}": f'count("Page Viewed") >= {n}' for n in range(1, 5)},
    looked='count("Page Viewed") > count("Signed In")',
    **{
        f"read-{n}": f'sum("Page Viewed", "n", days=90) + sum("Signed In", "n", days=90) >= {n}'
        for n in range(1, 16, 2)
    },
    **{f"{what}-{n}": f"context.{what}.n == {n}" for what in ("campaign", "device") for n in range(4)},
)
# Some of these, and none that asks for another which is not there.
BETWEEN: Final = Rulebook(
    tuple(rule for rule in AFTER.rules if not rule.name.startswith(("in-", "paired", "read-", "stays", "pace")))
)


class Group(Company):
    """The same under some rules, and then under others."""

    async def settle_all(self) -> None:
        """The same, with a life of each at least, until one ends without a crash; at once, as the past of one may need
        what that of another has left."""
        await asyncio.gather(*map(self._live_whole, range(PARTITIONS)))
        await self.settle()

    async def _live_whole(self, shard: int) -> None:
        while not await self.live_once(shard):
            pass


async def take_over(company: Group, in_memory: bool, rules: Rulebook = AFTER) -> None:
    """Have the past made of the rules that are to come, then let them be live, as workers do; in_memory: each under the
    eyes of an owner who has made the past, else of one who begins with it."""
    world = company.world
    world.awaited, world.awaited_version, world.has_limit = rules, world.version + 1, True
    world.has_past = True
    for told in (world.ready, world.taken, world.heard):  # of the version before
        told.clear()
    await company.settle_all()
    assert world.ready == set(range(PARTITIONS))
    world.version += 1
    company.rules, company.after = rules, company.rules if in_memory else None
    if not in_memory:
        world.awaited = None
    await company.settle_all()
    world.awaited = company.after = None
    for _ in range(2):  # what is made is forgotten once all have taken it, and have heard what was told before
        await company.settle_all()


async def stands(company: Group) -> dict[str, Any]:
    """Where everybody is, and what is stored of whom."""
    found = await company.stands()
    return {name: where for name, where in found.items() if not name.endswith(("aliases", "owned", "unlinked"))}


def told(company: Group, before: Collection[str] = ()) -> dict[str, Change]:
    """What all shards have told, each once, by id; but for what has these ids."""
    changes = [decode_change(message.value or b"") for message in company.world.of("segment-changes")]
    return {change.id: change for change in changes if change.id not in before}
