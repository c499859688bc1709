"""The table of inputs and the table of billing forms: each record finds the row that is meant."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.events import Event, Reads, Reject
from streams.sources import INPUTS, Decoder, input_of, topic_of
from streams.sources.billing import FORMS
from streams.sources.envelope import envelope
from streams.testing import billing, identify, to_bytes, track
from streams.topics import READ_BY_WORKERS
from tests.sources.stripe_events import event, subscription

DECODER = Decoder(Reads({}))
PRODUCT = [track("ann", "Signed In", "2026-03-01"), identify("ann", "2026-03-01", plan="pro")]
PLAIN = to_bytes(billing("ann", "Invoice Paid", "2026-03-01", amount=9))
STRIPES = event("customer.subscription.updated", subscription())
THIN = b'{"object":"v2.core.event","id":"evt_1","type":"v1.billing.meter.no_meter_found"}'


def test_workers_read_every_input_and_merge_product_events_before_billing_updates() -> None:
    assert [each.topic.name for each in INPUTS] == ["product-events", "billing-updates"] == list(DECODER.of)
    assert {each.topic for each in INPUTS} <= set(READ_BY_WORKERS)


@pytest.mark.parametrize("raw", [PLAIN, STRIPES, THIN])
def test_each_form_of_a_billing_update_is_recognised_by_one_row(raw: bytes) -> None:
    record = envelope(raw)
    assert [form.recognises(record) for form in FORMS].count(True) == 1
    assert input_of(record).topic.name == "billing-updates"


@pytest.mark.parametrize("record", [*PRODUCT, {"type": "page"}, {"type": "dance"}, {"type": 5}, {}])
def test_all_else_is_a_product_event_or_refused_as_one(record: dict[str, Any]) -> None:
    assert input_of(envelope(to_bytes(record))).topic.name == "product-events"


def test_a_file_may_hold_commands_to_merge_users_beside_its_records() -> None:
    merge = {"type": "merge", "userId": "bob", "into": "ann", "messageId": "m", "timestamp": "2026-03-01"}
    assert topic_of(envelope(to_bytes(merge))).name == "profile-commands"
    assert [topic_of(envelope(to_bytes(record))).name for record in PRODUCT] == ["product-events"] * 2


def test_a_line_of_a_file_is_decoded_by_its_input() -> None:
    names = [DECODER.decode_line(line) for line in (to_bytes(PRODUCT[0]), PLAIN)]
    assert [each.name for each in names if isinstance(each, Event)] == ["Signed In", "Invoice Paid"]
    codes = [DECODER.decode_line(line) for line in (THIN, b"[1]", b"{", b'{"type":"dance","userId":"u"}')]
    assert [each.code for each in codes if isinstance(each, Reject)] == [
        "thin_event",
        "wrong_type",
        "not_json",
        "unknown_type",
    ]


ODD = [b"[1]", b"{", b"", b"\xff", b'{"type":["track"]}', b'{"type":{}}', b'{"type":"track","userId":5}', THIN, STRIPES]
MERGE = b'{"type":"merge","userId":"bob","into":"ann","messageId":"m","timestamp":"2026-03-01"}'
AN_IDENTIFY, A_TRACK = to_bytes(PRODUCT[1]), to_bytes(PRODUCT[0])


@given(st.lists(st.sampled_from([A_TRACK] * 5 + [AN_IDENTIFY, PLAIN, MERGE, *ODD]), max_size=600))
def test_lines_together_mean_what_each_means_alone(lines: list[bytes]) -> None:
    alone = {line: DECODER.decode_line(line) for line in set(lines)}
    assert DECODER.decode_lines(lines) == [alone[line] for line in lines]


def test_a_type_that_is_no_text_is_refused_and_ends_nothing() -> None:
    refused = DECODER.decode_line(b'{"type":["track"]}')
    assert refused == Reject("wrong_type", "`type` is a list, and must be a text")


@pytest.mark.parametrize("meant", [r"caf\ud83d", "\ufeff"], ids=["half an emoji", "a byte-order mark"])
def test_a_line_that_has_to_be_mended_is_decoded_by_its_input_all_the_same(meant: str) -> None:
    text = to_bytes(billing("ann", "Invoice Paid", "2026-03-01", plan="pro")).decode()
    line = meant + text if meant == "\ufeff" else text.replace("pro", meant)
    found = DECODER.decode_line(line.encode())
    assert isinstance(found, Event)
    assert found.name == "Invoice Paid"


def test_what_is_of_no_form_is_refused_by_the_plain_one() -> None:
    decode = DECODER.of["billing-updates"].decode
    refused = decode(json.dumps({"type": "invoice", "userId": "ann"}).encode(), None, None)
    assert refused == Reject("unknown_type", "`type` is not billing, and `object` is not event, as of Stripe's events")
