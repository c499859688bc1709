"""The parts that are on, behind one address: health, root paths, faults."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from click.testing import CliRunner
from httpx import ASGITransport, AsyncClient
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from streams.cli import main
from streams.errors import UsageError
from streams.settings import Settings
from streams.web.answers import JsonAnswer
from streams.web.app import WebApp
from streams.web.parts import Part, Served, parts_called
from streams.web.stopping import Stopping

SECRET = "what was sent"
PARTS = [Part("echo", "says who asks", __name__), Part("other", "", __name__)]
waits_for: list[str] = []


async def ask(request: Request) -> Response:
    return JsonAnswer({"path": request.url.path})


async def fail(request: Request) -> Response:
    raise RuntimeError(SECRET)


async def answer_by_path(scope: Scope, receive: Receive, send: Send) -> None:
    await JsonAnswer({"path": scope["path"]})(scope, receive, send)


async def trouble() -> str | None:
    return waits_for[0] if waits_for else None


def serve(settings: Settings, stopping: Stopping) -> Served:
    """As a part's module has it."""
    return Served([Route("/ask", ask), Route("/fail", fail)], trouble=trouble, resources={"/by/path": answer_by_path})


def client(**settings: str) -> AsyncClient:
    said = {f"SEGMENTER_{name.upper()}": value for name, value in settings.items()}
    app = WebApp(Settings.from_environment(said), parts_called(["echo"], PARTS))
    return AsyncClient(transport=ASGITransport(app, raise_app_exceptions=False), base_url="http://here")


async def test_health_is_there_whatever_is_on() -> None:
    answer = await client().get("/health")
    assert (answer.status_code, answer.json()["parts"]) == (200, {"echo": "ok"})


async def test_health_tells_what_a_part_waits_for_and_life_goes_on() -> None:
    waits_for.append("Kafka is away")
    try:
        answer = await client().get("/health")
        assert (answer.status_code, answer.json()["parts"]) == (503, {"echo": "Kafka is away"})
        assert (await client().get("/healthz")).status_code == 200
    finally:
        waits_for.clear()


@pytest.mark.parametrize("path", ["/ask", "/below/this/ask"], ids=["taken away", "left"])
async def test_a_proxy_may_take_the_root_path_away_or_leave_it(path: str) -> None:
    answer = await client(web_root_path="/below/this").get(path)
    assert answer.json() == {"path": "/below/this/ask"}


@pytest.mark.parametrize("path", ["/by/path", "/by/path/", "/below/this/by/path"])
async def test_a_resource_is_found_by_its_path_before_any_route(path: str) -> None:
    answer = await client(web_root_path="/below/this").get(path)
    assert answer.json()["path"].removeprefix("/below/this").rstrip("/") == "/by/path"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/ask", 405)])
async def test_what_is_not_there_is_refused_in_json(method: str, path: str, status: int) -> None:
    answer = await client().request(method, path)
    assert answer.status_code == status
    assert answer.json().keys() == {"code", "message"}


async def test_a_fault_of_ours_tells_its_place_and_nothing_of_what_was_sent(caplog: pytest.LogCaptureFixture) -> None:
    answer = await client().get("/fail")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text + answer.text


async def test_parts_run_in_order_and_end_in_reverse() -> None:
    told: list[str] = []

    def running(name: str) -> Part:
        @asynccontextmanager
        async def block() -> AsyncIterator[None]:
            told.append(f"{name} begins")
            yield
            told.append(f"{name} ends")

        class Running(Part):
            def serve(self, settings: Settings, stopping: Stopping) -> Served:
                return Served([], block)

        return Running(name, "", "")

    async with WebApp(Settings(), [running("a"), running("b")]).running():
        assert told == ["a begins", "b begins"]
    assert told[2:] == ["b ends", "a ends"]


def test_a_part_that_is_none_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no part 'eco'; did you mean echo\?"):
        parts_called(["other", "eco"], PARTS)
    assert parts_called(["other", " echo "], PARTS) == PARTS


def test_where_others_reach_it_the_parts_must_be_named() -> None:
    told = CliRunner().invoke(main, ["web", "--web", "0.0.0.0:8080"])
    assert told.exit_code == 2
    assert "--parts" in told.output


def test_an_address_that_is_taken_is_told() -> None:
    from streams.setting_values import HostPort
    from streams.web.server import bound

    with bound(HostPort("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(UsageError, match=f"SEGMENTER_WEB: cannot listen at 127.0.0.1:{port}: Address already in"):
            bound(HostPort("127.0.0.1", port))
