"""Resources by their exact path: one look-up, where a list of routes would be tried one by one.

Comes in: paths, each with an ASGI application. Goes out: an application that asks another for all other paths. A slash
at the end makes no difference: Starlette would redirect, and a client that takes a redirect for success would lose what
it sent.
"""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send


class ByPath:
    """resources: answer for their own faults, too. others: what is asked where no path is the one."""

    def __init__(self, resources: Mapping[str, ASGIApp], others: ASGIApp):
        self._resources = resources
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope["root_path"]).rstrip("/")
        await self._resources.get(path, self._others)(scope, receive, send)
