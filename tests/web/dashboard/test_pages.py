"""What holds for every page: what they show, to whom, and that nothing of it is taken for HTML."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from streams.delivery.decision import Decision
from streams.kafka.batches.record import PlainRecord
from streams.outputs.delivery import encode_delivery
from streams.testing import track
from streams.web.dashboard import pages
from tests.web.dashboard.reading import Links, answer_to, page
from tests.web.group import NOW, Group

PAGES = [
    "",
    "rules",
    "messages",
    "message?name=hello",
    "rule?name=quiet",
    "segment?name=quiet",
    "segment?name=pace",
    "segment?name=pace/busy",
    "user?id=ann",
    "dead-letters",
]


async def test_a_user_is_shown_with_every_condition_and_nothing_private(client: AsyncClient) -> None:
    text = await page(client, "user?id=ann")
    for words in ("idle_days &gt;= 7", "missing(email)", "&lt;b&gt;Acme&lt;/b&gt;", "since 8 Mar 09:00"):
        assert words.replace("since ", "") in text
    assert "ann@x.example" not in text


async def test_where_a_user_stands_by_a_rule_that_is_warming_or_in_shadow_says_so(
    group: Group, client: AsyncClient
) -> None:
    rules = group.settings.rules
    (rules / "keen.yaml").write_text("segment: keen\nenter: active_days(days=30) >= 2")
    (rules / "dark.yaml").write_text("segment: dark\nenter: idle_days >= 1\nstate: shadow")
    text = await page(client, "user?id=ann")
    warming = re.findall(r'<span class="tag warming">warming until <time datetime="([^"]*)"', text)
    assert warming == ["2026-03-31T00:00:00.000Z"]
    assert text.count("in shadow: nobody is told") == 1
    found = (await client.get("/api/v1/users/ann")).json()
    assert {rule["rule"]: (rule["state"], rule["warming_until"]) for rule in found["rules"]} == {
        "admin": ("live", None),
        "dark": ("shadow", None),
        "keen": ("warming", *warming),
        "pace": ("live", None),
        "quiet": ("live", None),
    }
    assert found["segments"] == ["admin", "pace/calm", "quiet"]


async def test_what_anybody_sends_is_never_html(client: AsyncClient) -> None:
    for path in ("", "user?id=a%2Fb%20%3Ci%3E"):
        text = await page(client, path)
        assert "a/b &lt;i&gt;" in text
        assert "<i>" not in text


@pytest.mark.parametrize("path", ["user?id=nobody", "user?id=", "segment?name=nothing", "user", "segments", "x?y=z"])
async def test_what_is_not_there_is_told_on_a_page(client: AsyncClient, path: str) -> None:
    assert "Not found" in await page(client, path, 404)


async def test_messages_tell_what_was_decided_about_whom_and_why(group: Group, client: AsyncClient) -> None:
    decided = Decision("m1", "come-back", "in_app", "capped", "1 in 14d", "c1", NOW)
    group.window.decisions.take([PlainRecord(1, NOW, b"ann", encode_delivery("ann", decided))])
    text = await page(client, "messages")
    for words in ("come-back", "not in the rules any more", 'href="user?id=ann"', "capped", "1 in 14d"):
        assert words in text


@pytest.mark.parametrize("path", PAGES)
async def test_all_links_are_relative_and_lead_to_pages(client: AsyncClient, path: str) -> None:
    for link in Links(await page(client, path)).found:
        assert not re.match(r"/|\w+:", link), link
        if not link.startswith(("#", "sign-out")) and link != "rule":  # whose form names one
            assert (await client.get(f"/dashboard/{link.lstrip('.')}")).status_code in (200, 404), link


@pytest.mark.parametrize("path", [*PAGES, "app.js", "app.css", "sign-in", "user?id=nobody"])
async def test_nothing_comes_from_elsewhere_and_nothing_runs_that_is_not_ours(client: AsyncClient, path: str) -> None:
    answer = await client.get(f"/dashboard/{path}")
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
    assert "unsafe" not in answer.headers["content-security-policy"]
    ours = r" type=\"module\" src=\"app.js\?v=\w+\"></script>"
    assert not re.search(rf"<style|<script(?!{ours})| style=| on\w+=", answer.text)


async def test_a_page_waits_for_no_file_that_a_browser_has_and_has_no_old_one(client: AsyncClient) -> None:
    files = [each for each in Links(await page(client, "")).found if each.startswith(("app.", "icon."))]
    assert len(set(files)) == 3
    for each in files:
        answer = await client.get(f"/dashboard/{each}")
        assert "immutable" in answer.headers["cache-control"]
        by_another = await client.get(f"/dashboard/{each}0")
        assert (by_another.content, by_another.headers["cache-control"]) == (answer.content, "no-cache")
        known = {"If-None-Match": answer.headers["etag"]}
        assert (await client.get(f"/dashboard/{each}", headers=known)).status_code == 304


async def test_a_group_whose_workers_never_began_has_a_page_that_says_so(tmp_path: Path) -> None:
    async with Group(tmp_path).client() as client:
        answer = await answer_to(client, "", 503)
        assert "No worker of the group segmenter has ever written" in answer.text
        assert answer.headers["retry-after"]
        assert "No worker of the group" in await page(client, "members.csv?name=quiet", 503)


async def test_a_fault_of_our_own_is_told_on_a_page_and_in_the_log_without_what_it_quotes(
    group: Group, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise KeyError("ann@x.example")

    monkeypatch.setattr(pages, "user", broken)
    async with group.client() as client:
        answer = await answer_to(client, "user?id=ann", 500)
    assert answer.headers["content-type"].startswith("text/html")
    assert "a fault of segmenter&#39;s own" in answer.text
    assert "KeyError" in caplog.text
    assert "ann@x.example" not in answer.text + caplog.text


@pytest.mark.parametrize("path", ["/dashboard/rule", "/api/v1/backtests"])
async def test_whoever_closes_a_page_that_is_sending_something_is_no_fault_of_ours(
    group: Group, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    said = [b"host: localhost", b"sec-fetch-site: same-origin", b"content-length: 9"]
    headers = [tuple(each.split(b": ")) for each in said]
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"name=quiet"}
    answered: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answered.append(message)

    await group.app({**scope, "headers": headers, "client": ("127.0.0.1", 1)}, receive, send)
    assert answered[0]["status"] == 400
    assert not caplog.text


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_small(client: AsyncClient, path: str) -> None:
    files = [(await client.get(f"/dashboard/{name}")).content for name in ("app.css", "app.js", "icon.svg")]
    assert sum(len(gzip.compress(each)) for each in [(await answer_to(client, path)).content, *files]) < 100_000


async def test_of_a_rule_in_shadow_no_entries_are_shown_that_nobody_counts(tmp_path: Path) -> None:
    group = Group(tmp_path)
    (group.settings.rules / "dark.yaml").write_text("segment: dark\nenter: idle_days >= 1\nstate: shadow")
    await group.begin([track("ann", "Signed In", "2026-03-01 09:00")])
    async with group.client() as client:
        segment, overview = await page(client, "segment?name=dark"), await page(client, "")
    assert "Entered today" not in segment
    assert "not counted" in overview


async def test_a_user_whose_id_begins_with_a_space_is_found_and_one_that_was_pasted_with_one_too(
    tmp_path: Path,
) -> None:
    group = Group(tmp_path)
    await group.begin([track(user, "Signed In", "2026-03-19 09:00") for user in (" eve ", "ann")])
    async with group.client() as client:
        assert "<bdi> eve </bdi>" in await page(client, "user?id=%20eve%20")
        assert "<bdi>ann</bdi>" in await page(client, "user?id=%20ann")
        await page(client, "user?id=%20nobody", 404)
