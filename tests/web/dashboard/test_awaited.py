"""A version that awaits its past: how far it is stands where somebody would look, it is written on, and given up."""

from asyncio import gather
from collections.abc import Mapping
from pathlib import Path

import pytest
from httpx import AsyncClient

from streams.lifecycle.applying import apply
from streams.lifecycle.awaiting import Made, make_live, progress, settle, tell
from streams.lifecycle.checking import Checked, check_files
from streams.lifecycle.moves import Move
from streams.lifecycle.reach import Reach
from streams.lifecycle.versions import Version, ahead, files_of, history
from streams.testing import instant
from tests.lifecycle.pasts import made_pasts
from tests.web.dashboard.reading import page
from tests.web.group import MESSAGES, RULES, Group

BUYERS = 'segment: buyers\nenter: count("Order Paid") >= 1\n'
NOTE = "who buys"


def files_with(**rules: str) -> dict[str, str]:
    found = {f"{name}.yaml": text for name, text in (RULES | rules).items()}
    return found | {f"messages/{name}.yaml": text for name, text in MESSAGES.items()}


@pytest.fixture
async def group(tmp_path: Path) -> Group:
    """Version 1 is live; version 2 has one rule more, and reads what was not kept."""
    made = await Group(tmp_path).begin()
    after: Version | None = None
    for note, files in (("first", files_with()), (NOTE, files_with(buyers=BUYERS))):
        after = await apply(
            made.store.group, check_files(files), after=after, author="ann", note=note, at_ms=made.now_ms
        )
    assert after is not None
    assert after.awaits
    await tell(made.store.group, 2, 0, Made(800, 800, is_ready=True))
    await tell(made.store.group, 2, 1, Made(80, 200, a_second=1.0, since_ms=made.now_ms))
    return made


async def counted(group: Group, entering: int) -> Version:
    """Version 3 has a limit, and of one shard it is counted that so many would enter `quiet`, in which ann is."""
    there = await ahead(group.store.group)
    version = await apply(
        *(group.store.group, check_files(files_with(buyers=BUYERS))),
        after=there.live,
        author="bob",
        note="<b>with care</b>",
        at_ms=group.now_ms,
        max_change=0.5,
    )
    await tell(group.store.group, 3, 0, Made(800, 800, is_ready=True, moves={"quiet": Move(1, entering, 0)}))
    await tell(group.store.group, 3, 1, Made(80, 200, a_second=1.0))
    return version


@pytest.mark.parametrize("path", ["", "rules", "rule?name=buyers", "version?number=2"])
async def test_how_far_it_is_stands_where_somebody_would_look(client: AsyncClient, path: str) -> None:
    text = await page(client, path)
    assert "88% read, 1 of 2 shards ready, about 2 minutes more" in text
    assert NOTE in text
    assert 'href="rule?name=buyers"' in text
    assert "Topics reach back to" in text


@pytest.mark.parametrize(
    ("reach", "says"),
    [
        (Reach(), "Topics reach back to where they began"),
        (Reach(unknown="Kafka <sleeps>"), "is not known: Kafka &lt;sleeps&gt;"),
        (Reach({"product-events": instant("2026-03-15 08:00")}), "</code> reaches back to <time"),
    ],
)
async def test_whoever_writes_a_rule_is_told_beforehand_that_it_will_wait_and_for_how_much(
    group: Group, client: AsyncClient, reach: Reach, says: str
) -> None:
    group.reach = reach
    said = {"text": "segment: often\nenter: active_days(days=30) >= 9\n", "base": "2", "do": "check"}
    text = (await client.post("/dashboard/rule?name=often", data=said)).text
    assert "It would await its past" in text
    assert says in text
    # The seven days before the newest event were kept for `pace`, and those before them are gone.
    whole = '<code>active_days(days=30)</code> of often will be whole on <time datetime="2026-04-11T00:00:00.000Z"'
    assert (whole in text) is bool(reach.topics)


async def test_a_rule_that_comes_with_it_is_not_just_unknown(client: AsyncClient) -> None:
    text = await page(client, "segment?name=buyers", 404)
    assert "buyers comes with version 2 of the rules, which awaits its past: 88% read" in text
    assert "awaits" not in await page(client, "segment?name=nobody-knows", 404)
    assert "awaits" not in await page(client, "segment?name=quiet")


async def test_the_api_tells_it_of_the_versions_and_of_all_segments(client: AsyncClient) -> None:
    said = {"version": 2, "rules": ["buyers"], "share": 0.88, "shards_ready": 1, "shards": 2, "left_s": 120.0}
    for path in ("versions", "segments"):
        assert said.items() <= (await client.get(f"/api/v1/{path}")).json()["awaited"].items()


async def test_once_it_is_live_nothing_is_awaited(group: Group, client: AsyncClient) -> None:
    newest = (await history(group.store.group))[0]
    await make_live(group.store.group, newest)
    group.window.look_again()
    assert "awaits its past" not in await page(client, "rules")
    assert (await client.get("/api/v1/versions")).json()["awaited"] is None


async def test_whoever_changes_a_rule_meanwhile_has_all_of_it(group: Group, client: AsyncClient) -> None:
    assert 'value="2"' in await page(client, "rule?name=quiet")
    said = {"text": RULES["quiet"].replace("7", "5"), "base": "2", "do": "apply"}
    assert (await client.post("/dashboard/rule?name=quiet", data=said)).status_code == 303
    found = await ahead(group.store.group)
    assert found.awaited is not None
    assert found.awaited.number == 3
    assert (await files_of(group.store.group, found.awaited))["buyers.yaml"] == BUYERS


async def test_it_is_given_up_for_what_is_live(group: Group, client: AsyncClient) -> None:
    assert "Give it up" in await page(client, "rules")
    said = {"base": "2", "note": "version 2 is given up"}
    assert (await client.post("/dashboard/version?number=1", data=said)).status_code == 303
    found = await ahead(group.store.group)
    assert (found.live and found.live.number, found.awaited) == (3, None)
    assert "given up before its past was there" in await page(client, "rules")


async def test_a_message_is_switched_at_once_and_what_awaits_its_past_has_it_too(
    group: Group, client: AsyncClient
) -> None:
    assert (await client.post("/dashboard/message?name=hello", data={"do": "on", "base": "2"})).status_code == 303
    found = await ahead(group.store.group)
    for version in (found.live, found.awaited):
        assert version is not None
        assert "state: live" in (await files_of(group.store.group, version))["messages/hello.yaml"]
    assert found.awaited is not None
    assert "buyers.yaml" in await files_of(group.store.group, found.awaited)


async def test_what_somebody_else_applied_meanwhile_is_shown_line_by_line_and_the_text_is_not_lost(
    group: Group, client: AsyncClient
) -> None:
    mine = RULES["quiet"].replace("7", "5")
    fields = {"text": mine, "base": "1", "do": "apply", "note": "sooner"}
    answer = await client.post("/dashboard/rule?name=quiet", data=fields)
    assert answer.status_code == 409
    assert "ann applied version 2 meanwhile" in answer.text
    assert "+enter: count(&#34;Order Paid&#34;) &gt;= 1" in answer.text
    assert "idle_days &gt;= 5" in answer.text
    assert len(await history(group.store.group)) == 2
    seen = await client.post("/dashboard/rule?name=quiet", data={"text": mine, "base": "1", "seen": "2"})
    assert 'name="base" value="2"' in seen.text
    assert (await client.post("/dashboard/rule?name=quiet", data=fields | {"base": "2"})).status_code == 303


async def test_what_making_it_fails_at_is_said_where_somebody_would_look(group: Group, client: AsyncClient) -> None:
    await tell(group.store.group, 2, 1, Made(80, 200, error="no <such> thing"))
    for path in ("", "rules", "rule?name=buyers", "version?number=2"):
        assert "cannot be made, and is tried again: shard 1, no &lt;such&gt; thing" in await page(client, path)
    found = (await client.get("/api/v1/segments")).json()
    assert found["awaited"]["error"] == "no <such> thing"
    assert ("error", "rules") in {(each["how"], each["about"]) for each in found["troubles"]}


async def test_whom_a_version_with_a_limit_would_move_is_shown_as_it_is_counted(
    group: Group, client: AsyncClient
) -> None:
    await counted(group, entering=1)
    for path in ("", "rules", "rule?name=buyers", "version?number=3"):
        text = await page(client, path)
        assert "It may move 50 % of each segment" in text
        assert "Counted by 1 of 2 shards" in text
        assert '<span class="plus">+1</span>' in text
    found = (await client.get("/api/v1/versions")).json()["awaited"]
    assert (found["max_change"], found["shards_counted"]) == (0.5, 1)
    assert found["moves"] == [{"segment": "quiet", "members": 1, "entering": 1, "leaving": 0}]
    # Whoever writes on it keeps its limit.
    assert 'name="max_change" value="50"' in await page(client, "rule?name=buyers")


async def test_a_version_that_moved_too_much_says_so_and_leads_back_to_its_text(
    group: Group, client: AsyncClient
) -> None:
    version = await counted(group, entering=1)
    await tell(group.store.group, 3, 1, Made(200, 200, is_ready=True, moves={}))
    why = await settle(
        group.store.group, await made_pasts(group.store, 3), version, await progress(group.store.group, 3)
    )
    for path in ("", "rules", "rule?name=buyers", "version?number=3"):
        text = await page(client, path)
        assert "it would move more than 50 % of quiet (1 member, +1 -0)" in text
        assert "with a greater limit (--max-change), or without one" in text
        assert "awaited-title" not in text
        assert "<b>with" not in text
    assert "is refused" not in await page(client, "rule?name=quiet"), "it is no other by that version"
    assert "refused, as it would move too much" in await page(client, "rules")
    found = (await client.get("/api/v1/versions")).json()
    assert (found["live"], found["awaited"], found["versions"][0]["refused"]) == (1, None, why)
    assert found["refused"] == (await client.get("/api/v1/segments")).json()["refused"]
    assert {"version": 3, "rules": ["buyers"], "max_change": 0.5, "why": why}.items() <= found["refused"].items()

    text = await page(client, "rule?name=buyers&version=3")
    assert "Order Paid" in text
    assert 'name="base" value="1"' in text, "it goes on from what is in force"
    again = {"text": BUYERS, "base": "1", "do": "apply", "max_change": "200 %"}
    assert (await client.post("/dashboard/rule?name=buyers", data=again)).status_code == 303
    there = await ahead(group.store.group)
    assert there.awaited is not None
    assert (there.awaited.number, there.awaited.max_change, there.refused) == (4, 2.0, None)
    assert "refused-title" not in await page(client, "rules")


async def test_its_files_are_read_once_however_many_look(
    group: Group, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Mapping[str, str]] = []

    def readable(files: Mapping[str, str]) -> Checked:
        read.append(files)
        return check_files(files)

    monkeypatch.setattr("streams.web.views.window.readable", readable)
    version = await counted(group, entering=1)
    await tell(group.store.group, 3, 1, Made(200, 200, is_ready=True, moves={}))
    await gather(*(page(client, "rules") for _ in range(3)))
    await settle(group.store.group, await made_pasts(group.store, 3), version, await progress(group.store.group, 3))
    await gather(*(page(client, path) for path in ("rules", "rules", "rule?name=buyers", "")))
    assert len(read) == 2, "as it is awaited, and as it is refused"


async def test_what_was_refused_can_be_applied_without_a_limit(group: Group, client: AsyncClient) -> None:
    version = await counted(group, entering=1)
    await tell(group.store.group, 3, 1, Made(200, 200, is_ready=True, moves={}))
    await settle(group.store.group, await made_pasts(group.store, 3), version, await progress(group.store.group, 3))
    assert "Apply it without a limit" in await page(client, "version?number=3")
    assert (await client.post("/dashboard/version?number=3", data={"base": "1"})).status_code == 303
    there = await ahead(group.store.group)
    assert there.awaited is not None
    assert (there.awaited.number, there.awaited.max_change) == (4, None)
