"""Whose request it is: of what proxies say of it, what comes of those that are trusted (SEGMENTER_WEB_PROXIES).

Comes in: a request, with whoever connected as its client. Goes out: one with whom it is of, and its scheme.
"""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from streams.settings import Settings

PEER: Final = "segmenter.peer"  # in a request's scope: the address that really connected


class BehindProxies:
    """The app, which is asked as those say who came to a trusted proxy."""

    def __init__(self, app: ASGIApp, settings: Settings):
        self._believing = _believing(app, settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._believing({**scope, PEER: scope.get("client")}, receive, send)  # type: ignore[arg-type]  # the same by other names


class Proxies:
    """Which addresses are a trusted proxy's."""

    def __init__(self, settings: Settings):
        self._trusted = _believing(_nobody, settings).trusted_hosts

    def __contains__(self, address: str) -> bool:
        return address in self._trusted


def _believing(app: ASGIApp, settings: Settings) -> ProxyHeadersMiddleware:
    return ProxyHeadersMiddleware(app, sorted(settings.web_proxies))  # type: ignore[arg-type]  # the same by other names


async def _nobody(*_: object) -> None:
    """The middleware is asked whom it trusts, and passes nothing on."""
