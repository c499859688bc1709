"""Every door of the dashboard and the API, whatever is added to them: who has no token sees nothing, who may look
changes nothing, no page of another site does, and nothing that anybody sends is ever run."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from httpx import AsyncClient, Response
from starlette.applications import Starlette
from starlette.routing import Route

from streams.kafka.batches.record import PlainRecord
from streams.lifecycle.applying import apply
from streams.lifecycle.checking import check_files
from streams.lifecycle.versions import history
from streams.state.format import BACKTESTS, SENT_AGAIN
from streams.testing import identify, track
from streams.web.api.asking import ROOT
from streams.web.api.resources import ROWS
from streams.web.dashboard.static import TYPES
from tests.web.group import EVENTS, MESSAGES, NOW, RULES, Group

READER, EDITOR = "a token of those who read", "a token of those who edit"
OURS: Final = {"Sec-Fetch-Site": "same-origin"}
OPEN: Final = {"/", "/dashboard", *(f"/dashboard/{name}" for name in (*TYPES, "sign-in", "sign-out"))}
EVIL: Final = """'"><x-evil onload=alert(1)>{{7000*7001}}</script>"""
SAYS: Final = ("apply", "backtest", "on", "off", "stop", "all", "chosen")


@pytest.fixture
async def group(tmp_path: Path) -> Group:
    """With tokens, and with what is evil in all that comes from events, rules and those who apply them."""
    group = Group(tmp_path, web_token=READER, web_editor_token=EDITOR, web_backtests=str(tmp_path / "backtests"))
    quiet = RULES["quiet"].replace("success", f"'{EVIL.replace(chr(39), chr(39) * 2)}'")
    evil = {"quiet.yaml": f"{quiet}\n# {EVIL}\n", "pace.yaml": RULES["pace"]}
    evil["messages/hello.yaml"] = f"{MESSAGES['hello']}\ndescription: >-\n  {EVIL}\n".replace("{{7000*7001}}", "")
    await group.begin(
        [
            *EVENTS,
            track(EVIL, "Signed In", "2026-03-01 09:00"),
            identify(EVIL, "2026-03-01 10:00", None, **{EVIL: EVIL, "role": EVIL}, company={"name": EVIL}),
        ]
    )
    await apply(group.store.group, check_files(evil), after=None, author=EVIL, note=EVIL, at_ms=NOW)
    headers = [("reason_code", EVIL.encode()), ("reason", EVIL.encode()), ("topic", EVIL.encode())]
    letter = PlainRecord(1, NOW, EVIL.encode(), b'{"userId": "<x-evil>"}', [*headers, ("offset", b"1")])
    group.window.dead_letters.take([letter])
    return group


def asked(group: Group, method: str) -> Iterator[str]:
    """The path of each door, with something for what has a name in it."""
    app = group.app._app
    assert isinstance(app, Starlette)
    routes = [each for each in app.routes if isinstance(each, Route)]
    assert len(routes) > 20
    yield from (each.path for each in routes if method in (each.methods or ()) and each.path not in OPEN)
    yield from (ROOT + each.path.replace("{", "").replace("}", "") for each in ROWS if each.method == method)


def is_shut(answer: Response) -> bool:
    return answer.status_code == 401 or "sign-in?next=" in answer.headers.get("location", "")


async def test_who_has_no_token_sees_nothing_through_any_door(group: Group) -> None:
    async with group.client(**OURS) as client:
        for path in asked(group, "GET"):
            for bearer in ({}, {"Cookie": "segmenter_session=e30.e30.e30"}):
                answer = await client.get(path, headers=bearer)
                assert is_shut(answer), path
                assert "ann" not in answer.text
        for path in asked(group, "POST"):
            assert is_shut(await client.post(path, data={"do": "apply"})), path


async def sent(client: AsyncClient, path: str, headers: Mapping[str, str]) -> list[Response]:
    """All that may be said at a door that changes something."""
    if path.startswith(ROOT):
        return [await client.post(path, json={"topics": True, "reason_code": "x"}, headers=headers)]
    query = {"name": "hello" if path.endswith("message") else "quiet", "number": "1", "id": "1" * 16}
    form = {"text": RULES["quiet"].replace("7", "1"), "base": "1", "source": "topics", "place": "a/0/1"}
    return [await client.post(path, params=query, data=form | {"do": do}, headers=headers) for do in SAYS]


@pytest.mark.parametrize(
    ("token", "headers"),
    [
        (READER, OURS),
        (EDITOR, {"Sec-Fetch-Site": "cross-site"}),
        (EDITOR, {"Origin": "https://evil.example"}),
        (EDITOR, {}),
    ],
    ids=["who may look", "another site", "another origin", "nobody says where from"],
)
async def test_through_no_door_anything_is_changed_by(group: Group, token: str, headers: dict[str, str]) -> None:
    async with group.client() as client:
        await client.post("/dashboard/sign-in", data={"token": token}, headers=OURS)
        for path in asked(group, "POST"):
            for answer in await sent(client, path, headers):
                tried = path == "/dashboard/rule" and token == READER and answer.status_code == 200
                assert answer.status_code == 403 or tried, (path, answer.status_code)
    assert len(await history(group.store.group)) == 1
    assert not await group.store.group.read(BACKTESTS)
    assert not await group.store.group.read(SENT_AGAIN)


async def test_nothing_that_is_asked_by_get_changes_anything(group: Group) -> None:
    async with group.client(Authorization=f"Bearer {EDITOR}") as client:
        for path in asked(group, "GET"):
            if path.endswith("/live"):
                continue  # it never ends
            await client.get(path, params={"name": "quiet", "number": "1", "do": "apply", "text": "", "base": "1"})
    assert len(await history(group.store.group)) == 1


async def test_whatever_comes_from_events_rules_and_people_is_text(group: Group) -> None:
    pages = ["", "rules", "rule?name=quiet", "segment?name=quiet", "segment?name=pace/calm", "version?number=1"]
    pages += ["messages", "message?name=hello", f"message?name=hello&user={EVIL}", "dead-letters", f"user?id={EVIL}"]
    pages += [f"{page}?{name}={EVIL}" for page in ("", "dead-letters") for name in ("search", "owner", "topic", "sent")]
    pages += [
        f"{page}={EVIL}" for page in ("rule?name", "segment?name", "version?number", "backtest?id", "message?name")
    ]
    pages += [f"segment?name=quiet&search={EVIL}&after={EVIL}", f"sign-in?next={EVIL}"]
    seen = 0
    async with group.client(Authorization=f"Bearer {EDITOR}", **OURS) as client:
        answers = [await client.get(f"/dashboard/{page}") for page in pages]
        said = {
            "text": f"segment: quiet\nenter: {EVIL}",
            "stories": EVIL,
            "note": EVIL,
            "max_change": EVIL,
            "base": "1",
        }
        answers += [
            await client.post("/dashboard/rule?name=quiet", data=said | {"do": do}) for do in ("check", "apply")
        ]
        for answer in answers:
            assert "<x-evil" not in answer.text, answer.url
            assert "49007000" not in answer.text, answer.url
            assert "script-src" not in answer.headers["content-security-policy"], "the default is: from us alone"
            seen += answer.text.count("x-evil")
    assert seen > 30


@pytest.mark.parametrize(
    "path", ["../settings.py", "..%2f..%2fsettings.py", "%2e%2e/pages.py", "templates/base.html", "/etc/passwd"]
)
async def test_no_file_is_served_but_ours(group: Group, path: str) -> None:
    async with group.client(Authorization=f"Bearer {EDITOR}") as client:
        assert (await client.get(f"/dashboard/{path}")).status_code == 404
        said = {"rule": "quiet", "history": [path]}
        refused = await client.post(f"{ROOT}/backtests", json=said)
        assert (refused.status_code, "There is no history" in refused.text) == (400, True)
        assert (await client.get(f"/dashboard/backtest?id={path}")).status_code == 404


async def test_a_form_of_too_many_fields_is_refused(group: Group) -> None:
    async with group.client(Authorization=f"Bearer {EDITOR}") as client:
        answer = await client.post("/dashboard/rule?name=quiet", content="&a=" * 100_000)
        assert (answer.status_code, "fields" in answer.text) == (400, True)
        assert (await client.post("/dashboard/rule?name=quiet", content="a" * 600_000)).status_code == 413
