"""An endpoint of a test's own, which takes webhooks and answers as it is told; and who posts them to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from aiohttp import web

from streams.dispatch.posting import Poster

LOCAL: Final = ["127.0.0.0/8"]


class Got(NamedTuple):
    id: str
    headers: dict[str, str]
    body: bytes
    path: str = "/"


class Receiver:
    """answers: what to answer to each webhook: a status, with headers; None hangs. Else 204."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answer: Callable[[Got], Any] = lambda _: 204
        self.url = ""

    async def take(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        got = Got(headers.get("webhook-id", ""), headers, await request.read(), request.path)
        self.got.append(got)
        answer = self.answer(got)
        if answer is None:
            await asyncio.sleep(3_600)
        status, more = answer if isinstance(answer, tuple) else (answer, {})
        return web.Response(status=status, headers=more, body=b"x" * 100_000)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def poster(private: list[str] = LOCAL) -> AsyncIterator[Poster]:
    found = Poster(private)
    try:
        yield found
    finally:
        await found.close()
