"""The page of records that could not be used: by reason, masked, and sent again by editors alone."""

import re
from pathlib import Path

import msgspec
import pytest
from httpx import AsyncClient

from streams.admin.mending import Sending
from streams.kafka.batches.record import PlainRecord
from streams.state.format import SENT_AGAIN
from tests.web.dashboard.reading import page
from tests.web.group import NOW, Group


async def test_dead_letters_are_by_reason_with_what_to_do_and_masked(group: Group, client: AsyncClient) -> None:
    headers = [("reason_code", b"no_time"), ("reason", b"`timestamp` is no time"), ("topic", b"product-events")]
    headers += [("partition", b"1"), ("offset", b"7")]
    value = b'{"userId": "ann", "traits": {"email": "ann@x.example"}, "event": "<script>"}'
    group.window.dead_letters.take([PlainRecord(1, 1_772_355_600_000, b"ann", value, headers)])
    text = await page(client, "dead-letters")
    for words in ("no_time", "`timestamp` is no time", "look at the producer&#39;s clock", "&lt;script&gt;"):
        assert words in text
    assert "ann@x.example" not in text
    assert "1 record could not be used" in await page(client, "")


async def test_dead_letters_that_went_again_say_so_and_are_sent_by_editors_alone(group: Group, tmp_path: Path) -> None:
    places = ("product-events/1/7", "product-events/1/8")
    for number, (reason, offset) in enumerate([(b"no_rate", b"7"), (b"no_rate", b"9"), (b"too_large", b"1")]):
        headers = [("reason_code", reason), ("reason", b"why"), ("topic", b"product-events"), ("partition", b"1")]
        group.window.dead_letters.take([PlainRecord(number, NOW, b"ann", b"{}", [*headers, ("offset", offset)])])
    sending = Sending(NOW, "<b>ann</b>", places, is_done=False)
    await group.store.group.put(SENT_AGAIN, 1, msgspec.json.encode(sending))
    async with group.client(**{"Sec-Fetch-Site": "same-origin"}) as client:
        text = await page(client, "dead-letters?sent=1&before=2")
        for words in ("1 record was sent again; 2 had been", "2, 1 sent again", "perhaps sent again", "&lt;b&gt;ann"):
            assert words in text
        assert "Send 1 again" in text
        assert "None of them is sent again: it would be too large again" in text
        refused = await client.post("/dashboard/dead-letters", data={"reason_code": "too_large"})
        assert refused.status_code == 400
        for said, why in (({}, "Say which"), ({"reason_code": "no_rate", "do": "chosen"}, "none was chosen")):
            refused = await client.post("/dashboard/dead-letters", data=said)
            assert refused.status_code == 400
            assert why in refused.text
    reading = await Group(tmp_path, web_token="a token of those who read").begin()
    async with reading.client(Authorization="Bearer a token of those who read") as client:
        assert (await client.post("/dashboard/dead-letters", data={"reason_code": "no_rate"})).status_code == 403
        asked = await client.post("/api/v1/dead-letters/again", json={"reason_code": "no_rate"})
        assert asked.status_code == 403
    async with group.client(**{"Sec-Fetch-Site": "cross-site"}) as client:
        assert (await client.post("/dashboard/dead-letters", data={"reason_code": "no_rate"})).status_code == 403


@pytest.mark.parametrize(
    ("query", "found", "to_send"),
    [
        ("", {7, 8, 9, 10}, 3),
        ("reason_code=no_rate", {7, 8}, 2),
        ("topic=billing-updates", {8}, 1),
        ("search=currency+EUR", {7}, 1),
        ("reason_code=no_rate&search=gbp", {8}, 1),
        ("search=rate+nothing", set(), 0),
    ],
)
async def test_dead_letters_are_found_by_reason_topic_and_words_and_all_that_are_found_can_be_sent(
    group: Group, client: AsyncClient, query: str, found: set[int], to_send: int
) -> None:
    letters = [
        (b"no_rate", b"no rate for currency EUR", b"product-events"),
        (b"no_rate", b"no rate for currency GBP", b"billing-updates"),
        (b"too_large", b"it has 2 MiB", b"product-events"),
        (b"no_time", b"`timestamp` is no time", b"product-events"),
    ]
    for offset, (code, reason, topic) in enumerate(letters, 7):
        headers = [("reason_code", code), ("reason", reason), ("topic", topic), ("partition", b"1")]
        letter = PlainRecord(offset, NOW, b"ann", b"{}", [*headers, ("offset", str(offset).encode())])
        group.window.dead_letters.take([letter])
    text = await page(client, f"dead-letters?{query}")
    assert set(map(int, re.findall(r'data-key="[a-z-]+/1/(\d+)"', text))) == found
    assert ("found that can be sent again" in text) is bool(query and to_send)
    told = (await client.get(f"/api/v1/dead-letters?{query}")).json()
    assert (told["count"], told["to_send"]) == (len(found), to_send)
    assert told["topics"] == ["billing-updates", "product-events"]
