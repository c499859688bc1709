"""The feed in a user's browser: what stands in it, what comes and goes, and what she does with it. docs/feed.md tells
users of it.

    readers.py   READ FIRST: a request, from its origin and its token to whose feed it is about
    tokens.py    whose feed: a JWT that the company's backend signed
    listing.py   GET  /v1/feed          what stands in it
    streaming.py GET  /v1/feed/stream   the same, and then what comes and goes, as server-sent events
    tickets.py   POST /v1/feed/ticket   for a stream of those who can send no token
    marking.py   POST /v1/feed/events   seen, read, clicked, dismissed; they become product events
    why.py       GET  /v1/feed/why      why a message came, or did not
    news.py      whose feed changed, for all open streams of the process at once
    shown.py     a feed as JSON
    places.py    in which shard a user's feed is
    client/      the module for the browser; client_files.py serves it
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from streams.kafka.confirmed import Confirmed
from streams.settings import Settings
from streams.state.opening import redis_store
from streams.state.store import Store
from streams.topics import PRODUCT_EVENTS
from streams.web.feed import client_files
from streams.web.feed.listing import Listing
from streams.web.feed.marking import Marking, Writes
from streams.web.feed.news import News
from streams.web.feed.places import Places
from streams.web.feed.readers import Door
from streams.web.feed.streaming import Streaming
from streams.web.feed.tickets import Issuing
from streams.web.feed.tokens import Tokens
from streams.web.feed.why import Why
from streams.web.parts import Served
from streams.web.stopping import Stopping


def resources(settings: Settings, store: Store, places: Places, news: News, kafka: Writes) -> Mapping[str, ASGIApp]:
    door = Door(settings, Tokens(settings), places)
    topic = settings.topic(PRODUCT_EVENTS.name)
    return {
        "/v1/feed": Listing(door, store.feeds),
        "/v1/feed/stream": Streaming(door, store.feeds, news, store.group),
        "/v1/feed/ticket": Issuing(door, store.group),
        "/v1/feed/why": Why(door, store.deliveries),
        "/v1/feed/events": Marking(door, store.feeds, store.deliveries, kafka, topic),
    }


def serve(settings: Settings, stopping: Stopping) -> Served:
    store, kafka = redis_store(settings), Confirmed(settings)
    places = Places(settings, store)
    news = News(store.feeds, places, stopping)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        try:
            async with kafka.running(), news.running():
                yield
        finally:
            await store.close()

    async def trouble() -> str | None:
        return news.away or kafka.away

    return Served(client_files.routes(), running, trouble, resources(settings, store, places, news, kafka))
