"""Connections whose requests begin within bounds of time and bytes: uvicorn waits for ever, and keeps what comes.

Comes in: what a client sends. Goes out: requests; where one does not begin, the end of the connection.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from streams.web.bodies import WHOLE

HEAD_WITHIN_S: Final = 15.0
HEAD_BYTES: Final = 64 << 10


class BoundedConnection(HttpToolsProtocol):
    """head: the request line and headers, up to which nobody of ours has a say. One timer looks whether one is late; it
    is not set anew for each request, as there are thousands a second."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._head_bytes = 0
        self._head_due: float | None = None
        self._looks: asyncio.TimerHandle | None = None
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._looks is not None:
            self._looks.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        self._begin_head()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head_due = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self.scope[WHOLE] = True  # type: ignore[typeddict-unknown-key]  # a key of ours
        super().on_message_complete()

    def _begin_head(self) -> None:
        self._head_due = self.loop.time() + HEAD_WITHIN_S
        if self._looks is None:
            self._looks = self.loop.call_later(HEAD_WITHIN_S, self._look)

    def _look(self) -> None:
        self._looks = None
        if self._head_due is None:
            return
        if (left_s := self._head_due - self.loop.time()) > 0:
            self._looks = self.loop.call_later(left_s, self._look)
        else:
            self.transport.close()

    def _count(self, length: int) -> None:
        """The parser makes an invalid request of it where it is raised, and uvicorn the answer of 400."""
        self._head_bytes += length
        if self._head_bytes > HEAD_BYTES:
            raise ValueError("the head of the request is too long")
