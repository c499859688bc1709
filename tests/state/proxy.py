"""A proxy before a server, for what networks do: it loses answers, and it can speak TLS."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Proxy:
    """Forwards bytes both ways. While `loses_answers`, the server's answer is read and the connection cut."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self.loses_answers = False
        self._server_port = port

    async def serve(self, tls: ssl.SSLContext | None) -> asyncio.Server:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._forward(client, to_server))
                both.create_task(self._answer(server, to_client))
        finally:
            to_client.close()
            to_server.close()

    async def _forward(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while some := await source.read(1 << 16):
            target.write(some)
            await target.drain()
        target.close()

    async def _answer(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while (some := await source.read(1 << 16)) and not self.loses_answers:
            target.write(some)
            await target.drain()
        target.close()


@asynccontextmanager
async def proxy(port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[Proxy]:
    """A proxy before the server at `port` of this machine."""
    running = Proxy(port)
    async with await running.serve(tls):
        yield running
