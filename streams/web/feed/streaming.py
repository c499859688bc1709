"""GET /v1/feed/stream: what comes into a user's feed and goes out of it, as server-sent events
(https://html.spec.whatwg.org/#server-sent-events).

    message  one that came, or of which a mark changed    {as GET /v1/feed has it}
    remove   one that went                                {"id"}
    counts   how many wait, after each change             {"unseen", "unread"}
    reset    all that the browser knows is gone: it knew the feed from too long ago

Begins with all that stands in it or, by the `Last-Event-ID` of a browser that comes again, with what came since. A
comment every 25 s keeps proxies from hanging up. It ends with the token: the browser comes again with a new one.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive

from streams.delivery.feed import Feed
from streams.errors import Unreachable
from streams.state.feeds import FeedStore
from streams.state.store import GroupStore
from streams.web.feed import tickets
from streams.web.feed.news import News
from streams.web.feed.readers import Asked, Door, Resource
from streams.web.feed.shown import counts_shown, shown
from streams.web.feed.tokens import Reader
from streams.web.numbers import whole
from streams.web.refusal import come_again

PING_S: Final = 25.0
COMES_AGAIN_MS: Final = 5_000
MOST_STREAMS: Final = 20  # of a user; a browser has one for all of its tabs
HEADERS: Final = {"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"}


class Streaming(Resource):
    def __init__(self, door: Door, feeds: FeedStore, news: News, group: GroupStore):
        super().__init__(door)
        self._feeds = feeds
        self._news = news
        self._group = group

    async def answer(self, asked: Asked, receive: Receive) -> Response:
        reader = await self._reader(asked)
        if self._news.streams(reader.user) >= MOST_STREAMS:
            raise come_again("too_many_streams", f"this user has {MOST_STREAMS} open streams", 60)
        await self.door.read(self._feeds, reader.user)  # what cannot be read is told by a status, before it begins
        lines = self._lines(reader, whole(asked.header("last-event-id") or ""))
        return StreamingResponse(lines, 200, HEADERS, "text/event-stream")

    async def _reader(self, asked: Asked) -> Reader:
        ticket = parse_qs(asked.query.decode("latin-1")).get("ticket")
        return await tickets.redeem(self._group, ticket[-1]) if ticket else self.door.reader(asked)

    async def _lines(self, reader: Reader, cursor: int | None) -> AsyncIterator[bytes]:
        with ExitStack() as following:
            whose, told = reader.user, following.enter_context(self._news.of(reader.user))
            told.set()  # to begin with
            yield f"retry: {COMES_AGAIN_MS}\n\n".encode()
            first = True
            while not self._news.ends and (left_s := reader.until_s - time.time()) > 0:
                if not await _is_told(told, min(PING_S, left_s)):
                    yield b": here\n\n"
                    continue
                told.clear()
                try:
                    found = await self.door.read(self._feeds, reader.user)
                except Unreachable:
                    continue  # all are told when Redis is back
                if found.user != whose:  # by a merge
                    following.close()
                    whose, told = found.user, following.enter_context(self._news.of(found.user))
                    told.set()
                    continue
                if first or found.feed.last != cursor:
                    yield events(found.feed, found.known(cursor))
                    cursor, first = found.feed.last, False


async def _is_told(told: asyncio.Event, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            await told.wait()
    except TimeoutError:
        return False
    return True


def events(feed: Feed, cursor: int | None) -> bytes:
    """What a browser must be told that knows the feed up to `cursor`. What went goes first: each message bears the
    number up to which all is known then, and a stream that is cut off in between goes on there."""
    now_ms = time.time_ns() // 1_000_000
    update = feed.since(cursor, now_ms)
    said = [_event("reset", {})] if update.is_whole and cursor is not None else []
    said += [_event("remove", {"id": message}) for message in update.removed]
    said += [_event("message", shown(each), each.at) for each in update.messages]
    said.append(_event("counts", counts_shown(feed.counts(now_ms)), update.cursor))
    return b"".join(said)


def _event(kind: str, data: Any, number: int | None = None) -> bytes:
    last = b"" if number is None else f"id: {number}\n".encode()
    return b"%bevent: %b\ndata: %b\n\n" % (last, kind.encode(), msgspec.json.encode(data))
