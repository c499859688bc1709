"""GET /v1/feed: what stands in a user's feed, the newest first.

    placement  card, banner or modal; several with commas; all where left out
    limit      so many at most, 1 to 100; 50 where left out
    before     the id of a message: those after it in the list, for a further page

Answers `{"messages", "counts", "cursor"}` with an ETag; 304 where the browser has just that. `cursor` is the place from
which a stream goes on.
"""

import time
from hashlib import blake2b
from typing import Final, get_args
from urllib.parse import parse_qs

import msgspec
from starlette.responses import Response
from starlette.types import Receive

from streams.delivery.feed import Feed, Kind, Standing
from streams.state.feeds import FeedStore
from streams.web.feed.readers import PRIVATE, Asked, Door, Resource
from streams.web.feed.shown import counts_shown, shown
from streams.web.numbers import whole
from streams.web.refusal import Refusal

KINDS: Final = get_args(Kind)
MOST: Final = 100
USUALLY: Final = 50


class Listing(Resource):
    def __init__(self, door: Door, feeds: FeedStore):
        super().__init__(door)
        self._feeds = feeds

    async def answer(self, asked: Asked, receive: Receive) -> Response:
        kinds, limit, before = _wanted(asked.query)
        found = await self.door.read(self._feeds, self.door.reader(asked).user)
        body = msgspec.json.encode(_page(found.feed, time.time_ns() // 1_000_000, kinds, limit, before))
        tag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
        # Weak or not, and among others, is the same here (RFC 9110, 13.1.2).
        known = {each.strip().removeprefix("W/") for each in (asked.header("if-none-match") or "").split(",")}
        headers = {**PRIVATE, "ETag": tag}
        if tag in known:
            return Response(None, 304, headers)
        return Response(body, 200, headers, "application/json")


def _page(feed: Feed, now_ms: int, kinds: set[str], limit: int, before: str | None) -> dict[str, object]:
    standing = feed.standing(now_ms)
    wanted = [each for each in _after(standing, before) if each.message.kind in kinds]
    return {
        "messages": [shown(each) for each in wanted[:limit]],
        "counts": counts_shown(feed.counts(now_ms)),
        "cursor": str(feed.last),
    }


def _after(standing: list[Standing], before: str | None) -> list[Standing]:
    """Those after a message that was taken out meanwhile cannot be told: the first page again."""
    ids = [each.message.id for each in standing]
    return standing[ids.index(before) + 1 :] if before in ids else standing


def _wanted(query: bytes) -> tuple[set[str], int, str | None]:
    said = {name: values[-1] for name, values in parse_qs(query.decode("latin-1")).items()}
    kinds = {each.strip() for each in said.get("placement", ",".join(KINDS)).split(",")}
    if not kinds <= set(KINDS):
        raise Refusal(400, "bad_placement", f"placement is one of {', '.join(KINDS)}, or several with commas")
    limit = whole(said["limit"]) if "limit" in said else USUALLY
    if limit is None or not 1 <= limit <= MOST:
        raise Refusal(400, "bad_limit", f"limit is a number from 1 to {MOST}")
    return kinds, limit, said.get("before")
