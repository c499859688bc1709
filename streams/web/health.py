"""Whether the process can do its work, for whoever starts it or sends requests to it.

GET /health       200, or 503 with what each part waits for: send requests elsewhere meanwhile
GET /health/live  200 while the process answers at all: no reason to start it anew
"""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from streams import __version__
from streams.web.answers import JsonAnswer
from streams.web.parts import Served

OK = "ok"


def routes(parts: Mapping[str, Served]) -> list[Route]:
    async def health(_: Request) -> Response:
        states = {name: await part.trouble() or OK for name, part in parts.items()}
        well = all(state == OK for state in states.values())
        said = {"status": OK if well else "trouble", "version": __version__, "parts": states}
        return JsonAnswer(said, 200 if well else 503, {"Cache-Control": "no-store"})

    async def live(_: Request) -> Response:
        return JsonAnswer({"status": OK})

    return [Route("/health", health), Route("/readyz", health), Route("/healthz", live)]
