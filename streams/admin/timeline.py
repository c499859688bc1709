"""What became of a user of late, as workers have stored it.

Comes in: a user, and Redis. Goes out: the user's newest changes.
"""

from streams.admin.homes import homes_of
from streams.outputs.timeline import TimelineEntry, decode_entry
from streams.settings import Settings
from streams.state.format import TIMELINE
from streams.state.store import Store


async def timeline(store: Store, settings: Settings, user: str) -> list[TimelineEntry]:
    """The newest first; those of one instant as they were found, the last first."""
    shards = await homes_of(store, settings, user)
    found = [decode_entry(raw) for shard in shards for raw in await store.shards.entries(shard, TIMELINE, user)]
    return sorted(found, key=lambda each: -each.occurred_at)
