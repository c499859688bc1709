"""POST /v1/feed/ticket: for a stream of those who can send no header, as a browser's own EventSource.

Comes in: a user's token. Goes out: `{"ticket", "expires_in"}`; it opens one stream, within a minute. A token never
stands in an address, which proxies and browsers keep.
"""

import secrets
import time
from typing import Final

import msgspec
from starlette.responses import Response
from starlette.types import Receive

from streams.state.format import TICKETS
from streams.state.store import GroupStore
from streams.web.answers import JsonAnswer
from streams.web.feed.readers import PRIVATE, Asked, Door, Resource
from streams.web.feed.tokens import Reader, unauthorized

HOLDS_S: Final = 60
TICKET_BYTES: Final = 24

_decode = msgspec.json.Decoder(Reader).decode


class Issuing(Resource):
    method = "POST"

    def __init__(self, door: Door, group: GroupStore):
        super().__init__(door)
        self._group = group

    async def answer(self, asked: Asked, receive: Receive) -> Response:
        reader = self.door.reader(asked)
        ticket = secrets.token_urlsafe(TICKET_BYTES)
        await self._group.remember(TICKETS, ticket, HOLDS_S, msgspec.json.encode(reader))
        return JsonAnswer({"ticket": ticket, "expires_in": HOLDS_S}, 200, dict(PRIVATE))


async def redeem(group: GroupStore, ticket: str) -> Reader:
    """Whoever comes with it first has it."""
    found = await group.take(TICKETS, ticket)
    if found is None or (reader := _decode(found)).until_s < time.time():
        raise unauthorized("bad_ticket", f"the ticket was used, or is older than {HOLDS_S} s: ask for a new one")
    return reader
