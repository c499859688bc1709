"""The network between everybody and Redis, in a thread: it can be slow, and lose connections.

Comes in: the port of a server. Goes out: `url`, by which it is reached.
"""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self

from tests.state.proxy import Proxy, proxy


class Network:
    def __init__(self, port: int):
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._proxy: Proxy | None = None

    @property
    def url(self) -> str:
        assert self._proxy is not None
        return f"redis://127.0.0.1:{self._proxy.port}/0"

    @property
    def delay_s(self) -> float:
        """What 64 KiB of a connection take, either way."""
        assert self._proxy is not None
        return self._proxy.delay_s

    def is_slow(self, delay_s: float) -> None:
        assert self._proxy is not None
        self._proxy.delay_s = delay_s

    def loses_answers(self, loses: bool) -> None:
        """What was asked is done, and its answer never comes."""
        assert self._proxy is not None
        self._proxy.loses_answers = loses

    def __enter__(self) -> Self:
        self._thread.start()
        self._context = proxy(self._port)
        self._proxy = self._run(self._context.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._context.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result()
