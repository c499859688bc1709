"""What is live, by the rules as the files say them and by Redis as the workers of a group left it."""

import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from streams.calendars import calendar
from streams.core.calendar import Calendar
from streams.core.explain.inventory import Inventory, take_inventory
from streams.core.profiles.snapshot import Head
from streams.core.rules.rulebook import Rulebook
from streams.errors import SegmenterError
from streams.lifecycle.awaiting import Awaited, awaited
from streams.settings import Settings
from streams.state.format import SHADOW_MEMBERS
from streams.state.opening import opened_store
from streams.state.store import Store


class Found(NamedTuple):
    """What is live as of `at_ms`. members: of each segment, of which some have none. calendar: whose days count."""

    inventory: Inventory
    calendar: Calendar
    members: Mapping[str, int]
    profiles: int
    at_ms: int

    def members_of(self, segments: Iterable[str]) -> dict[str, int]:
        return {segment: self.members.get(segment, 0) for segment in segments}


async def awaited_past(settings: Settings) -> Awaited | None:
    async with opened_store(settings) as store:
        return await awaited(store.group)


async def stored(settings: Settings, rulebook: Rulebook) -> Found:
    async with opened_store(settings) as store:
        return await stored_in(store, settings, rulebook)


async def stored_in(store: Store, settings: Settings, rulebook: Rulebook) -> Found:
    """The same, of a store that is open already."""
    shards = await store.shards.all()
    if not shards:
        raise SegmenterError(f"No worker of the group {settings.group} has ever written to this Redis.")
    # A shard without profiles is written when there is one: its head may be of other rules than those that run.
    speaking = [shard for shard in shards.values() if shard.profiles] or list(shards.values())
    heads = [Head.decode(shard.head) for shard in speaking]
    days = calendar(heads[0].timezone)
    inventory = take_inventory(rulebook, heads, days)
    gone = [segment for segments in inventory.gone.values() for segment in segments]
    counts = await store.shards.counts([*rulebook.segments, *gone])
    members = {segment: count.size for segment, count in counts.items()}
    if dark := {segment for rule in rulebook.groupings if rule.is_shadow for segment in rule.segments}:
        in_shadow = await store.shards.sizes(SHADOW_MEMBERS)
        members |= {segment: in_shadow.get(segment, 0) for segment in dark}
    profiles = sum(shard.profiles for shard in shards.values())
    # On a virtual clock (`segmenter dev`) time is where the workers have come to.
    return Found(inventory, days, members, profiles, max(time.time_ns() // 1_000_000, inventory.time_ms))
