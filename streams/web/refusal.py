"""What ends a request before it is done: a status, a code for programs, a message for whoever made it."""

from collections.abc import Mapping
from typing import Final

from streams.errors import Busy, SegmenterError, Unknown, Unreachable, UsageError
from streams.web.answers import NO_HEADERS, JsonAnswer, fault

COMES_AGAIN_S: Final = 30
COME_AGAIN: Final = {"Retry-After": "2"}


class Refusal(Exception):
    """Raised where a request cannot go on, and answered in one place."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] = NO_HEADERS):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers

    def answer(self) -> JsonAnswer:
        return fault(self.status, self.code, self.message, self.headers)


def refusal_of(error: SegmenterError) -> Refusal:
    """What a request is told that an error of ours ends: those say what to do, to whoever caused them."""
    match error:
        case Unknown():
            return Refusal(404, "unknown", str(error))
        case UsageError():
            return Refusal(400, "cannot_be_asked", str(error))
        case Busy():
            return come_again("busy", str(error), COMES_AGAIN_S)
        case Unreachable():
            return Refusal(503, "away", str(error), COME_AGAIN)
    return Refusal(503, "not_ready", str(error), COME_AGAIN)


def come_again(code: str, message: str, after_s: int) -> Refusal:
    """429: SDKs read `Retry-After` of it alone, and whole seconds alone."""
    return Refusal(429, code, message, {"Retry-After": str(max(1, after_s))})
