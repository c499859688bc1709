"""Segment's HTTP API: where clients send, how they say who they are, and what they are told."""

import gzip
import json
from typing import Any

import pytest
from httpx import Response

from streams.sources.posted import PostedEvents
from streams.web.collect.segment import BATCHES, PREFIXES, TYPES
from tests.web.collect.collecting import Collector, basic

TRACK = {"event": "X", "userId": "ann"}
KEYS = "web:WEB,server:SERVER"
PAGE = "https://app.example.com"


def refusal(answer: Response) -> tuple[int, str]:
    assert answer.json().keys() == {"code", "message"}
    return answer.status_code, answer.json()["code"]


# where


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_every_path_of_every_sdk_takes_events(prefix: str) -> None:
    collector = Collector()
    for name in TYPES:
        item = {**TRACK, "groupId": "g"}
        assert (await collector.post(f"{prefix}/{name}", json=item)).json() == {"success": True}
    assert [event["type"] for event in collector.kafka.events] == list(TYPES.values())
    for name in BATCHES:
        assert (await collector.post(f"{prefix}/{name}", json={"batch": [{**TRACK, "type": "track"}]})).is_success
    assert len(collector.kafka.records) == len(TYPES) + len(BATCHES)


async def test_what_an_sdk_tells_of_itself_is_forgotten() -> None:
    collector = Collector(write_keys=KEYS)
    assert (await collector.post("/v1/m", content=b'{"series": []}')).status_code == 200
    assert collector.kafka.records == []


@pytest.mark.parametrize("path", ["/v1/track/", "/segments/v1/track", "/v1/track"])
async def test_nothing_is_ever_redirected(path: str) -> None:
    collector = Collector(web_root_path="/segments")
    assert (await collector.post(path, json=TRACK)).status_code == 200


async def test_a_record_goes_to_the_topic_under_its_user_with_the_time_at_which_it_came() -> None:
    collector = Collector(topic_prefix="eu-")
    await collector.post("/v1/track", json={**TRACK, "timestamp": "2026-01-01"})
    [record] = collector.kafka.records
    assert (record.topic, record.user) == ("eu-product-events", "ann")
    assert record.at_ms


# how it is sent


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
@pytest.mark.parametrize("pack", [lambda body: body, gzip.compress], ids=["plain", "gzip"])
async def test_json_is_read_whatever_the_content_type_says(kind: str, pack: Any) -> None:
    collector = Collector()
    headers = {"Content-Type": kind} if kind else {}
    answer = await collector.post("/v1/track", content=pack(json.dumps(TRACK).encode()), headers=headers)
    assert answer.status_code == 200
    assert len(collector.kafka.records) == 1


@pytest.mark.parametrize(
    ("headers", "query", "body"),
    [
        (basic("WEB"), "", {}),
        ({"X-Write-Key": "WEB"}, "", {}),
        ({"Authorization": "Bearer WEB"}, "", {}),
        ({}, "?writeKey=WEB", {}),
        ({}, "?writekey=WEB", {}),
        ({}, "", {"writeKey": "WEB"}),
        ({"Authorization": "Bearer of OAuth"}, "", {"writeKey": "WEB"}),
        ({"Authorization": "Basic %%%"}, "", {"writeKey": "WEB"}),
    ],
)
async def test_the_key_is_found_wherever_a_client_puts_it(
    headers: dict[str, str], query: str, body: dict[str, str]
) -> None:
    collector = Collector(write_keys=KEYS)
    assert (await collector.post(f"/v1/t{query}", json={**TRACK, **body}, headers=headers)).status_code == 200
    batch = {"batch": [{**TRACK, "type": "track"}], **body}
    assert (await collector.post(f"/v1/b{query}", json=batch, headers=headers)).status_code == 200
    assert [event["context"]["source"] for event in collector.kafka.events] == ["web", "web"]


async def test_where_no_key_is_configured_any_is_let_in_and_none_is_named() -> None:
    collector = Collector()
    await collector.post("/v1/track", json=TRACK, headers=basic("any"))
    assert "context" not in collector.kafka.events[0]


# what is told


@pytest.mark.parametrize(("headers", "code"), [({}, "no_key"), (basic("other"), "unknown_key")])
async def test_who_has_no_key_is_told_so(headers: dict[str, str], code: str) -> None:
    collector = Collector(write_keys=KEYS)
    assert refusal(await collector.post("/v1/track", json=TRACK, headers=headers)) == (401, code)


async def test_good_items_of_a_batch_are_taken_and_the_others_told_by_their_place() -> None:
    collector = Collector()
    batch = {"batch": [{**TRACK, "type": "track"}, {**TRACK, "type": "trak"}]}
    answer = await collector.post("/v1/batch", json=batch)
    assert answer.status_code == 200
    [error] = answer.json()["errors"]
    assert (error["index"], error["code"]) == (1, "unknown_type")
    assert len(collector.kafka.records) == 1


async def test_a_single_event_that_cannot_be_used_is_refused_with_its_reason() -> None:
    answer = await Collector().post("/v1/track", json={"userId": "ann"})
    assert refusal(answer) == (400, "no_event_name")
    assert "event" in answer.json()["message"]


async def test_what_is_too_long_is_refused() -> None:
    collector = Collector()
    long = {**TRACK, "type": "track", "properties": {"long": "x" * 33_000}}
    assert refusal(await collector.post("/v1/track", json=long)) == (413, "too_large")
    [error] = (await collector.post("/v1/batch", json={"batch": [long]})).json()["errors"]
    assert error["code"] == "too_large"
    assert refusal(await collector.post("/v1/batch", json={"batch": [long] * 20})) == (413, "too_large")
    assert collector.kafka.records == []


async def test_while_kafka_is_away_nobody_is_told_that_it_has_anything() -> None:
    collector = Collector()
    collector.kafka.away = "Kafka is away"
    assert refusal(await collector.post("/v1/track", json=TRACK)) == (503, "kafka_away")
    assert (await collector.get("/health")).status_code == 503


async def test_under_pressure_clients_are_told_when_to_come_again() -> None:
    collector = Collector()
    collector.kafka.busy = True
    answer = await collector.post("/v1/track", json=TRACK, headers={"Origin": PAGE})
    assert refusal(answer) == (429, "busy")
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After"


async def test_a_robot_is_told_to_wait_and_others_are_not() -> None:
    collector = Collector(collect_per_address="1")
    answers = [await collector.post("/v1/track", json=TRACK) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
    assert int(answers[-1].headers["Retry-After"]) >= 1
    ours = Collector("10.0.0.7", collect_per_address="1")
    assert {(await ours.post("/v1/track", json=TRACK)).status_code for _ in range(12)} == {200}


async def test_a_key_has_a_limit_of_its_own() -> None:
    collector = Collector("10.0.0.7", collect_per_key="1", write_keys=KEYS)
    batch = {"batch": [{**TRACK, "type": "track"}] * 10}
    assert (await collector.post("/v1/batch", json=batch, headers=basic("WEB"))).status_code == 200
    assert (await collector.post("/v1/batch", json=batch, headers=basic("WEB"))).status_code == 429
    assert (await collector.post("/v1/batch", json=batch, headers=basic("SERVER"))).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_events_are_posted_and_nothing_else(method: str) -> None:
    answer = await Collector().request(method, "/v1/track")
    assert refusal(answer) == (405, "wrong_method")
    assert answer.headers["Allow"] == "POST, OPTIONS"


async def test_what_is_refused_is_counted_by_key_and_code() -> None:
    collector = Collector(write_keys="counted:WEB")
    await collector.post("/v1/track", json={"userId": "ann"}, headers=basic("WEB"))
    await collector.post("/v1/track", json=TRACK, headers=basic("WEB"))
    batch = {"batch": [{**TRACK, "type": "trak"}] * 2}
    await collector.post("/v1/batch", json=batch, headers=basic("WEB"))
    metrics = (await collector.get("/metrics")).text
    assert 'segmenter_collect_refused_total{code="no_event_name",key="counted"} 1.0' in metrics
    assert 'segmenter_collect_refused_total{code="unknown_type",key="counted"} 2.0' in metrics
    assert 'segmenter_collect_events_total{key="counted"} 1.0' in metrics
    assert "WEB" not in metrics


# pages


async def test_a_preflight_of_any_page_is_answered_with_what_it_asks_for() -> None:
    asked = {"Origin": PAGE, "Access-Control-Request-Headers": "authorization,x-retry-count"}
    answer = await Collector(write_keys=KEYS).options("/v1/t", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization,x-retry-count"
    assert answer.headers["Vary"].startswith("Origin")
    assert answer.headers["Access-Control-Max-Age"] == "86400"


async def test_every_answer_can_be_read_by_the_page() -> None:
    collector = Collector(write_keys=KEYS)
    for key in ("WEB", "other"):
        answer = await collector.post("/v1/t", json=TRACK, headers={**basic(key), "Origin": PAGE})
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
        assert answer.headers["Vary"] == "Origin"


async def test_a_key_with_a_list_of_origins_is_of_no_use_to_other_pages() -> None:
    collector = Collector(write_keys=KEYS, write_key_origins=f"web:{PAGE}")
    for origin, status in ((PAGE, 200), ("https://evil.example", 403)):
        answer = await collector.post("/v1/t", json=TRACK, headers={**basic("WEB"), "Origin": origin})
        assert answer.status_code == status
    assert (await collector.post("/v1/t", json=TRACK, headers=basic("WEB"))).status_code == 200  # no page


async def test_where_every_key_has_its_origins_no_other_page_passes_the_preflight() -> None:
    collector = Collector(write_keys="web:WEB", write_key_origins=f"web:{PAGE}")
    answer = await collector.options("/v1/t", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


# what SDKs ask for when they begin


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_the_settings_name_one_integration_and_our_host(prefix: str) -> None:
    answer = await Collector(write_keys=KEYS).get(f"{prefix}/projects/WEB/settings", headers={"Origin": PAGE})
    said = answer.json()
    assert said["integrations"] == {
        "Segment.io": {"apiKey": "WEB", "apiHost": "here/v1", "protocol": "http", "addBundledMetadata": False}
    }
    assert said["metrics"] == {"sampleRate": 0}
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Cache-Control"] == "public, max-age=300"


async def test_the_settings_name_the_host_under_which_clients_reach_us() -> None:
    ours = Collector(web_url="https://events.example.com/in", web_root_path="/in")
    named = (await ours.get("/v1/projects/k/settings")).json()["integrations"]["Segment.io"]
    assert (named["apiHost"], named["protocol"]) == ("events.example.com/in/v1", "https")
    asked = (await Collector(web_root_path="/in").get("/v1/projects/k/settings")).json()
    assert asked["integrations"]["Segment.io"]["apiHost"] == "here/in/v1"


async def test_the_settings_of_an_unknown_key_are_not_there() -> None:
    answer = await Collector(write_keys=KEYS).get("/v1/projects/other/settings")
    assert refusal(answer) == (404, "unknown_key")


async def test_a_fault_of_ours_tells_its_place_and_nothing_of_what_was_sent(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("what was sent")

    monkeypatch.setattr(PostedEvents, "records", fails)
    answer = await Collector().post("/v1/track", json={"event": "what was sent"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "RuntimeError" in caplog.text
    assert "what was sent" not in caplog.text + answer.text
