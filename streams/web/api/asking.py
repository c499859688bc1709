"""A request to the resource that it is about, and its answer.

1. the resource, by the path: each part is decoded by itself, so that an id may hold a slash (%2F)
2. who asks, who must bear a token; of what changes something an editor's, and no page of another site's
3. the parameters and the body, checked as the resource's row has them
4. the answer; or what is wrong, in words, as `{"code", "message"}`
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import unquote

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from streams.core.instants import parse_time
from streams.errors import SegmenterError
from streams.web.access import Access
from streams.web.answers import JsonAnswer
from streams.web.bodies import Bodies
from streams.web.numbers import whole
from streams.web.refusal import Refusal, refusal_of

ROOT: Final = "/api/v1"
MOST_BYTES: Final = 4 << 20  # of a body: a folder of rules has some hundred KiB
HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

Asked = Mapping[str, Any]
Answer = Callable[[Any, Asked], Awaitable[object]]


class Parameter(NamedTuple):
    """Of the query. sort: `text`, `number` (from 1 to `most`), `time` (ms, as the answer is given it)."""

    name: str
    sort: str
    means: str
    usually: Any = None
    most: int = 0

    def read(self, text: str | None) -> Any:
        if text is None:
            return self.usually
        if self.sort == "number":
            number = whole(text)
            if number is None or not 1 <= number <= self.most:
                raise Refusal(400, "bad_parameter", f"{self.name} is a number from 1 to {self.most}")
            return number
        if self.sort == "time":
            ms = parse_time(text)
            if ms is None:
                raise Refusal(400, "bad_parameter", f"{self.name} is a time such as 2026-03-01T09:00:00Z")
            return ms
        return text


@dataclass(frozen=True)
class Resource:
    """path: below `/api/v1`, with names in braces. gives: the struct that its JSON is made of. answer: a method of
    whoever answers; it is given the names of the path and the parameters, and who asks as `visitor`. What is asked by
    POST is for editors; takes: the struct of its body, which is given as `body`; None where it has none."""

    path: str
    tells: str
    gives: type
    answer: Answer
    parameters: Sequence[Parameter] = ()
    method: Literal["GET", "POST"] = "GET"
    takes: type[msgspec.Struct] | None = None

    def match(self, parts: Sequence[str]) -> dict[str, str] | None:
        """The names in the path, where it is this one's."""
        own = self.path.strip("/").split("/")
        if len(own) != len(parts):
            return None
        found: dict[str, str] = {}
        for mine, theirs in zip(own, parts, strict=True):
            if mine.startswith("{"):
                found[mine.strip("{}")] = unquote(theirs)
            elif mine != theirs:
                return None
        return found


class Api(BaseRoute):
    """A route of Starlette's, for all that is below `/api/v1`."""

    def __init__(self, resources: Sequence[Resource], answers: object, access: Access):
        self._resources = resources
        self._answers = answers
        self._access = access
        self._bodies = Bodies()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and _below(scope) is not None:
            return Match.FULL, {}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._answer(Request(scope, receive))
        answer.headers.update(HEADERS)
        await answer(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        raise NoMatchFound(name, path_params)

    async def _answer(self, request: Request) -> Response:
        try:
            return JsonAnswer(await self._given(request))
        except Refusal as refusal:
            return refusal.answer()
        except SegmenterError as error:
            return refusal_of(error).answer()

    async def _given(self, request: Request) -> object:
        resource, named = self._resource(_below(request.scope) or "", request.method)
        visitor = self._access.visitor(request)
        if visitor is None:
            headers = {"WWW-Authenticate": "Bearer"}
            raise Refusal(401, "no_token", "send a token: Authorization: Bearer ..", headers)
        if resource.method == "POST":
            self._access.check_sent_by_us(request)
            visitor.check_may_edit()
        said = _parameters(resource, request)
        if resource.takes is not None:
            said["body"] = await self._body(resource.takes, request)
        return await resource.answer(self._answers, {**named, **said, "visitor": visitor})

    async def _body(self, takes: type[msgspec.Struct], request: Request) -> msgspec.Struct:
        raw = await self._bodies.read(dict(request.scope["headers"]), request.receive, MOST_BYTES)
        try:
            return msgspec.json.decode(raw, type=takes)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Refusal(400, "bad_body", f"the body is not the JSON that is wanted: {error}") from None

    def _resource(self, path: str, method: str) -> tuple[Resource, dict[str, str]]:
        parts = path.strip("/").split("/")
        there: list[str] = []
        for resource in self._resources:
            if (named := resource.match(parts)) is not None:
                if resource.method == ("GET" if method == "HEAD" else method):
                    return resource, named
                there.append(resource.method)
        if there:
            allowed = ", ".join(there)
            raise Refusal(405, "wrong_method", f"this is asked by {allowed}", {"Allow": allowed})
        raise Refusal(404, "not_found", f"there is nothing at this address; {ROOT}/openapi.json tells what there is")


def _parameters(resource: Resource, request: Request) -> dict[str, Any]:
    known = {each.name for each in resource.parameters}
    if unknown := sorted(request.query_params.keys() - known):
        there = f"; there are {', '.join(sorted(known))}" if known else ""
        raise Refusal(400, "bad_parameter", f"there is no parameter {unknown[0]}{there}")
    return {each.name: each.read(request.query_params.get(each.name)) for each in resource.parameters}


def _below(scope: Scope) -> str | None:
    """The path after `/api/v1` as it was sent, its parts not decoded yet; None where it is none of the API's."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw.decode("latin-1").removeprefix(scope.get("root_path", ""))
    return path.removeprefix(ROOT) if path == ROOT or path.startswith(f"{ROOT}/") else None
