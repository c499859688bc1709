"""The network between everybody and the servers, in a thread: each machine has a line of its own to each server, which
can be slow, lose answers, be cut, and go silent.

Comes in: the port of a server. Goes out: a `Line`, by whose port it is reached.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, Self

from tests.state.proxy import Proxy, proxy


class Line:
    """name: to which server it leads."""

    def __init__(self, name: str, running: Proxy, loop: asyncio.AbstractEventLoop):
        self.name = name
        self._proxy, self._loop = running, loop

    @property
    def port(self) -> int:
        return self._proxy.port

    @property
    def connections(self) -> int:
        """How many are open."""
        return self._proxy.connections

    @property
    def delay_s(self) -> float:
        """What 64 KiB of a connection take, either way."""
        return self._proxy.delay_s

    def is_slow(self, delay_s: float) -> None:
        self._proxy.delay_s = delay_s

    def loses_answers(self, loses: bool) -> None:
        """What was asked is done, and its answer never comes."""
        self._proxy.loses_answers = loses

    def is_cut(self, cut: bool) -> None:
        """All connections are, and no other is made."""
        self._proxy.is_cut = cut
        if cut:
            self._at_once(self._proxy.cut)

    def is_silent(self, silent: bool) -> None:
        """Whoever connects meanwhile hears nothing, nor does whoever is connected; these never will."""
        self._proxy.is_silent = silent
        if silent:
            self._at_once(self._proxy.silence)

    def _at_once(self, harm: Callable[[], None]) -> None:
        """It is done when this returns."""

        async def do() -> None:
            harm()

        asyncio.run_coroutine_threadsafe(do(), self._loop).result()


class Network:
    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._proxies = AsyncExitStack()

    def line(self, name: str, port: int) -> Line:
        return Line(name, self._run(lambda: self._proxies.enter_async_context(proxy(port))), self._loop)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        await self._proxies.aclose()
        connections = asyncio.all_tasks() - {asyncio.current_task()}
        for each in connections:
            each.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    def _run(self, what: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        return asyncio.run_coroutine_threadsafe(what(), self._loop).result()
