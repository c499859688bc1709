"""Backtests by the API: begun by who may, over a history that the operator offers, looked at, stopped; and bounded."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from jsonschema import Draft202012Validator

from streams.backtest import jobs
from tests.web.group import EVENTS, RULES, Group

READER, EDITOR = "a token of those who read", "a token of those who edit"
WITHIN_S = 300  # it is slower than others by its own choice
SOONER = {"files": {"quiet.yaml": RULES["quiet"].replace("7", "1")}, "rule": "quiet", "history": ["march.jsonl"]}


@pytest.fixture
async def group(tmp_path: Path) -> Group:
    histories = tmp_path / "histories"
    histories.mkdir()
    (histories / "march.jsonl").write_text("".join(json.dumps(each) + "\n" for each in EVENTS))
    (histories / "notes.txt").write_text("none")
    (tmp_path / "secret.jsonl").write_text("none")
    tokens = {"web_token": READER, "web_editor_token": EDITOR}
    folders = {"web_histories": str(histories), "web_backtests": str(tmp_path / "backtests")}
    return await Group(tmp_path, **tokens, **folders).begin()


def client_of(group: Group, token: str = EDITOR) -> AsyncClient:
    return group.client(Authorization=f"Bearer {token}")


async def ended(client: AsyncClient, job: str) -> Any:
    async with asyncio.timeout(WITHIN_S):
        while True:
            found = (await client.get(f"/api/v1/backtests/{job}")).json()
            if found["backtest"]["stage"] != "running":
                return found
            await asyncio.sleep(0.05)


async def test_it_runs_and_tells_who_would_be_in_under_the_one_and_not_under_the_other(group: Group) -> None:
    async with client_of(group) as client:
        assert (await client.get("/api/v1/backtests")).json() == {"histories": ["march.jsonl"], "backtests": []}
        begun = (await client.post("/api/v1/backtests", json=SOONER)).json()
        assert (begun["author"], begun["rule"], begun["history"]) == ("editor", "quiet", ["march.jsonl"])
        found = await ended(client, begun["id"])
        described = (await client.get("/api/v1/openapi.json")).json()
        # An id is taken for no path.
        assert (await client.get("/api/v1/backtests/..%2F..%2Frules")).status_code == 404
    assert (found["backtest"]["stage"], found["backtest"]["error"]) == ("done", None)
    assert found["found"]["coverage"]["files"] == ["march.jsonl"]
    [quiet] = found["found"]["segments"]
    assert (quiet["segment"], quiet["now"]["would_enter"], quiet["now"]["would_leave"]) == ("quiet", 0, 0)
    assert quiet["new"]["entries"] > quiet["old"]["entries"]
    operation = described["paths"]["/backtests/{backtest}"]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert not list(Draft202012Validator({**schema, "components": described["components"]}).iter_errors(found))


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({**SOONER, "history": ["../secret.jsonl"]}, "There is no history ../secret.jsonl"),
        ({**SOONER, "history": ["/etc/passwd"]}, "There is no history /etc/passwd"),
        ({**SOONER, "history": ["notes.txt"]}, "There is no history notes.txt"),
        ({**SOONER, "history": []}, "Choose files as the history, or the topics"),
        ({**SOONER, "topics": True}, "Choose files as the history, or the topics"),
        ({**SOONER, "outcome": "event("}, "--outcome"),
        ({**SOONER, "files": {"quiet.yaml": "segment: quiet\nenter: idle_dayz > 1\n"}}, "did you mean `idle_days`?"),
        ({**SOONER, "within_days": 0}, "within_days"),
        ({**SOONER, "path": "/etc"}, "path"),
    ],
)
async def test_what_cannot_be_is_refused_in_words_before_anything_runs(
    group: Group, asked: dict[str, Any], says: str
) -> None:
    async with client_of(group) as client:
        answer = await client.post("/api/v1/backtests", json=asked)
        assert answer.status_code == 400
        assert says in answer.json()["message"]
        assert (await client.get("/api/v1/backtests")).json()["backtests"] == []


async def test_who_may_only_look_begins_and_stops_none_and_no_other_site_does(group: Group) -> None:
    async with client_of(group, READER) as client:
        for path in ("backtests", "backtests/0123456789abcdef/stop"):
            refused = await client.post(f"/api/v1/{path}", json=SOONER)
            assert (refused.status_code, refused.json()["code"]) == (403, "read_only")
        assert (await client.get("/api/v1/backtests")).json()["backtests"] == []
    open_to_all = Group(group.settings.rules.parent)
    async with open_to_all.client(**{"Sec-Fetch-Site": "cross-site"}) as client:
        assert (await client.post("/api/v1/backtests", json=SOONER)).status_code == 403


async def test_when_so_many_run_another_has_to_wait(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MOST_AT_ONCE", 0)
    async with client_of(group) as client:
        refused = await client.post("/api/v1/backtests", json=SOONER)
    assert (refused.status_code, refused.json()["code"], "Retry-After" in refused.headers) == (429, "busy", True)
