"""Cross-Origin Resource Sharing, for pages of any origin that send what they like.

Comes in: a request's headers. Goes out: those of the answer. What a page may send is echoed, as a fixed list would miss
what the next SDK sends; `Retry-After` is exposed, as no page sees it otherwise (https://fetch.spec.whatwg.org/#cors-protocol).
"""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

ALWAYS: Final = {"Vary": "Origin"}
A_DAY_S: Final = 86_400


def for_origin(origin: str | None) -> dict[str, str]:
    """origin: None where no page asks, or one that may not."""
    if origin is None:
        return ALWAYS
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": "Retry-After",
        "Vary": "Origin",
    }


def preflight(headers: Mapping[bytes, bytes], origin: str | None, methods: str) -> Response:
    """What a browser asks before it sends what no form could."""
    said = dict(for_origin(origin))
    if origin is not None:
        said |= {"Access-Control-Allow-Methods": methods, "Access-Control-Max-Age": str(A_DAY_S)}
        if asked := headers.get(b"access-control-request-headers"):
            said["Access-Control-Allow-Headers"] = asked.decode("latin-1")
        said["Vary"] = "Origin, Access-Control-Request-Headers"
    return Response(None, 204, said)


def origin_of(headers: Mapping[bytes, bytes]) -> str | None:
    origin = headers.get(b"origin")
    return None if origin is None else origin.decode("latin-1").lower()
