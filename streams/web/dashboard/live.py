"""That there is something new to see, as server-sent events (https://html.spec.whatwg.org/#server-sent-events).

    news   look again: something changed, or so much time has gone by

It says no more, and so tells nothing to whoever may not see the page: the browser fetches that itself. At most once a
second, however much happens.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from streams.web.access import Visitor
from streams.web.refusal import come_again
from streams.web.views.window import Window

AT_MOST_EVERY_S: Final = 1.0
AT_LEAST_EVERY_S: Final = 10.0
MOST_STREAMS: Final = 500
NEWS: Final = b"event: news\ndata: 1\n\n"
BEGINS: Final = b"retry: 3000\n\nevent: begins\ndata: 1\n\n"
HEADERS: Final = {"X-Accel-Buffering": "no"}


class Live:
    def __init__(self, window: Window, at_most_every_s: float = AT_MOST_EVERY_S):
        self._window = window
        self._at_most_every_s = at_most_every_s
        self._open = 0

    async def stream(self, _: Request, __: Visitor) -> Response:
        if self._open >= MOST_STREAMS:
            raise come_again("too_many_streams", f"{MOST_STREAMS} pages are open", 30)
        return StreamingResponse(self.lines(), headers=HEADERS, media_type="text/event-stream")

    async def lines(self) -> AsyncIterator[bytes]:
        self._open += 1
        news = self._window.changes.news
        try:
            yield BEGINS
            while not self._window.stopping:
                await self._something(news)
                news = self._window.changes.news  # what comes while the page looks is told afterwards
                yield NEWS
                await asyncio.sleep(self._at_most_every_s)
        finally:
            self._open -= 1

    async def _something(self, news: asyncio.Event) -> None:
        """Until there is news, or the process ends, or it has been a while."""
        waits = [asyncio.create_task(each.wait()) for each in (news, self._window.stopping)]
        try:
            await asyncio.wait(waits, timeout=AT_LEAST_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
