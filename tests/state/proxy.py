"""A proxy before a server, for what networks do: it loses answers, is slow, and can speak TLS."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress


class Proxy:
    """Forwards bytes both ways. While `loses_answers`, the server's answer is read and the connection cut. delay_s:
    what 64 KiB of a connection take, either way. Both may be changed at any time."""

    def __init__(self, port: int, delay_s: float = 0.0) -> None:
        self.port = 0
        self.loses_answers = False
        self.delay_s = delay_s
        self._server_port = port

    async def serve(self, tls: ssl.SSLContext | None) -> asyncio.Server:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        # Whoever ends while a connection is open cancels this, which asyncio would tell as a fault.
        with closing(to_client), suppress(asyncio.CancelledError):
            try:
                server, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
                with closing(to_server):
                    async with asyncio.TaskGroup() as both:
                        both.create_task(self._forward(client, to_server))
                        both.create_task(self._answer(server, to_client))
            except* OSError:
                pass  # one of them is gone, and both are told by the end of their connections

    async def _read(self, source: asyncio.StreamReader) -> bytes:
        some = await source.read(1 << 16)
        await asyncio.sleep(self.delay_s)
        return some

    async def _forward(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while some := await self._read(source):
            target.write(some)
            await target.drain()
        target.close()

    async def _answer(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while (some := await self._read(source)) and not self.loses_answers:
            target.write(some)
            await target.drain()
        target.close()


@asynccontextmanager
async def proxy(port: int, tls: ssl.SSLContext | None = None, delay_s: float = 0.0) -> AsyncIterator[Proxy]:
    """A proxy before the server at `port` of this machine."""
    running = Proxy(port, delay_s)
    server = await running.serve(tls)
    try:
        yield running
    finally:
        server.close()  # from Python 3.12 on, to wait for it is to wait for all connections, which stores keep open
