"""A request of a browser: where its page is from, and whose feed it is about.

    1. the origin of the page, which must be one of SEGMENTER_FEED_ORIGINS or where we are ourselves
    2. the token, which the company's backend signed
    3. the answer, by whichever resource it is

Whatever ends it earlier is a `Refusal`.
"""

import time
from abc import abstractmethod
from collections.abc import Mapping
from typing import Final, NamedTuple

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from streams.delivery.feed import Feed
from streams.errors import Unreachable
from streams.settings import Settings
from streams.state.feeds import FeedStore
from streams.web import cors
from streams.web.answers import our_fault
from streams.web.bodies import ClientGone
from streams.web.feed.places import Places
from streams.web.feed.tokens import Reader, Tokens, unauthorized
from streams.web.rates import Rate
from streams.web.refusal import Refusal, come_again, refusal_of

METHODS: Final = "GET, POST, OPTIONS"
MOST_A_SECOND: Final = 5  # of a user, in the long run; ten times as many at once
BEFORE_ALL: Final = -1  # as the cursor of a feed
PRIVATE: Final = {"Cache-Control": "private, no-store"}


class Found(NamedTuple):
    """user: whose feed it is: another than was asked for, after a merge. since: whoever knows it up to this number
    knows another feed, which was the user's before."""

    shard: int
    user: str
    feed: Feed
    since: int

    def known(self, cursor: int | None) -> int | None:
        """How far a browser knows it; it is to begin anew with one that it knows from before."""
        return cursor if cursor is None or cursor > self.since else BEFORE_ALL


class Asked:
    """A request while it is answered. origin: of the page, where the browser says that it is another than ours."""

    __slots__ = ("headers", "method", "origin", "query")

    def __init__(self, scope: Scope):
        self.headers: Mapping[bytes, bytes] = dict(scope["headers"])
        self.method: str = scope["method"]
        self.query: bytes = scope["query_string"]
        origin = cors.origin_of(self.headers)
        ours = self.headers.get(b"host", b"").decode("latin-1").lower()
        self.origin = None if origin is None or origin.partition("://")[2] == ours else origin

    def header(self, name: str) -> str | None:
        value = self.headers.get(name.encode())
        return None if value is None else value.decode("latin-1")


class Door:
    """What all resources pass."""

    def __init__(self, settings: Settings, tokens: Tokens, places: Places):
        self._origins = {origin.lower().rstrip("/") for origin in settings.feed_origins}
        self._tokens = tokens
        self._rate = Rate(MOST_A_SECOND)
        self.places = places

    def check_origin(self, asked: Asked) -> None:
        if asked.origin is not None and asked.origin not in self._origins:
            raise Refusal(403, "wrong_origin", "pages of this origin show no feeds (SEGMENTER_FEED_ORIGINS)")

    def shown_to(self, asked: Asked) -> str | None:
        return asked.origin if asked.origin in self._origins else None

    def reader(self, asked: Asked) -> Reader:
        scheme, _, token = (asked.header("authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthorized("no_token", "send the user's token: Authorization: Bearer ..")
        reader = self._tokens.reader(token.strip())
        if wait_s := self._rate.wait_s(reader.user, 1, time.monotonic()):
            raise come_again("too_many_requests", f"more than {MOST_A_SECOND} a second of one user", wait_s)
        return reader

    async def read(self, feeds: FeedStore, user: str) -> Found:
        """The user's feed, or that of who the user was merged into."""
        since = BEFORE_ALL
        while True:
            found = [(shard, await feeds.read(shard, user)) for shard in await self.places.of(user)]
            shard, feed = max(found, key=lambda each: each[1].last)
            if feed.into is None:
                return Found(shard, user, feed, since)
            user, since = feed.into, max(since, feed.last)


class Resource:
    """An ASGI application. method: the one it answers to."""

    method = "GET"

    def __init__(self, door: Door):
        self.door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = Asked(scope)
        try:
            answer = await self._answer(asked, receive)
        except ClientGone:
            return
        except Refusal as refusal:
            answer = refusal.answer()
        except Unreachable as error:
            answer = refusal_of(error).answer()
        except Exception as error:  # noqa: BLE001  # whatever it is, nothing of it may be told but its place
            answer = our_fault(error)
        answer.headers.update(cors.for_origin(self.door.shown_to(asked)))
        await answer(scope, receive, send)

    async def _answer(self, asked: Asked, receive: Receive) -> Response:
        if asked.method == "OPTIONS":
            return cors.preflight(asked.headers, self.door.shown_to(asked), METHODS)
        if asked.method != self.method:
            raise Refusal(405, "wrong_method", f"this is asked by {self.method}", {"Allow": self.method})
        self.door.check_origin(asked)
        return await self.answer(asked, receive)

    @abstractmethod
    async def answer(self, asked: Asked, receive: Receive) -> Response: ...
