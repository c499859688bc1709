"""The body of a request, bounded in bytes and in time, inflated where it is gzip.

Comes in: what the server receives. Goes out: the bytes, or a `Refusal`. What is declared is not believed: bytes are
counted as they come, those that gzip makes of them too, and gzip is known by how it begins.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Mapping
from typing import Final

from starlette.types import Receive

from streams.web.numbers import whole
from streams.web.refusal import Refusal, come_again

READ_WITHIN_S: Final = 30.0
# Of all requests together.
MOST_HELD_BYTES: Final = 64 << 20
# What is too large is read on up to so much of it, for the sender to hear of it: many look for an answer only then.
READ_ON: Final = 4
GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31
CLOSE: Final = {"Connection": "close"}
WHOLE: Final = "segmenter.whole"
"""In the scope of a request whose body came together with its head, as most do: no timer is needed for it."""


class ClientGone(Refusal):
    """Nobody waits for an answer any more: whoever makes one says it to nobody."""

    def __init__(self) -> None:
        super().__init__(400, "gone", "the connection was closed before the body was all there")


class Bodies:
    """Reads them, and knows how much is held of those that are not all there yet."""

    def __init__(self, within_s: float = READ_WITHIN_S, most_held: int = MOST_HELD_BYTES):
        self._within_s = within_s
        self._most_held = most_held
        self._held = 0

    async def read(self, headers: Mapping[bytes, bytes], receive: Receive, limit: int, is_whole: bool = False) -> bytes:
        """Up to `limit` bytes, on the wire and inflated. is_whole: whether nothing has to be waited for."""
        read = self._read(headers, receive, limit)
        body = await read if is_whole else await self._in_time(read)
        return inflated(body, limit) if body[:2] == GZIP else body

    async def _in_time(self, read: Awaitable[bytes]) -> bytes:
        try:
            async with asyncio.timeout(self._within_s):
                return await read
        except TimeoutError:
            message = f"the body was not all there within {self._within_s:g} s"
            raise Refusal(408, "too_slow", message, CLOSE) from None

    async def _read(self, headers: Mapping[bytes, bytes], receive: Receive, limit: int) -> bytes:
        if (whole(headers.get(b"content-length", b"").decode("latin-1")) or 0) > READ_ON * limit:
            raise _too_large(limit)
        parts: list[bytes] = []
        held = 0
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                part: bytes = message.get("body", b"")
                if not message.get("more_body", False):
                    break
                held += len(part)
                self._held += len(part)
                parts.append(part)
                if held > limit:
                    parts.clear()
                if held > READ_ON * limit:
                    raise _too_large(limit)
                if self._held > self._most_held:
                    raise come_again("busy", "too many large requests at once", 2)
        finally:
            self._held -= held
        if held + len(part) > limit:
            raise _too_large(limit)
        return b"".join((*parts, part)) if parts else part


def inflated(body: bytes, limit: int) -> bytes:
    """What gzip made smaller, if it has up to `limit` bytes; no more are ever made of it."""
    made = b""
    while body:
        inflater = zlib.decompressobj(_GZIP_WINDOW)
        try:
            made += inflater.decompress(body, limit + 1 - len(made))
        except zlib.error:
            raise Refusal(400, "bad_gzip", "the body begins as gzip does, and is none") from None
        if len(made) > limit:
            raise _too_large(limit)
        if not inflater.eof:
            raise Refusal(400, "bad_gzip", "the body is gzip that was cut off")
        body = inflater.unused_data.lstrip(b"\0")
    return made


def _too_large(limit: int) -> Refusal:
    return Refusal(413, "too_large", f"the body has more than {limit} bytes", CLOSE)
