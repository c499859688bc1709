"""Who may see a page, and what is shown where it cannot be drawn.

Comes in: a request, and what draws the page. Goes out: HTML with the headers that all pages bear. Scripts and styles
come from our own files alone, nothing is loaded from another host, and no page of others may frame ours.
"""

import gzip
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from streams.errors import SegmenterError
from streams.web.access import Access, Visitor
from streams.web.answers import tell_of
from streams.web.dashboard import drawing, static
from streams.web.dashboard.wording import FILTERS, address
from streams.web.refusal import Refusal, refusal_of

TEMPLATES: Final = Path(__file__).parent / "templates"
UNDER: Final = "/dashboard"
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-store",
    "Vary": "Accept-Encoding",
}
GZIP_LEVEL: Final = 4
SMALL: Final = 1_000  # bytes, of which compressing makes no packet less
OUR_FAULT: Final = "This is a fault of segmenter's own, and nothing that you did. Its log says what to report."

Handler = Callable[[Request, Visitor], Awaitable[Response]]
OpenHandler = Callable[[Request], Awaitable[Response]]
AnyHandler = Callable[[Request, Visitor | None], Awaitable[Response]]


def made_templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(FILTERS)
    made.globals.update(address=address, draw=drawing, file=static.file)
    return made


class Door:
    """What all pages pass."""

    def __init__(self, access: Access):
        self.access = access
        self._templates = made_templates()

    def route(self, path: str, handler: Handler, method: str = "GET") -> Route:
        """Below `/dashboard/`, for who is let in."""

        async def let_in(request: Request, visitor: Visitor | None) -> Response:
            if visitor is None:
                return see_other(address("sign-in", next=_asked_for(request)))
            return await handler(request, visitor)

        return self._route(path, let_in, method)

    def open_route(self, path: str, handler: OpenHandler, method: str = "GET") -> Route:
        """For everybody."""

        async def whoever(request: Request, _: Visitor | None) -> Response:
            return await handler(request)

        return self._route(path, whoever, method)

    def _route(self, path: str, handler: AnyHandler, method: str) -> Route:
        async def endpoint(request: Request) -> Response:
            answer = await self._answer(request, handler)
            for name, value in HEADERS.items():
                answer.headers.setdefault(name, value)
            return answer

        return Route(f"{UNDER}/{path}", endpoint, methods=[method])

    def page(
        self, request: Request, template: str, visitor: Visitor | None, status: int = 200, **shown: Any
    ) -> Response:
        """visitor: None where nobody has signed in."""
        text = self._templates.get_template(template).render(visitor=visitor, page=_page_of(request), **shown)
        return compressed(request, text.encode(), status)

    async def _answer(self, request: Request, handler: AnyHandler) -> Response:
        visitor: Visitor | None = None
        try:
            visitor = self.access.visitor(request)
            if request.method == "POST":
                self.access.check_sent_by_us(request)
            return await handler(request, visitor)
        except Refusal as refusal:
            return self._trouble(request, visitor, refusal)
        except SegmenterError as error:
            return self._trouble(request, visitor, refusal_of(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing of it may be told but its place
            tell_of(error)
            return self._trouble(request, visitor, Refusal(500, "internal_error", OUR_FAULT))

    def _trouble(self, request: Request, visitor: Visitor | None, why: Refusal) -> Response:
        status = why.status
        shown = {"is_unknown": status == 404, "is_away": status == 503, "text": why.message}
        shown |= {"is_refused": request.method == "POST" and status < 500, "asked_for": _asked_for(request)}
        answer = self.page(request, "trouble.html", visitor, status, **shown)
        answer.headers.update(why.headers)
        return answer


def compressed(request: Request, body: bytes, status: int = 200, kind: str = "text/html") -> Response:
    """No page holds a secret that its length could tell of (BREACH), so that it may be."""
    if len(body) < SMALL or "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(body, status, media_type=kind)
    return Response(gzip.compress(body, GZIP_LEVEL), status, {"Content-Encoding": "gzip"}, kind)


def see_other(place: str) -> Response:
    """place: relative to where the browser is."""
    return Response(None, 303, {"Location": quote(place, safe="/?=&%:.-_~+")})


def _page_of(request: Request) -> str:
    return request.url.path.rpartition("/")[2] or "."


def _asked_for(request: Request) -> str:
    query = request.url.query
    return _page_of(request) + (f"?{query}" if query else "")
