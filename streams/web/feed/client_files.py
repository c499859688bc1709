"""The module for the browser and its types, as they are in client/.

GET /feed/segmenter.js, /feed/segmenter.d.ts. Any page may load them; what they show is another matter.
"""

from hashlib import blake2b
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

FOLDER: Final = Path(__file__).parent / "client"
TYPES: Final = {"segmenter.js": "text/javascript", "segmenter.d.ts": "text/plain"}
# Looked at again each time, and sent again only when it is another: a page never runs long with an older one.
HEADERS: Final = {"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}


def routes() -> list[BaseRoute]:
    return [_route(name) for name in TYPES]


def _route(name: str) -> Route:
    content = (FOLDER / name).read_bytes()
    headers = {**HEADERS, "ETag": f'"{blake2b(content, digest_size=12).hexdigest()}"'}

    async def file(request: Request) -> Response:
        if request.headers.get("if-none-match", "") == headers["ETag"]:
            return Response(None, 304, headers)
        return Response(content, 200, headers, TYPES[name])

    return Route(f"/feed/{name}", file)
