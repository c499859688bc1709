"""What SDKs ask for when they begin: where to send, and what else to load.

    GET /v1/projects/<key>/settings

Without an answer analytics.js loads nothing; with one that names no host the Kotlin SDK sends its events to Segment, as
analytics.js does what it measures of itself unless the rate of that is 0. So one integration is named, ours.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from streams.settings import Settings
from streams.web import cors
from streams.web.answers import JsonAnswer, fault
from streams.web.collect.keys import WriteKeys
from streams.web.collect.segment import PREFIXES

# Short, so that a key can be withdrawn.
CACHED: Final = "public, max-age=300"
METHODS: Final = "GET, OPTIONS"


def routes(settings: Settings, keys: WriteKeys) -> list[Route]:
    async def answer(request: Request) -> Response:
        headers = dict(request.scope["headers"])
        origin = cors.origin_of(headers)
        shown_to = origin if origin is not None and keys.may_ask(origin) else None
        if request.method == "OPTIONS":
            return cors.preflight(headers, shown_to, METHODS)
        key = request.path_params["key"]
        if keys.name_of(key) is None:
            return fault(404, "unknown_key", "this write key is not known", cors.for_origin(shown_to))
        said = {**cors.for_origin(shown_to), "Cache-Control": CACHED}
        return JsonAnswer(sdk_settings(key, settings.web_url or _asked_at(request)), 200, said)

    return [Route(f"{prefix}/projects/{{key}}/settings", answer, methods=["GET", "OPTIONS"]) for prefix in PREFIXES]


def sdk_settings(key: str, url: str) -> Mapping[str, Any]:
    """url: under which clients reach us.

    >>> sdk_settings("KEY", "https://events.example.com")["integrations"]["Segment.io"]["apiHost"]
    'events.example.com/v1'
    """
    protocol, _, host = url.partition("://")
    ours = {"apiKey": key, "apiHost": f"{host}/v1", "protocol": protocol, "addBundledMetadata": False}
    return {
        "integrations": {"Segment.io": ours},
        "plan": {"track": {"__default": {"enabled": True}}, "identify": {"__default": {"enabled": True}}},
        "metrics": {"sampleRate": 0},
    }


def _asked_at(request: Request) -> str:
    url = request.base_url
    return f"{url.scheme}://{url.netloc}{request.scope['root_path']}"
