"""The feed over HTTP: what stands in it, what is done with it, whose page may show it."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.delivery.recipient import Decided, Recipient, Successor
from streams.web.feed import readers
from streams.web.feed.readers import MOST_A_SECOND
from tests.pages import ROOT
from tests.web.feed.feeds import ORIGIN, Feeds, bearer, message

LONG_AGO = 1_000
numbers = st.sampled_from(["0", "-1", "1e9", "9" * 5_000])
headers = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
values = st.text(max_size=9) | st.integers() | st.none() | st.sampled_from(["seen", "clicked", "2026-03-01T09:00:00Z"])
said = st.builds(
    lambda events: msgspec.json.encode({"events": events}),
    st.lists(st.dictionaries(st.sampled_from(["id", "type", "at", "more"]), values, max_size=4), max_size=4),
)


@pytest.fixture
async def feeds() -> AsyncIterator[Feeds]:
    made = await Feeds().begin()
    async with made.client:
        yield made


async def titles(feeds: Feeds, query: str = "", user: str = "ann") -> list[str]:
    answer = await feeds.client.get(f"/v1/feed{query}", headers=bearer(user))
    assert answer.status_code == 200
    return [each["title"] for each in answer.json()["messages"]]


async def test_whoever_was_never_sent_anything_has_an_empty_feed(feeds: Feeds) -> None:
    answer = await feeds.client.get("/v1/feed", headers=bearer())
    assert answer.json() == {"messages": [], "counts": {"unseen": 0, "unread": 0}, "cursor": "0"}


async def test_the_newest_is_first_and_what_has_expired_is_gone(feeds: Feeds) -> None:
    await feeds.deliver(
        "ann", message("old", created_at=1), message("new", created_at=2), message("over", expires_at=LONG_AGO)
    )
    assert await titles(feeds) == ["new", "old"]
    assert await titles(feeds, user="bob") == []


async def test_a_message_is_told_whole(feeds: Feeds) -> None:
    await feeds.deliver("ann", message("m", body="<b>text</b>", pages=("/reports*",), priority=5))
    answer = await feeds.client.get("/v1/feed", headers=bearer())
    assert answer.json()["messages"] == [
        {
            "id": "id-m",
            "message": "m",
            "kind": "card",
            "pages": ["/reports*"],
            "priority": 5,
            "title": "m",
            "body": "<b>text</b>",
            "action": None,
            "data": {},
            "created_at": "2026-03-01T09:00:00.000Z",
            "expires_at": None,
            "seen_at": None,
            "read_at": None,
            "clicked_at": None,
            "dismissed_at": None,
        }
    ]
    assert answer.json()["counts"] == {"unseen": 1, "unread": 1}


async def test_a_feed_is_read_by_pages_and_by_what_is_shown_where(feeds: Feeds) -> None:
    await feeds.deliver("ann", *(message(f"m{number}", created_at=number) for number in range(5)))
    await feeds.deliver("ann", message("over it all", kind="modal", created_at=9))
    assert await titles(feeds, "?placement=card&limit=2") == ["m4", "m3"]
    assert await titles(feeds, "?placement=card&limit=2&before=id-m3") == ["m2", "m1"]
    assert await titles(feeds, "?placement=banner,modal") == ["over it all"]


@pytest.mark.parametrize("query", ["?placement=tooltip", "?limit=0", "?limit=101", "?limit=two"])
async def test_what_cannot_be_meant_is_told(feeds: Feeds, query: str) -> None:
    answer = await feeds.client.get(f"/v1/feed{query}", headers=bearer())
    assert (answer.status_code, answer.json().keys()) == (400, {"code", "message"})


async def test_what_a_browser_has_is_not_sent_again(feeds: Feeds) -> None:
    await feeds.deliver("ann", message("m1"))
    tag = (await feeds.client.get("/v1/feed", headers=bearer())).headers["ETag"]
    known = {"If-None-Match": f'"other", W/{tag}'}
    assert (await feeds.client.get("/v1/feed", headers=bearer() | known)).status_code == 304
    await feeds.deliver("ann", message("m2"))
    assert (await feeds.client.get("/v1/feed", headers=bearer() | known)).status_code == 200


async def test_without_a_token_there_is_no_feed(feeds: Feeds) -> None:
    for headers, code in [
        ({}, "no_token"),
        ({"Authorization": "Basic YTpi"}, "no_token"),
        (bearer(for_s=-999), "token_expired"),
    ]:
        answer = await feeds.client.get("/v1/feed", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert answer.headers["WWW-Authenticate"] == "Bearer"


# ------------------------------------------------------------------------------------------- what a user does with it


async def post(feeds: Feeds, *events: tuple[str, str] | dict[str, object], user: str = "ann") -> int:
    said = [each if isinstance(each, dict) else {"id": each[0], "type": each[1]} for each in events]
    answer = await feeds.client.post("/v1/feed/events", json={"events": said}, headers=bearer(user))
    assert answer.status_code == 200, answer.text
    taken: int = answer.json()["taken"]
    return taken


async def test_what_a_user_does_is_noted_and_becomes_a_product_event(feeds: Feeds) -> None:
    await feeds.deliver("ann", message("m", variant="b"))
    assert await post(feeds, ("id-m", "clicked")) == 1
    [event] = feeds.kafka.written
    assert (event["type"], event["userId"], event["event"]) == ("track", "ann", "Message Clicked")
    assert event["properties"] == {"message": "m", "variant": "b", "message_id": "id-m"}
    assert event["context"]["active"] is False
    [shown] = (await feeds.client.get("/v1/feed", headers=bearer())).json()["messages"]
    assert shown["clicked_at"] == shown["read_at"] == shown["seen_at"] == event["timestamp"]


async def test_what_is_said_twice_is_told_once_and_stays_as_it_was(feeds: Feeds) -> None:
    await feeds.deliver("ann", message("m"))
    assert await post(feeds, ("id-m", "seen"), ("id-m", "seen")) == 1
    before = (await feeds.client.get("/v1/feed", headers=bearer())).json()
    assert await post(feeds, ("id-m", "seen")) == 0
    assert (await feeds.client.get("/v1/feed", headers=bearer())).json() == before
    assert len(feeds.kafka.written) == 1


async def test_a_crash_before_it_is_noted_sends_the_same_event_again(
    feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    await feeds.deliver("ann", message("m"))

    async def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(feeds.store.feeds, "mark", crash)
        with pytest.raises(KeyboardInterrupt):
            await post(feeds, ("id-m", "dismissed"))
    assert await post(feeds, ("id-m", "dismissed")) == 1
    assert len({each["messageId"] for each in feeds.kafka.written}) == 1 < len(feeds.kafka.written)


async def test_nobody_marks_what_is_not_in_their_feed(feeds: Feeds) -> None:
    await feeds.deliver("ann", message("m"))
    assert await post(feeds, ("id-m", "seen"), ("never", "seen"), user="bob") == 0
    assert feeds.kafka.written == []


async def test_whoever_was_merged_away_has_the_feed_of_the_survivor(feeds: Feeds) -> None:
    await feeds.deliver("ann", message("m"))
    await feeds.move("bob", "ann")
    await feeds.move("cy", "bob")
    assert await titles(feeds, user="cy") == ["m"]
    assert await post(feeds, ("id-m", "read"), user="cy") == 1
    assert [each["userId"] for each in feeds.kafka.written] == ["ann"]
    assert (await feeds.client.get("/v1/feed", headers=bearer())).json()["counts"]["unread"] == 0


async def test_while_a_feed_moves_to_another_user_browsers_are_told_to_come_again(feeds: Feeds) -> None:
    """From when it is known that it will until what it is about has arrived, so that no mark stays behind."""
    await feeds.deliver("bob", message("m"))
    await feeds.keep("bob", Recipient(successor=Successor("ann", 0, 5, due_at=2_000)))
    assert await told_to_wait(feeds, "id-m", "bob")
    await feeds.move("bob", "ann")
    assert await told_to_wait(feeds, "id-m", "bob")
    await feeds.deliver("ann", message("m"))
    await feeds.keep("ann", Recipient(was={"bob": 5}))
    assert await post(feeds, ("id-m", "dismissed"), ("over", "seen"), user="bob") == 1


async def test_a_mark_that_is_put_while_a_feed_is_told_to_move_is_asked_for_again(
    feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    await feeds.deliver("bob", message("m"))
    put = feeds.store.feeds.mark

    async def told_meanwhile(*args: Any) -> object:
        await feeds.keep("bob", Recipient(successor=Successor("ann", 0, 5, due_at=2_000)))
        return await put(*args)

    monkeypatch.setattr(feeds.store.feeds, "mark", told_meanwhile)
    assert await told_to_wait(feeds, "id-m", "bob")


async def told_to_wait(feeds: Feeds, which: str, user: str) -> bool:
    body = {"events": [{"id": which, "type": "dismissed"}]}
    answer = await feeds.client.post("/v1/feed/events", json=body, headers=bearer(user))
    return (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (429, "moving", "2")


async def test_a_wrong_clock_makes_no_time_of_the_future_nor_of_before_the_message(feeds: Feeds) -> None:
    await feeds.deliver("ann", message("m"))
    await post(feeds, {"id": "id-m", "type": "seen", "at": "2099-01-01T00:00:00Z"})
    await post(feeds, {"id": "id-m", "type": "dismissed", "at": "1999-01-01T00:00:00Z"})
    seen, dismissed = feeds.kafka.written
    assert seen["timestamp"] < "2099"
    assert dismissed["timestamp"] == "2026-03-01T09:00:00.000Z"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"events": [{"id": "m", "type": "eaten"}]}',
        b'{"events": [{"id": "id-m", "type": "seen", "at": "soon"}]}',
        b'{"events": [{"type": "seen"}]}',
        b'{"events": [%s]}' % b",".join([b'{"id":"m","type":"seen"}'] * 201),
        b"\xff",
        b"[" * 100_000,
    ],
)
async def test_a_body_that_cannot_be_used_is_refused_whole(feeds: Feeds, body: bytes) -> None:
    await feeds.deliver("ann", message("m"))
    answer = await feeds.client.post("/v1/feed/events", content=body, headers=bearer())
    assert answer.status_code in (400, 413)
    assert answer.json().keys() == {"code", "message"}
    assert feeds.kafka.written == []


# --------------------------------------------------------------------------------------------------- why


async def test_why_a_message_did_not_come_is_told_to_whom_it_is_about(feeds: Feeds) -> None:
    decided = {"come-back": Decided("capped", "1 in 14d", 1_772_355_600_000), "other": Decided("sent", "", 5)}
    await feeds.keep("ann", Recipient(decided=decided))
    answer = await feeds.client.get("/v1/feed/why?message=come-back", headers=bearer())
    told = {"message": "come-back", "decision": "capped", "reason": "1 in 14d", "at": "2026-03-01T09:00:00.000Z"}
    assert answer.json() == {"messages": [told]}
    everything = (await feeds.client.get("/v1/feed/why", headers=bearer())).json()["messages"]
    assert [each["message"] for each in everything] == ["come-back", "other"]
    assert (await feeds.client.get("/v1/feed/why", headers=bearer("bob"))).json() == {"messages": []}
    assert (await feeds.client.get("/v1/feed/why")).status_code == 401
    await feeds.keep("cy", Recipient(successor=Successor("ann", 0, 5, None)))
    by_another_name = (await feeds.client.get("/v1/feed/why", headers=bearer("cy"))).json()
    assert by_another_name["messages"] == everything


# --------------------------------------------------------------------------------------------------- whose page


async def test_pages_of_listed_origins_may_show_feeds_and_no_others(feeds: Feeds) -> None:
    asks = {"Access-Control-Request-Headers": "authorization", "Access-Control-Request-Method": "GET"}
    listed = await feeds.client.options("/v1/feed", headers={"Origin": ORIGIN} | asks)
    assert listed.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert listed.headers["Access-Control-Allow-Headers"] == "authorization"
    answer = await feeds.client.get("/v1/feed", headers={"Origin": ORIGIN} | bearer())
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)

    alien = {"Origin": "https://evil.example"}
    assert "Access-Control-Allow-Origin" not in (await feeds.client.options("/v1/feed", headers=alien | asks)).headers
    refused = await feeds.client.get("/v1/feed", headers=alien | bearer())
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong_origin")
    assert "Access-Control-Allow-Origin" not in refused.headers


async def test_our_own_pages_may_show_feeds(feeds: Feeds) -> None:
    answer = await feeds.client.get("/v1/feed", headers={"Origin": "http://here"} | bearer())
    assert answer.status_code == 200


async def test_where_no_worker_has_begun_that_is_told_and_tried_again() -> None:
    async with Feeds().client as client:
        answer = await client.get("/v1/feed", headers=bearer())
    assert (answer.status_code, answer.json()["code"], "Retry-After" in answer.headers) == (503, "away", True)


@given(
    st.sampled_from(["GET", "POST", "OPTIONS", "PUT"]),
    st.sampled_from(["/v1/feed", "/v1/feed/events", "/v1/feed/why", "/v1/feed/ticket"]),
    st.dictionaries(st.sampled_from(["limit", "placement", "before", "message"]), st.text(max_size=20) | numbers),
    st.binary(max_size=100) | said,
    st.dictionaries(st.sampled_from(["If-None-Match", "Origin", "Last-Event-ID"]), headers | numbers),
)
def test_whatever_a_browser_says_it_is_answered(
    method: str, path: str, query: dict[str, str], body: bytes, more: dict[str, str]
) -> None:
    async def status() -> int:
        client = (await Feeds().begin()).client
        asked = await client.request(method, path, params=query, content=body, headers={**bearer(), **more})
        return asked.status_code

    assert asyncio.run(status()) < 500


async def test_a_robot_with_a_token_is_told_to_wait_and_others_are_not(
    feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "time", SimpleNamespace(monotonic=lambda: 0.0))
    answers = [await feeds.client.get("/v1/feed", headers=bearer()) for _ in range(10 * MOST_A_SECOND + 1)]
    assert {each.status_code for each in answers[:-1]} == {200}
    assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, "too_many_requests")
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert (await feeds.client.get("/v1/feed", headers=bearer("bob"))).status_code == 200


def test_the_page_says_how_often_a_user_may_ask() -> None:
    assert f"A user may ask {MOST_A_SECOND} times a second" in (ROOT / "docs/feed.md").read_text()
