"""The parts that are on, behind one address.

Comes in: the settings, and parts of `streams.web.parts`. Goes out: an ASGI application, and the block in which it is
served. Health and metrics are always there.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from streams.settings import Settings
from streams.web import health, metrics
from streams.web.answers import http_fault, internal_fault
from streams.web.parts import Part
from streams.web.paths import ByPath
from streams.web.stopping import Stopping

FAULTS: Final = {HTTPException: http_fault, Exception: internal_fault}


class WebApp:
    """stopping: begun when the process is told to stop, before requests under way are waited for."""

    def __init__(self, settings: Settings, parts: Sequence[Part]):
        self.stopping = Stopping()
        self._parts = {part.name: part.serve(settings, self.stopping) for part in parts}
        # The parts first: health and metrics can wait for a look through them.
        routes = [route for part in self._parts.values() for route in part.routes]
        app = Starlette(
            routes=[*routes, *health.routes(self._parts), *metrics.routes(settings)], exception_handlers=FAULTS
        )
        app.router.redirect_slashes = False
        resources = {path: each for part in self._parts.values() for path, each in part.resources.items()}
        self._app = UnderPath(ByPath(resources, app), settings.web_root_path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """What the parts need beside their resources runs in this block; the last to start ends first."""
        async with AsyncExitStack() as stack:
            for part in self._parts.values():
                await stack.enter_async_context(part.running())
            yield


class UnderPath:
    """The app below a path, such as /segments, whether the proxy before it takes that path away or leaves it."""

    def __init__(self, app: ASGIApp, root_path: str):
        self._app = app
        self._root = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        root, path = self._root, scope.get("path", "")
        if root:
            inside = path == root or path.startswith(f"{root}/")
            scope = {**scope, "root_path": root, "path": path if inside else root + path}
        await self._app(scope, receive, send)
