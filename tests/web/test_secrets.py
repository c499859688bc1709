"""What somebody signs in with, wherever they put it, is in no line of any log and in no error."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from streams import log
from streams.settings import Settings
from streams.web import api, dashboard
from streams.web.api import resources
from streams.web.app import WebApp
from streams.web.dashboard import pages
from streams.web.parts import Part, Served
from streams.web.server import Server
from streams.web.stopping import Stopping
from tests.web.group import Group

TOKEN = "tok-0123456789-of-an-editor"
SECRET = "sec-9876543210-that-nobody-knows"
FORMS = [("text", "info"), ("json", "debug")]
PATHS = ["/dashboard/", "/dashboard/user", "/dashboard/live", "/api/v1/segments", "/api/v1/users/ann", "/nowhere"]
BEARING: list[dict[str, Any]] = [
    {"params": {"token": TOKEN, "access_token": SECRET}},
    {"headers": {"Authorization": f"Bearer {SECRET}"}},
    {"headers": {"Authorization": f"Basic {SECRET}"}},
    {"headers": {"Authorization": SECRET}},
    {"headers": {"Cookie": f"segmenter_session={SECRET}"}},
]


class Lines(logging.Handler):
    """What is written to the log, but for what the client that asks says of itself."""

    def __init__(self, form: str, level: str):
        super().__init__()
        self.setFormatter(log.FORMS[form](with_traces=level == "debug"))
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith("http"):
            self.found.append(self.format(record))


@pytest.fixture(params=FORMS, ids=["usual", "debug as JSON"])
def lines(request: pytest.FixtureRequest) -> Iterator[Lines]:
    """Of all loggers, at the levels of `segmenter web`."""
    form, level = request.param
    logging.getLogger("uvicorn.access").propagate = True  # as in a process that has served nothing yet
    loggers = {name: logging.getLogger(name) for name in log.FOREIGN} | {"": logging.getLogger()}
    before = {name: logger.level for name, logger in loggers.items()}
    for name, logger in loggers.items():
        logger.setLevel(log.FOREIGN[name] if name and level != "debug" else level.upper())
    handler = Lines(form, level)
    loggers[""].addHandler(handler)
    yield handler
    loggers[""].removeHandler(handler)
    for name, its_level in before.items():
        loggers[name].setLevel(its_level)


@pytest.fixture
async def client(tmp_path: Path, lines: Lines) -> AsyncIterator[AsyncClient]:
    """Of a server as it is started, which has tokens."""
    group = await Group(tmp_path, web_token="a token of those who read", web_editor_token=TOKEN).begin()

    class Shown(Part):
        def serve(self, settings: Settings, _: Stopping) -> Served:
            return Served([*dashboard.served(group.window).routes, *api.served(group.window).routes])

    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(WebApp(group.settings, [Shown("shown", "", "")]), group.settings)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    async with AsyncClient(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=120) as client:
        yield client
    server.should_exit = True
    await serving


async def test_a_token_in_an_address_lets_nobody_in_and_none_that_is_sent_is_told(
    client: AsyncClient, lines: Lines
) -> None:
    for path in PATHS:
        for bearing in BEARING:
            answer = await client.get(path, **bearing)
            assert answer.status_code in (303, 401, 404, 429), path
            if answer.status_code != 303:  # which leads back to what was asked for
                assert not {secret for secret in (TOKEN, SECRET) if secret in answer.text}
    posted = await client.post("/dashboard/sign-in", data={"token": SECRET}, headers={"Sec-Fetch-Site": "same-origin"})
    assert posted.status_code in (401, 429)
    assert not [line for line in [*lines.found, posted.text] if TOKEN in line or SECRET in line]


async def test_a_fault_of_ours_tells_no_token_of_whoever_met_it(
    client: AsyncClient, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise KeyError("a fault")

    monkeypatch.setattr(pages, "user", broken)
    monkeypatch.setattr(resources, "user", broken)
    for path in (f"/dashboard/user?id=ann&token={SECRET}", "/api/v1/users/ann"):
        answer = await client.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 500
        assert not {secret for secret in (TOKEN, SECRET) if secret in answer.text}
    assert [line for line in lines.found if "KeyError" in line], "it is in the log"
    assert not [line for line in lines.found if TOKEN in line or SECRET in line]
