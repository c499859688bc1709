"""Connections whose requests begin within bounds of time and bytes: uvicorn waits for ever, and keeps what comes.

Comes in: what a client sends. Goes out: requests; where one does not begin, the end of the connection.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_WITHIN_S: Final = 15.0
HEAD_BYTES: Final = 64 << 10


class BoundedConnection(HttpToolsProtocol):
    """head: the request line and headers, up to which nobody of ours has a say."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._head_bytes = 0
        self._ends_without_head = self.loop.call_later(HEAD_WITHIN_S, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ends_without_head.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._ends_without_head.cancel()
        self._head_bytes = 0
        self._ends_without_head = self.loop.call_later(HEAD_WITHIN_S, self.transport.close)

    def on_url(self, url: bytes) -> None:
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(name + value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._ends_without_head.cancel()
        super().on_headers_complete()

    def _count(self, part: bytes) -> None:
        """The parser makes an invalid request of it where it is raised, and uvicorn the answer of 400."""
        self._head_bytes += len(part)
        if self._head_bytes > HEAD_BYTES:
            raise ValueError("the head of the request is too long")
