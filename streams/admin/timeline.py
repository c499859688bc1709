"""What became of a user of late, as workers have stored it.

Comes in: a user, and Redis. Goes out: the user's newest changes; also with those of users who became this one.
"""

from typing import NamedTuple

from streams.admin.homes import homes_of
from streams.admin.links import aliases_of
from streams.core.links import How
from streams.outputs.timeline import TimelineEntry, decode_entry
from streams.settings import Settings
from streams.state.format import TIMELINE
from streams.state.store import Store


class ToldAs(NamedTuple):
    """A change, and the id under which it was told."""

    user: str
    entry: TimelineEntry


async def timeline(store: Store, settings: Settings, user: str) -> list[TimelineEntry]:
    """The newest first; those of one instant as they were found, the last first."""
    shards = await homes_of(store, settings, user)
    found = [decode_entry(raw) for shard in shards for raw in await store.shards.entries(shard, TIMELINE, user)]
    return sorted(found, key=lambda each: -each.occurred_at)


async def timeline_of_all(store: Store, settings: Settings, user: str) -> list[ToldAs]:
    """The same with those of users who became this one, no more of all than are kept of one. That somebody left
    everything by becoming her is no change of hers."""
    aliases = await aliases_of(store, settings, user)
    ids = [user, *(each.alias for each in aliases if each.is_hers and each.how == How.MERGE)]
    of_each = {each: await timeline(store, settings, each) for each in ids}
    found = [ToldAs(one, entry) for one, of_one in of_each.items() for entry in of_one if entry.merged_into is None]
    found.sort(key=lambda each: -each.entry.occurred_at)
    return found[: max(settings.timeline, *map(len, of_each.values()))]
