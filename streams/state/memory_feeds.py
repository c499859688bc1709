"""Users' feeds in memory: the twin of those in Redis, for tests.

Comes in and goes out: what `streams.state.feeds` says; and what a checkpoint writes to feeds.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from streams.delivery.feed import Entry, Feed, Marked
from streams.delivery.outcomes import day_of, outcome
from streams.state.codec import WHOLE_FEED
from streams.state.feeds import GONE_KEPT, News, Place
from streams.state.format import OUTCOMES
from streams.state.store import Write


class MemoryFeedStore:
    def __init__(self) -> None:
        self._feeds: dict[tuple[int, str], Feed] = defaultdict(Feed)
        self._news: dict[int, list[str | None]] = defaultdict(list)  # None: of somebody erased
        self._last = 0
        self.count: Callable[[int, Write[Any, Any]], None] = lambda _, __: None  # what becomes of messages

    def apply(self, shard: int, write: Write[Any, Any]) -> None:
        """What a checkpoint puts there and takes away."""
        for user, message in write.drop:
            if message == WHOLE_FEED:
                self._feeds.pop((shard, user), None)
                self._news[shard] = [each if each != user else None for each in self._news[shard]]
            else:
                self._drop(self._feeds[shard, user], message)
                self._news[shard].append(user)
        for user, (message, *said) in write.put:
            if message == WHOLE_FEED:
                feed = self._feeds[shard, user]
                self._feeds[shard, user] = Feed(self._number(feed), into=said[0])
            else:
                self._add(self._feeds[shard, user], message, *said)
            self._news[shard].append(user)

    def _number(self, feed: Feed) -> int:
        self._last += 1
        feed.last = self._last
        return feed.last

    def _add(self, feed: Feed, message: str, raw: bytes, *marks: Any) -> None:
        is_new = message not in feed.entries
        if message in feed.gone or (is_new and not raw):
            return
        if is_new:
            at = self._number(feed)
            feed.floor = feed.floor or at
            feed.entries[message] = Entry(raw, at)
        entry = feed.entries[message]
        new = {mark: at_ms for mark, at_ms in zip(marks[::2], marks[1::2], strict=True) if mark not in entry.marks}
        if new and not is_new:
            entry.at = self._number(feed)
        entry.marks |= new

    def _drop(self, feed: Feed, message: str) -> None:
        if feed.entries.pop(message, None) is None:
            return
        feed.gone[message] = self._number(feed)
        if len(feed.gone) > GONE_KEPT:
            feed.floor = feed.gone.pop(next(iter(feed.gone)))

    async def read(self, shard: int, user: str) -> Feed:
        kept = self._feeds.get((shard, user), Feed())
        entries = {message: Entry(each.message, each.at, dict(each.marks)) for message, each in kept.entries.items()}
        return Feed(kept.last, kept.floor, entries, dict(kept.gone), kept.into)

    async def mark(self, shard: int, user: str, marks: Sequence[Marked]) -> Sequence[Marked]:
        feed = self._feeds.get((shard, user), Feed())
        new = []
        for each in marks:
            entry = feed.entries.get(each.message)
            if entry is not None and each.mark not in entry.marks:
                entry.marks[each.mark] = each.at_ms
                entry.at = self._number(feed)
                new.append(each)
        if new:
            self._news[shard].append(user)
            counts = [(outcome(each.name, each.mark), (day_of(each.at_ms), 1, 0)) for each in new]
            self.count(shard, Write(OUTCOMES, counts))
        return new

    async def place(self, shards: int) -> Place:
        return {shard: str(len(self._news[shard])) for shard in range(shards)}

    async def news(self, after: Place) -> News:
        news = ((shard, user) for shard, place in after.items() for user in self._news[shard][int(place) :])
        changed = dict.fromkeys((shard, user) for shard, user in news if user is not None)
        return News(list(changed), {shard: str(len(self._news[shard])) for shard in after})
