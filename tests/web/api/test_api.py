"""The API: what it answers, in which form, and what it refuses; its description is one, and holds."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from httpx import AsyncClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from streams.core.identities.aliases import Standing
from streams.core.identities.owners import Owned
from streams.core.links import How
from streams.kafka.partitioning import homes
from streams.lifecycle.applying import apply
from streams.lifecycle.checking import check_folder
from streams.state.format import ALIASES, OWNED
from streams.state.store import Checkpoint, Write
from streams.web.api import asking
from tests.pages import API_DOCUMENT, api_document
from tests.state.checkpoints import claimed
from tests.web.group import PARTITIONS, Group

TOKEN = "a token of those who read"
ANSWERED = [
    ("/segments", "/segments"),
    ("/segments/{segment}", "/segments/pace%2Fbusy"),
    ("/segments/{segment}/members", "/segments/pace%2Fcalm/members?limit=1"),
    ("/segments/{segment}/conditions", "/segments/quiet/conditions"),
    ("/segments/{segment}/stays", "/segments/pace%2Fbusy/stays"),
    ("/users/{user}", "/users/ann"),
    ("/users/{user}/timeline", "/users/bob/timeline"),
    ("/versions", "/versions"),
    ("/backtests", "/backtests"),
    ("/messages", "/messages"),
    ("/messages/{message}", "/messages/hello?user=ann"),
    ("/users/{user}/explain", "/users/ann/explain"),
    ("/users/{user}/forecast", "/users/bob/forecast"),
    ("/rules", "/rules"),
    ("/rules/{rule}", "/rules/quiet"),
    ("/changes", "/changes?limit=2"),
    ("/dead-letters", "/dead-letters"),
    ("/health", "/health"),
]
OF_A_BACKTEST = {"/backtests/{backtest}", "/backtests/{backtest}/stop"}  # test_backtests.py
POSTED = {"/dead-letters/again"}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    group = await Group(tmp_path).begin()
    async with group.client() as client:
        yield client


async def given(client: AsyncClient, path: str) -> Any:
    answer = await client.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_description_is_openapi_and_tells_of_every_resource(client: AsyncClient) -> None:
    described = await given(client, "/openapi.json")
    validate(described)
    assert described["paths"].keys() == {template for template, _ in ANSWERED} | OF_A_BACKTEST | POSTED


@pytest.mark.parametrize(("template", "path"), ANSWERED, ids=[template for template, _ in ANSWERED])
async def test_an_answer_is_what_the_description_says(client: AsyncClient, template: str, path: str) -> None:
    described = await given(client, "/openapi.json")
    schema = described["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    whole = {**schema, "components": described["components"]}
    assert not list(Draft202012Validator(whole).iter_errors(await given(client, path)))


@pytest.mark.parametrize("path", ["/backtests", "/dead-letters/again"])
async def test_a_body_that_is_too_large_is_refused_as_the_description_says(
    client: AsyncClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MOST_BYTES", 10)
    answer = await client.post(f"/api/v1{path}", content=b" " * 11, headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "413" in (await given(client, "/openapi.json"))["paths"][path]["post"]["responses"]


async def test_segments_tell_their_sizes_and_how_they_developed(client: AsyncClient) -> None:
    found = await given(client, "/segments")
    quiet = next(rule for rule in found["rules"] if rule["rule"] == "quiet")
    assert (found["profiles"], quiet["members"], quiet["owner"], quiet["state"]) == (3, 1, "success", "live")
    days = quiet["segments"][0]["days"]
    assert len(days) == 30
    assert [day["size"] for day in days if "2026-03-06" < day["begins"] < "2026-03-10"] == [0, 0, 1, 1]


async def test_segments_come_page_by_page_where_they_are_many(client: AsyncClient) -> None:
    first = await given(client, "/segments?limit=2")
    assert ([each["rule"] for each in first["rules"]], first["after"]) == (["admin", "pace"], "pace")
    rest = await given(client, f"/segments?limit=2&after={first['after']}")
    assert ([each["rule"] for each in rest["rules"]], rest["after"]) == (["quiet"], None)
    assert first["profiles"] == rest["profiles"] == 3


async def test_a_level_is_asked_for_by_its_name_and_a_user_by_any_id(client: AsyncClient) -> None:
    assert (await given(client, "/segments/pace%2Fbusy"))["asked"] == "pace/busy"
    assert (await given(client, "/users/a%2Fb%20%3Ci%3E"))["segments"] == ["pace/calm"]


async def test_a_user_is_explained_and_what_is_private_stays_hidden(client: AsyncClient) -> None:
    found = await given(client, "/users/ann/explain?rule=admin")
    [rule] = found["rules"]
    assert [each["value"] for each in rule["conditions"]] == ["admin", "***"]
    traits = {each["name"]: each["value"] for each in (await given(client, "/users/ann"))["traits"]}
    assert traits == {"company.name": "<b>Acme</b>", "email": "***", "role": "admin"}


async def test_members_come_page_by_page(client: AsyncClient) -> None:
    path = "/segments/pace%2Fcalm/members"
    first = await given(client, f"{path}?limit=1")
    assert [each["user_id"] for each in first["members"]] == ["a/b <i>"]
    rest = await given(client, f"{path}?after={quote(first['after'], safe='')}")
    assert ([each["user_id"] for each in rest["members"]], rest["after"]) == (["ann"], None)


async def test_a_timeline_has_the_newest_first_with_the_reason(client: AsyncClient) -> None:
    newest = (await given(client, "/users/bob/timeline"))["changes"][0]
    assert (newest["segment"], newest["previous"]) == ("pace/busy", "pace/calm")
    assert newest["why"] == "count(any, days=7) >= 3 (is 3)"


async def test_a_timeline_has_the_changes_of_who_became_her_each_under_the_id_of_then(tmp_path: Path) -> None:
    group = await Group(tmp_path).begin()
    owned = msgspec.json.encode({"bob": Owned(How.MERGE, told_ms=1), "a-1": Owned(How.ANONYMOUS, told_ms=1)})
    is_hers = msgspec.json.encode(Standing("ann", How.MERGE))
    [shard] = {homes(user, PARTITIONS, "murmur2")[0] for user in ("ann", "bob")}
    stored = await claimed(group.store.shards, shard, 2)
    assert stored is not None
    writes = [Write(OWNED, [("ann", owned)]), Write(ALIASES, [("bob", is_hers)])]
    await group.store.shards.save(shard, 2, Checkpoint(2, stored.head, {}, writes))
    async with group.client() as client:
        hers, his = [(await given(client, f"/users/{user}/timeline"))["changes"] for user in ("ann", "bob")]
        page = (await client.get("/dashboard/user?id=ann")).text
    assert his
    assert {each["id"] for each in his} < {each["id"] for each in hers}
    assert {each["user_id"] for each in hers} == {"ann", "bob"}
    instants = [each["occurred_at"] for each in hers]
    assert instants == sorted(instants, reverse=True)
    assert 'href="user?id=bob"' in page


async def test_versions_are_those_that_were_applied(tmp_path: Path) -> None:
    group = await Group(tmp_path).begin()
    async with group.client() as client:
        assert await given(client, "/versions") == {"live": None, "versions": [], "awaited": None, "refused": None}
        checked = check_folder(group.settings.rules)
        await apply(group.store.group, checked, after=None, author="ann", note="the first", at_ms=0)
        found = await given(client, "/versions")
        assert (found["live"], found["versions"][0]["note"]) == (1, "the first")


async def test_the_forecast_says_what_comes_if_nothing_happens(client: AsyncClient) -> None:
    changes = (await given(client, "/users/bob/forecast"))["changes"]
    assert {"at": "2026-03-26T09:00:00.000Z", "segment": "quiet"}.items() <= changes[-1].items()


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/users/nobody", 404, "Nobody called nobody is known"),
        ("/segments/quite", 404, "Did you mean quiet?"),
        ("/rules/quite", 404, "There is no rule quite"),
        ("/users/ann/explain?rule=quite", 404, "There is no rule quite"),
        ("/users/ann?at=soon", 400, "at is a time such as"),
        ("/users/ann?at=2020-01-01", 400, "it keeps nothing older"),
        ("/changes?limit=0", 400, "limit is a number from 1 to 1000"),
        (f"/changes?limit={'9' * 5_000}", 400, "limit is a number from 1 to 1000"),
        ("/changes?most=3", 400, "there is no parameter most; there are limit, rule"),
        ("/nowhere", 404, "openapi.json"),
    ],
)
async def test_what_cannot_be_asked_is_told_in_words(client: AsyncClient, path: str, status: int, says: str) -> None:
    answer = await client.get(f"/api/v1{path}")
    assert answer.status_code == status
    assert says in answer.json()["message"]


async def test_what_would_change_something_is_no_method(client: AsyncClient) -> None:
    assert (await client.post("/api/v1/segments")).status_code == 405


async def test_without_a_token_nothing_is_told(tmp_path: Path) -> None:
    group = await Group(tmp_path, web_token=TOKEN).begin()
    async with group.client() as client:
        for _, path in ANSWERED:
            assert (await client.get(f"/api/v1{path}")).status_code == 401
        allowed = await client.get("/api/v1/segments", headers={"Authorization": f"Bearer {TOKEN}"})
        assert allowed.status_code == 200


async def test_a_group_whose_workers_never_began_is_told(tmp_path: Path) -> None:
    async with Group(tmp_path).client() as client:
        answer = await client.get("/api/v1/segments")
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")


def test_the_description_in_the_docs_is_up_to_date() -> None:
    assert API_DOCUMENT.read_text() == api_document(), "python -m tests.pages"
