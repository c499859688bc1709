"""What every resource answers with: JSON, and faults of one form, `{"code", "message"}`."""

from collections.abc import Mapping

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from streams.errors import origin
from streams.log import log

NO_HEADERS: Mapping[str, str] = {}


class JsonAnswer(Response):
    media_type = "application/json"

    def render(self, content: object) -> bytes:
        return msgspec.json.encode(content)


def fault(status: int, code: str, message: str, headers: Mapping[str, str] = NO_HEADERS) -> JsonAnswer:
    """`code` is for programs, `message` for the person who made the request."""
    return JsonAnswer({"code": code, "message": message}, status, dict(headers))


async def http_fault(_: Request, error: Exception) -> Response:
    """What the routing itself refuses."""
    assert isinstance(error, HTTPException)
    known = {404: ("not_found", "there is nothing at this address"), 405: ("wrong_method", "it is not asked so")}
    code, message = known.get(error.status_code, ("refused", error.detail))
    return fault(error.status_code, code, message, error.headers or NO_HEADERS)


async def internal_fault(_: Request, error: Exception) -> Response:
    return our_fault(error)


def our_fault(error: Exception) -> JsonAnswer:
    tell_of(error)
    return fault(500, "internal_error", "a fault of segmenter's own; its log says more")


def tell_of(error: Exception) -> None:
    """What a fault of our own says may quote what was sent, so only its kind and place are logged."""
    log.error("web - a fault of segmenter's own, please report this line: %s", origin(error))
