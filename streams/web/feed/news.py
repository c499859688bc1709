"""Whose feed changed, for all open streams of the process: one task asks, however many there are.

Comes in: the store of feeds. Goes out: to each stream, that there is something to read. A stream that was not told
since (an outage, more news than the store keeps) is told all the same: it reads, and finds nothing.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from streams.errors import SegmenterError
from streams.log import log
from streams.state.feeds import FeedStore, Place
from streams.web.feed.places import Places
from streams.web.stopping import Stopping

LOOKS_EVERY_S: Final = 0.05
TRIES_AGAIN_AFTER_S: Final = 1.0


class News:
    """Use it inside `running`. away: why nothing can be told just now; None where it can. ends: whether streams are to
    end, as the process is."""

    def __init__(self, feeds: FeedStore, places: Places, stopping: Stopping):
        self.away: str | None = None
        self._feeds = feeds
        self._places = places
        self._stopping = stopping
        self._open: dict[str, set[asyncio.Event]] = defaultdict(set)

    @property
    def ends(self) -> bool:
        return bool(self._stopping)

    @contextmanager
    def of(self, user: str) -> Iterator[asyncio.Event]:
        """Set whenever the feed may have changed; whoever waits for it clears it before it reads."""
        told = asyncio.Event()
        self._open[user].add(told)
        try:
            yield told
        finally:
            self._open[user].discard(told)
            if not self._open[user]:
                del self._open[user]

    def streams(self, user: str) -> int:
        return len(self._open.get(user, ()))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as beside:
            each = [beside.create_task(run()) for run in (self._follow, self._end)]
            yield
            for task in each:
                task.cancel()

    async def _follow(self) -> None:
        place: Place | None = None
        while True:
            try:
                place = await self._look(place)
                self._say(None)
                await asyncio.sleep(LOOKS_EVERY_S)
            except SegmenterError as error:
                place = None
                self._say(str(error))
                await asyncio.sleep(TRIES_AGAIN_AFTER_S)

    async def _look(self, place: Place | None) -> Place:
        if place is None:
            place = await self._feeds.place(await self._places.shards())
            self._tell_all()
            return place
        changed, place = await self._feeds.news(place)
        for _, user in changed:
            for told in self._open.get(user, ()):
                told.set()
        return place

    async def _end(self) -> None:
        await self._stopping.wait()
        self._tell_all()

    def _tell_all(self) -> None:
        for streams in self._open.values():
            for told in streams:
                told.set()

    def _say(self, away: str | None) -> None:
        if away != self.away:
            log.warning("feeds - %s", away or "are followed again")
        self.away = away
