"""What real senders get wrong in the same way every time."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.events import Event, Reads
from streams.sources.mending import mended
from tests.decoders import Decoder
from tests.sources.stripe_events import event, subscription

READS = Reads({"E": frozenset({"note", "tags"})}, context=frozenset({"locale"}))
DECODER = Decoder(READS)
TRACK: dict[str, Any] = {"type": "track", "userId": "ann", "event": "E", "timestamp": "2026-03-01"}


def decode(raw: str) -> Event:
    found = DECODER.product(raw.encode(), None, None)
    assert [found] == DECODER.all_product([SimpleNamespace(value=raw.encode(), key=None, timestamp=None)])
    assert isinstance(found, Event), found
    return found


@pytest.mark.parametrize("field", ["properties", "context", "traits"])
def test_an_empty_list_where_an_object_belongs_is_an_empty_object(field: str) -> None:
    assert decode(json.dumps(TRACK | {field: []})) == decode(json.dumps(TRACK | {field: {}}))
    assert decode(json.dumps(TRACK | {field: []}, indent=2)) == decode(json.dumps(TRACK))


def test_an_identify_of_php_sets_nothing() -> None:
    sent: list[dict[str, Any]] = [{"traits": []}, {"context": {"traits": []}}, {"context": [], "traits": []}]
    for fields in sent:
        assert decode(json.dumps(TRACK | {"type": "identify"} | fields)).traits == {}


def test_a_list_that_is_a_value_stays_one() -> None:
    assert decode(json.dumps(TRACK | {"properties": {"tags": []}, "context": []})).properties == {"tags": []}


def test_a_billing_update_of_php_has_no_properties() -> None:
    record = {"type": "billing", "event": "Invoice Paid", "userId": "ann", "timestamp": "2026-03-01", "properties": []}
    found = DECODER.billing(json.dumps(record).encode(), None, None)
    assert isinstance(found, Event)
    assert found.properties == {}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (r"Half \ud83d", "Half \ufffd"),
        (r"Half \ude00 of it", "Half \ufffd of it"),
        (r"\ud83d\ude00 whole, \ud83dhalf", "\U0001f600 whole, \ufffdhalf"),
        (r"\ude00\ud83d", "\ufffd\ufffd"),
        (r"no escape: \\ud83d, but \ud83d", "no escape: \\ud83d, but \ufffd"),
    ],
)
def test_half_an_emoji_is_the_sign_for_what_cannot_be_read(sent: str, read: str) -> None:
    raw = json.dumps(TRACK | {"properties": {"note": "X"}}).replace('"X"', f'"{sent}"')
    assert decode(raw).properties == {"note": read}


def test_a_byte_order_mark_is_left_out() -> None:
    assert decode("\ufeff" + json.dumps(TRACK)) == decode(json.dumps(TRACK))


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_what_has_none_of_it_is_left_alone(whole: object) -> None:
    assert mended(json.dumps({"properties": {"a": whole}})) is None


@pytest.mark.parametrize(
    ("place", "about"),
    [
        ("data.object.metadata", {"metadata": []}),
        ("data.object.cancellation_details", {"cancellation_details": [], "metadata": {"user_id": "ann"}}),
        ("data.previous_attributes", {"metadata": {"user_id": "ann"}}),
    ],
)
def test_an_event_of_stripes_that_php_passed_on_has_empty_objects(place: str, about: dict[str, Any]) -> None:
    sent = json.loads(event("customer.subscription.updated", subscription(**about)))
    if place == "data.previous_attributes":
        sent["data"]["previous_attributes"] = []
    found = DECODER.billing(json.dumps(sent).encode(), b"ann", None)
    assert isinstance(found, Event), found
    assert (found.subject, found.properties["mrr"]) == ("ann", 20.0)
