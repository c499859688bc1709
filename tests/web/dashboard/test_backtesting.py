"""Backtests on pages: begun with what is written, looked at, stopped, and gone on from."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from httpx import AsyncClient

from streams.backtest import jobs
from streams.backtest.__main__ import question_of
from streams.backtest.job import REQUEST, RESULT, Progress, Request, is_to_stop, write_progress
from streams.backtest.processes import play
from streams.backtest.report import report
from streams.settings import Settings
from streams.web.views import board
from tests.web.group import EVENTS, NOW, RULES, Group

SOONER = RULES["quiet"].replace("idle_days >= 7", "idle_days >= 1")
WRITTEN = {"text": SOONER, "stories": "", "base": "3", "do": "backtest", "history": "march.jsonl"}


@pytest.fixture
async def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Group:
    """Where a backtest that is begun stays at its beginning."""

    def begun(folder: Path, request: Request, _: Settings) -> None:
        folder.mkdir()
        (folder / REQUEST).write_bytes(msgspec.json.encode(request))
        write_progress(folder, Progress("running", NOW, read=1, of=4))

    monkeypatch.setattr(jobs, "start", begun)
    monkeypatch.setattr("streams.backtest.job._is_alive", lambda _: True)
    monkeypatch.setattr(board, "_now_ms", lambda: NOW)
    (tmp_path / "histories").mkdir()
    (tmp_path / "histories" / "march.jsonl").write_text("".join(json.dumps(each) + "\n" for each in EVENTS))
    folders = {each: str(tmp_path / each.removeprefix("web_")) for each in ("web_histories", "web_backtests")}
    return await Group(tmp_path, **folders).begin()


async def begin(client: AsyncClient, **said: str) -> str:
    answer = await client.post("/dashboard/rule?name=quiet", data={**WRITTEN, **said})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def folder_of(group: Group, place: str) -> Path:
    assert group.settings.web_backtests is not None
    return group.settings.web_backtests / group.settings.group / place.partition("=")[2]


def end(folder: Path, until_ms: int | None = None) -> None:
    request = msgspec.json.decode((folder / REQUEST).read_bytes(), type=Request)
    request.until_ms = until_ms
    request.history = tuple(str(Path(request.folder, name)) for name in request.history)
    question = question_of(request, Settings())
    found = report(question, play(question, 1, lambda _, __: None))
    (folder / RESULT).write_bytes(msgspec.json.encode(found))
    write_progress(folder, Progress("done", NOW))


async def test_it_is_offered_with_the_histories_there_are_and_tells_how_far_it_is(client: AsyncClient) -> None:
    assert 'value="march.jsonl"' in (await client.get("/dashboard/rule?name=quiet")).text
    place = await begin(client)
    text = (await client.get(f"/dashboard/{place}")).text
    assert "Playing the history" in text
    assert "25 %" in text
    assert "data-soon" in text
    # From the pages of the rule and of all rules it is found again.
    for path in ("rule?name=quiet", "rules"):
        assert f'href="{place}"' in (await client.get(f"/dashboard/{path}")).text


async def test_what_it_found_is_who_would_be_in_under_one_alone_with_reasons(group: Group, client: AsyncClient) -> None:
    place = await begin(client)
    end(folder_of(group, place), NOW)
    text = (await client.get(f"/dashboard/{place}")).text
    assert '<span class="plus">+2</span>' in text
    assert "<strong>2</strong> would enter" in text
    assert 'href="user?id=bob"' in text
    assert "idle_days &gt;= 1 (1.1" in text
    assert "a/b &lt;i&gt;" in text
    assert "data-soon" not in text
    whole = await client.get(f"/dashboard/{place.replace('backtest', 'backtest.html')}")
    assert whole.headers["content-disposition"].startswith("attachment")
    # The draft is not lost: one goes on with it, from the version that it was begun from.
    again = (await client.get(f"/dashboard/rule?name=quiet&backtest={place.partition('=')[2]}")).text
    assert "enter: idle_days &gt;= 1" in again
    assert '<input type="hidden" name="base" value="3">' in again


async def test_it_is_stopped_and_says_so_or_why_it_failed(group: Group, client: AsyncClient) -> None:
    place = await begin(client)
    assert (await client.get(f"/dashboard/{place.replace('backtest', 'backtest.html')}")).status_code == 400
    assert (await client.post(f"/dashboard/{place}", data={"do": "stop"})).status_code == 303
    assert is_to_stop(folder_of(group, place))
    write_progress(folder_of(group, place), Progress("stopped", NOW))
    assert "Somebody stopped it" in (await client.get(f"/dashboard/{place}")).text
    write_progress(folder_of(group, place), Progress("failed", NOW, error="<b>too little</b> memory"))
    assert "&lt;b&gt;too little&lt;/b&gt; memory" in (await client.get(f"/dashboard/{place}")).text
    assert (await client.get("/dashboard/backtest?id=0000000000000000")).status_code == 404


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"history": "../march.jsonl"}, "There is no history ../march.jsonl"),
        ({"source": "topics"}, "Choose files as the history, or the topics"),
        ({"text": "segment: quiet\nenter: idle_dayz > 1"}, "did you mean `idle_days`?"),
    ],
)
async def test_what_cannot_be_is_told_on_the_page_with_the_text_as_it_was(
    client: AsyncClient, said: dict[str, str], says: str
) -> None:
    answer = await client.post("/dashboard/rule?name=quiet", data={**WRITTEN, **said})
    assert answer.status_code == 409
    assert says in answer.text
    assert "enter: idle_day" in answer.text


async def test_who_may_only_look_begins_none_and_no_other_site_does(group: Group, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"web_token": "a token of those who read", "web_backtests": str(tmp_path / "backtests")}
    reading = await Group(tmp_path, **settings).begin()
    async with reading.client(Authorization="Bearer a token of those who read") as client:
        assert 'value="backtest"' not in (await client.get("/dashboard/rule?name=quiet")).text
        for path in ("rule?name=quiet", "backtest?id=0000000000000000"):
            assert (await client.post(f"/dashboard/{path}", data=WRITTEN)).status_code == 403
    async with group.client(**{"Sec-Fetch-Site": "cross-site"}) as client:
        assert (await client.post("/dashboard/rule?name=quiet", data=WRITTEN)).status_code == 403
