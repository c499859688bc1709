"""The port to users' feeds: the messages that stand in each, and what its user did with them.

Comes in: whose feed, which mark. Goes out: the feed as it is (`streams.delivery.feed`), and whose feed changed.
Messages come and go with the checkpoints of whoever delivers (`FEEDS` in `streams.state.format`); marks are put here,
by whoever serves the feed.

The number of what happens is the instant (us) of the Redis server or, where that is no greater than the last one, one
more than that: a feed that was erased and begins anew has greater ones than before.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol, get_args

from streams.delivery.feed import Feed, Mark, Marked

MARKS: Final[tuple[Mark, ...]] = get_args(Mark)
GONE_KEPT: Final = 50
"""Of so many messages a feed remembers that they were taken out; whoever knows it only from before begins anew."""

Place = Mapping[int, str]
"""How far the changes of all shards' feeds were followed, by shard."""


class News(NamedTuple):
    """The shard and user of each feed that changed, each once; and how far that is."""

    changed: Sequence[tuple[int, str]]
    place: Place


class FeedStore(Protocol):
    """All feeds. `shard` is the one in whose topic partition the user's changes are. Every call may raise
    `Unreachable`, and may then be made again just so."""

    async def read(self, shard: int, user: str) -> Feed:
        """An empty one for whoever was never sent anything."""

    async def mark(self, shard: int, user: str, marks: Sequence[Marked]) -> Sequence[Marked]:
        """Put marks at messages, all or none. Gives those that are new: a mark stays as it was made first, and a
        message that is no longer there is passed over."""

    async def place(self, shards: int) -> Place:
        """Where the changes of all shards' feeds have come to now."""

    async def news(self, after: Place) -> News:
        """Whose feeds changed since. It does not wait. Of somebody erased nothing is told, and nothing any more of what
        was before: whoever shows that feed sees it at the next look."""
