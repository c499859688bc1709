"""A proxy before a server, for what networks do: it loses answers, is slow, cut or silent, and can speak TLS."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress


class Proxy:
    """Forwards bytes both ways. These may be changed at any time:

    loses_answers: the server's answer is read, and then the connection cut. delay_s: what 64 KiB of a connection take,
    either way. is_cut: no connection is made. is_silent: whoever connects hears nothing, ever.
    """

    def __init__(self, port: int, delay_s: float = 0.0) -> None:
        self.port = 0
        self.loses_answers = self.is_cut = self.is_silent = False
        self.delay_s = delay_s
        self._server_port = port
        self._open: set[_Connection] = set()

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._open)

    def cut(self) -> None:
        """All connections that there are."""
        for connection in self._open:
            connection.cut()

    def silence(self) -> None:
        """All connections that there are: they bring nothing any more, and nothing tells that they do not."""
        for connection in self._open:
            connection.is_silent = True

    async def serve(self, tls: ssl.SSLContext | None) -> asyncio.Server:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        if self.is_cut:
            to_client.transport.abort()
            return
        # Whoever ends while a connection is open cancels this, which asyncio would tell as a fault.
        with closing(to_client), suppress(asyncio.CancelledError):
            try:
                server, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
                with closing(to_server):
                    await self._join(client, to_client, server, to_server)
            except* OSError:
                pass  # one of them is gone, and both are told by the end of their connections

    async def _join(
        self,
        client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        connection = _Connection(to_client, to_server, self.is_silent)
        self._open.add(connection)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._forward(client, to_server, connection))
                both.create_task(self._answer(server, to_client, connection))
        finally:
            self._open.remove(connection)

    async def _read(self, source: asyncio.StreamReader) -> bytes:
        some = await source.read(1 << 16)
        await asyncio.sleep(self.delay_s)
        return some

    async def _forward(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, connection: "_Connection"
    ) -> None:
        while some := await self._read(source):
            await connection.bring(some, target)
        target.close()

    async def _answer(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, connection: "_Connection"
    ) -> None:
        while (some := await self._read(source)) and not self.loses_answers:
            await connection.bring(some, target)
        target.close()


class _Connection:
    def __init__(self, to_client: asyncio.StreamWriter, to_server: asyncio.StreamWriter, is_silent: bool):
        self.is_silent = is_silent
        self._ends = to_client, to_server

    async def bring(self, some: bytes, target: asyncio.StreamWriter) -> None:
        if not self.is_silent:
            target.write(some)
            await target.drain()

    def cut(self) -> None:
        for end in self._ends:
            end.transport.abort()


@asynccontextmanager
async def proxy(port: int, tls: ssl.SSLContext | None = None, delay_s: float = 0.0) -> AsyncIterator[Proxy]:
    """A proxy before the server at `port` of this machine."""
    running = Proxy(port, delay_s)
    server = await running.serve(tls)
    try:
        yield running
    finally:
        server.close()  # from Python 3.12 on, to wait for it is to wait for all connections, which stores keep open
