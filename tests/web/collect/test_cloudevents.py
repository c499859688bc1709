"""CloudEvents, as their own library makes them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.http import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from httpx import Response
from hypothesis import given
from hypothesis import strategies as st

from streams.sources.cloudevents import read
from tests.web.collect.collecting import Collector, basic
from tests.web.collect.stripe_posts import PAID

TRACK = {"type": "track", "event": "Report Created", "userId": "overruled", "properties": {"format": "pdf"}}
UPDATE = {"event": "Subscription Started", "properties": {"plan": "pro", "mrr": 49}}
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
STATED = "2026-03-01T12:00:00.000Z"
MODES = {"binary": to_binary, "structured": to_structured}


def event(kind: str, data: Any, **attributes: Any) -> CloudEvent:
    said = {"type": kind, "source": "/billing", "id": "e-1", "subject": "änn", "time": AT, **attributes}
    said = {name: value for name, value in said.items() if value is not None}
    return CloudEvent({"specversion": "1.0", "datacontenttype": "application/json", **said}, data)


async def send(to: Collector, one: CloudEvent, mode: str) -> Response:
    message = MODES[mode](one, JSONFormat())
    return await to.post("/v1/events", content=message.body, headers={**message.headers, **basic("KEY")})


async def send_batch(to: Collector, *events: CloudEvent) -> Response:
    body = b"[" + b",".join(to_structured(each, JSONFormat()).body for each in events) + b"]"
    headers = {"Content-Type": "application/cloudevents-batch+json; charset=UTF-8", **basic("KEY")}
    return await to.post("/v1/events", content=body, headers=headers)


def collector() -> Collector:
    return Collector(write_keys="server:KEY")


@pytest.mark.parametrize("mode", MODES)
async def test_a_product_event_has_the_events_id_subject_and_time(mode: str) -> None:
    to = collector()
    assert (await send(to, event("segmenter.product", TRACK), mode)).json() == {"success": True}
    [record], [found] = to.kafka.records, to.kafka.events
    assert (record.topic, record.user) == ("product-events", "änn")
    assert (found["messageId"], found["userId"], found["timestamp"]) == ("e-1", "änn", STATED)
    assert found["context"]["source"] == "server"
    assert found["properties"] == {"format": "pdf"}


@pytest.mark.parametrize("mode", MODES)
async def test_a_billing_update_goes_to_the_billing_updates(mode: str) -> None:
    to = collector()
    assert (await send(to, event("segmenter.billing", UPDATE), mode)).status_code == 200
    [record], [found] = to.kafka.records, to.kafka.events
    assert (record.topic, record.user) == ("billing-updates", "änn")
    assert (found["type"], found["messageId"], found["properties"]) == ("billing", "e-1", UPDATE["properties"])


@pytest.mark.parametrize("mode", MODES)
async def test_an_event_of_stripes_is_its_data(mode: str) -> None:
    to = collector()
    assert (await send(to, event("com.stripe.invoice.paid", PAID, subject=None), mode)).status_code == 200
    [record] = to.kafka.records
    assert (record.topic, record.user, json.loads(record.value)) == ("billing-updates", "ann", PAID)


async def test_of_a_batch_the_good_ones_are_taken_and_the_others_told_by_their_place() -> None:
    to = collector()
    answer = await send_batch(
        to,
        event("segmenter.product", TRACK),
        event("segmenter.product", {"type": "track"}),
        event("segmenter.billing", UPDATE),
        event("com.stripe.invoice.paid", {**PAID, "livemode": False}),
        event("com.example.other", {}),
    )
    assert [record.topic for record in to.kafka.records] == ["product-events", "billing-updates"]
    said = answer.json()
    assert [(error["index"], error["code"]) for error in said["errors"]] == [(1, "no_event_name"), (4, "unknown_type")]
    assert [(passed["index"], passed["passed_over"]) for passed in said["passed_over"]] == [(3, "test mode")]


@pytest.mark.parametrize("mode", MODES)
async def test_one_event_that_cannot_be_used_is_refused(mode: str) -> None:
    for kind, data, code in (
        ("segmenter.product", {"type": "track"}, "no_event_name"),
        ("segmenter.product", ["no object"], "not_json"),
        ("segmenter.billing", {"event": "Subscription Started", "properties": {"status": "aktiv"}}, "wrong_type"),
        ("com.example.other", {}, "unknown_type"),
    ):
        answer = await send(collector(), event(kind, data), mode)
        assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_what_is_no_cloudevent_is_told_what_it_lacks() -> None:
    answer = await collector().post("/v1/events", json=TRACK, headers=basic("KEY"))
    assert answer.status_code == 400
    assert "`id`" in answer.json()["message"]
    old = await send(collector(), CloudEvent({**event("x", {}).get_attributes()}, {}), "binary")
    assert old.status_code == 400


async def test_without_a_key_nothing_is_taken() -> None:
    to = collector()
    message = to_binary(event("segmenter.product", TRACK), JSONFormat())
    assert (await to.post("/v1/events", content=message.body, headers=message.headers)).status_code == 401


NAMES = st.sampled_from([b"ce-id", b"ce-type", b"ce-source", b"ce-specversion", b"ce-time", b"content-type", b"ce-"])
TYPES = st.sampled_from([b"application/cloudevents+json", b"application/cloudevents-batch+json", b"1.0", b"%ff", b""])


@given(st.dictionaries(NAMES, TYPES | st.binary(max_size=9)), st.binary(max_size=80) | st.just(b'[{"id":"1"}]'))
def test_whatever_comes_nothing_is_raised(headers: dict[bytes, bytes], body: bytes) -> None:
    read(headers, body)
