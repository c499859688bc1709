"""Resources by their exact path: one look-up, where a list of routes would be tried one by one.

Comes in: paths, each with an ASGI application. Goes out: a route of Starlette's. A slash at the end makes no
difference: Starlette would redirect, and a client that takes a redirect for success would lose what it sent.
"""

from collections.abc import Mapping
from typing import Any

from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import ASGIApp, Receive, Scope, Send


class ByPath(BaseRoute):
    def __init__(self, resources: Mapping[str, ASGIApp]):
        self.resources = resources

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http":
            path = scope["path"].removeprefix(scope["root_path"]).rstrip("/")
            if resource := self.resources.get(path):
                return Match.FULL, {"endpoint": resource}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["endpoint"](scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        raise NoMatchFound(name, path_params)
