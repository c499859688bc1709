"""A group in memory in the states that no worker keeps it in for long, and a server here that looks at it, with a real
browser."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, Page

from streams.backtest.job import REQUEST, Progress, Request, write_progress
from streams.kafka.batches.record import PlainRecord
from streams.lifecycle.applying import apply
from streams.lifecycle.awaiting import Made, tell
from streams.lifecycle.checking import check_files
from streams.lifecycle.reach import Reach
from streams.lifecycle.versions import Version
from streams.testing import instant, track
from streams.web.views import board
from tests.e2e.browser import (
    WITHIN_MS,
    chromium,
)
from tests.e2e.dashboard.unsettled import BUYERS, FILES, JOBS, ODD
from tests.web.group import EVENTS, NOW, Group


@pytest.fixture
async def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Group:
    """Version 2 awaits its past; backtests run, failed and were stopped; records could not be used."""
    monkeypatch.setattr(board, "_now_ms", lambda: NOW)
    monkeypatch.setattr("streams.backtest.job._is_alive", lambda _: True)
    made = Group(tmp_path, web_backtests=str(tmp_path / "backtests"))
    await made.begin([*EVENTS, track(ODD, "Signed In", "2026-03-19 09:00")])
    made.reach = Reach({"product-events": instant("2026-03-15 08:00")})
    after: Version | None = None
    for files in (FILES, FILES | {"buyers.yaml": BUYERS}):
        after = await apply(made.store.group, check_files(files), after=after, author="ann", note="", at_ms=NOW)
    await tell(made.store.group, 2, 0, Made(80, 200, a_second=1.0, since_ms=NOW))
    for stage, name in JOBS.items():
        folder = tmp_path / "backtests" / made.settings.group / name
        folder.mkdir(parents=True)
        request = Request(new=FILES, rule="quiet", author=ODD, topics=True)
        (folder / REQUEST).write_bytes(msgspec.json.encode(request))
        write_progress(folder, Progress(stage, NOW, 1, 4, error=ODD if stage == "failed" else None))
    for offset in range(7):
        headers = [("reason_code", b"no_rate"), ("reason", ODD.encode()), ("topic", b"billing-updates")]
        headers += [("partition", b"1"), ("offset", str(offset).encode())]
        made.window.dead_letters.take([PlainRecord(offset, NOW, b"ann", b'{"userId": "ann"}', headers)])
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, group: Group) -> AsyncIterator[Page]:
    """Of a server that looks at the group; no stream comes through, so that it asks."""
    config = uvicorn.Config(group.app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server, listening = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    context = await browser.new_context(base_url=f"http://localhost:{listening.getsockname()[1]}/dashboard/")
    context.set_default_timeout(WITHIN_MS)
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    await page.route("**/live", lambda route: route.abort())
    yield page
    await page.unroute_all(behavior="ignoreErrors")
    await context.close()
    server.should_exit = True
    await serving
    listening.close()
