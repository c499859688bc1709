"""The app of the made-up company of `segmenter dev`, in which its users' messages appear: the whole of it on one
screen, from a click through Kafka and the engine to a banner, with the reason beside it.

    GET  /                who you are, what you can do, and what segmenter makes of it (`watching.py`)
    GET  /company/state   the time, your segments, your newest changes
    POST /company/act     do something, as one of `acts.py`
    POST /company/day     let time pass
    GET  /feed-token      who you are, for the feed: whoever asks is believed, which only a toy may do

Comes in: the settings of a running company, its clock, and whoever lets time pass. Goes out: a part of the web process.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import jwt
import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from streams.core.instants import DAY_MS
from streams.kafka.confirmed import Confirmed
from streams.settings import Settings
from streams.web.answers import JsonAnswer, fault
from streams.web.company.acts import ACTS, records_of
from streams.web.company.watching import Watching
from streams.web.parts import Served

FOLDER: Final = Path(__file__).parent
FILES: Final = {"/": ("index.html", "text/html"), "/company/app.js": ("app.js", "text/javascript")}
POLICY: Final = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
MOST_DAYS: Final = 31
TOKEN_S: Final = 3_600


class Body(msgspec.Struct):
    """What the page posts. days: of POST /company/day."""

    user: str = ""
    act: str = ""
    days: int = 0


def serve(settings: Settings, clock: Callable[[], int], let_pass: Callable[[int], None]) -> Served:
    """let_pass: makes so many ms go by."""
    kafka, watching = Confirmed(settings), Watching(settings)

    async def state(request: Request) -> Response:
        user = request.query_params.get("user", "")
        return JsonAnswer({"now_ms": clock(), "acts": ACTS, **watching.of(user)})

    async def act(request: Request) -> Response:
        said = msgspec.json.decode(await request.body(), type=Body)
        if said.act not in ACTS or not said.user:
            return fault(400, "no_such_act", f"do one of {', '.join(ACTS)}")
        await kafka.write(records_of(settings, said.user, said.act, clock()))
        return JsonAnswer({"done": said.act})

    async def day(request: Request) -> Response:
        days = msgspec.json.decode(await request.body(), type=Body).days
        let_pass(max(1, min(days, MOST_DAYS)) * DAY_MS)
        return JsonAnswer({"passed": days})

    async def token(request: Request) -> Response:
        user, key = request.query_params.get("user", ""), settings.secret("feed_key") or ""
        claims = {"sub": user, "aud": "segmenter", "exp": time.time() + TOKEN_S}
        said = jwt.encode(claims, key, "HS256") if user else ""
        return PlainTextResponse(said, headers={"Cache-Control": "no-store"})

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        async with kafka.running(), watching.running():
            yield

    asked = [Route("/company/state", state), Route("/feed-token", token)]
    done = [Route("/company/act", act, methods=["POST"]), Route("/company/day", day, methods=["POST"])]
    return Served([*map(_file, FILES), *asked, *done], running)


def _file(path: str) -> Route:
    name, kind = FILES[path]

    async def file(_: Request) -> Response:
        return Response((FOLDER / name).read_bytes(), 200, {"Content-Security-Policy": POLICY}, kind)

    return Route(path, file)
