"""All names in one record, whatever rules read of it."""

from collections.abc import Mapping

from streams.core.events import Event, Reads
from streams.observed.names import Sample
from streams.observed.sampling import sample
from streams.testing import billing, identify, to_bytes, track
from tests.decoders import Decoder

NOON = 1_772_366_400_000  # 2026-03-01T12:00Z


def sampled(record: Mapping[str, object]) -> Sample:
    raw = to_bytes(record)
    decoder = Decoder(Reads({}))
    event = (decoder.billing if record["type"] == "billing" else decoder.product)(raw, None, NOON)
    assert isinstance(event, Event)
    return sample(event, raw)


def test_properties_are_known_by_dotted_name_and_null_is_absent() -> None:
    record = track("ann", "Order Completed", "2026-03-01", amount=3, cart={"size": 2, "note": None}, items=[{"a": 1}])
    assert sampled(record) == Sample("Order Completed", {"amount", "cart.size", "items"}, set())


def test_context_is_made_of_traits() -> None:
    record = track("ann", "x", "2026-03-01") | {"context": {"locale": "de", "device": {"type": "ios"}, "ip": None}}
    assert sampled(record) == Sample("x", set(), {"context.locale", "context.device.type"})


def test_traits_are_those_that_are_set() -> None:
    record = identify("ann", "2026-03-01", plan="pro", company={"size": 3}, gone=None)
    assert sampled(record) == Sample("", set(), {"plan", "company.size"})
    group = {"type": "group", "userId": "ann", "groupId": "g", "traits": {"employees": 3}}
    assert sampled(group) == Sample("", set(), {"group.id", "group.employees"})


def test_the_name_of_a_page_is_a_property_of_it() -> None:
    assert sampled({"type": "page", "userId": "ann", "name": "Home"}) == Sample("Page Viewed", {"name"}, set())


def test_a_billing_update_shows_its_properties() -> None:
    record = billing("ann", "Invoice Paid", "2026-03-01", amount=20, subscription_id=None)
    assert sampled(record) == Sample("Invoice Paid", {"amount"}, set())


def test_a_record_with_a_number_that_no_double_holds_shows_what_the_event_has() -> None:
    raw = b'{"type":"track","event":"x","userId":"u","properties":{"a":1' + b"0" * 400 + b"}}"
    event = Decoder(Reads({})).product(raw, None, NOON)
    assert isinstance(event, Event)
    assert sample(event, raw) == Sample("x", set(), set())
