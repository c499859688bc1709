"""Schemas of what goes in take what is decoded, and refuse what is refused, as far as a schema can tell."""

import json
from typing import Any, Final

import pytest
from hypothesis import example, given
from jsonschema import Draft7Validator

from streams.core.events import Event, Reads, Reject
from streams.demo.simulator import Company
from streams.schemas.files import SCHEMAS
from streams.schemas.product_event import TYPES
from streams.sources import profile_commands
from streams.sources.mending import mended
from tests.decoders import Decoder
from tests.strategies.records import noise

NOON: Final = 1_772_366_400_000  # 2026-03-01T12:00Z
DECODER: Final = Decoder(Reads({}))
PRODUCT, BILLING, COMMAND = (
    Draft7Validator(SCHEMAS[name]) for name in ("product-event", "billing-update", "profile-command")
)
Record = dict[str, Any]

TRACK: Final[Record] = {"type": "track", "userId": "u", "event": "E", "timestamp": NOON}
STARTED: Final[Record] = {"type": "billing", "userId": "u", "event": "Subscription Started", "timestamp": NOON}
PAID: Final[Record] = STARTED | {"event": "Invoice Paid"}


def whole(digits: str) -> float:
    """Python itself makes none of so many digits."""
    return int(digits) if len(digits) < 1_000 else float(digits)


@given(noise)
@example(b'{"type":"billing","event":"E","userId":"u","name":' + b"1" * 5_000 + b"}")
@example(json.dumps(TRACK | {"originalTimestamp": "yesterday", "context": {"traits": 5}}).encode())
@example(json.dumps(PAID | {"properties": {"status": "open", "mrr": "a lot"}}).encode())
def test_what_can_be_used_as_it_is_holds_to_its_schema(raw: bytes) -> None:
    for decode, schema in ((DECODER.product, PRODUCT), (DECODER.billing, BILLING)):
        if not isinstance(decode(raw, b"k", NOON), Reject) and mended(raw.decode()) is None:
            record = json.loads(raw, parse_int=whole)
            if record.get("object") != "event":
                schema.validate(record)


def test_what_the_simulated_company_sends_holds_to_its_schema() -> None:
    schemas = {"product-events": PRODUCT, "billing-updates": BILLING}
    seen = set()
    for sent, _ in zip(Company(200, NOON).records(), range(5_000), strict=False):
        schemas[sent.topic].validate(sent.record)
        seen.add(sent.topic)
    assert seen == schemas.keys()


NO_TIMES: Final[list[Any]] = ["soon", "12:00", True, {}]
BAD_PRODUCT: Final[list[Record]] = [
    *({"type": kind, "userId": "u", "timestamp": NOON} for kind in ("track", "group", "dance", None, 5)),
    *(TRACK | {"event": event} for event in ("", None, 5)),
    *(TRACK | {"timestamp": time} for time in NO_TIMES),
    *(TRACK | {"userId": user} for user in (5, "u" * 256, ["u"])),
    *(TRACK | {name: "text"} for name in ("properties", "context", "traits")),
    *(TRACK | {name: 5} for name in ("messageId", "anonymousId", "name", "groupId")),
    {"type": "identify", "userId": "u", "timestamp": NOON, "context": {"traits": "text"}},
    {"type": "group", "userId": "u", "timestamp": NOON, "groupId": ""},
    {"userId": "u", "event": "E", "timestamp": NOON},
]


@pytest.mark.parametrize("record", BAD_PRODUCT)
def test_a_product_event_that_cannot_be_used_does_not_hold_to_it(record: Record) -> None:
    assert isinstance(DECODER.product(json.dumps(record).encode(), b"k", NOON), Reject)
    assert not PRODUCT.is_valid(record)


BAD_BILLING: Final[list[Record]] = [
    STARTED | {"type": "payment"},
    *(STARTED | {"event": event} for event in ("", None, 5)),
    *(STARTED | {"timestamp": time} for time in ("soon", False)),
    *(STARTED | {"properties": each} for each in ("text", {"status": "open"}, {"mrr": "49"}, {"mrr": 1e11})),
    *(STARTED | {"properties": {name: True}} for name in ("mrr", "status", "subscription_id")),
    *(STARTED | {"properties": {name: "soon"}} for name in ("started_at", "trial_end", "trial_ends_at")),
    *(STARTED | {"properties": {name: [1]}} for name in ("renews_at", "current_period_end", "cancel_at")),
    STARTED | {"properties": {"cancel_at_period_end": "yes"}},
    STARTED | {"properties": {"subscription_id": "s" * 256}},
]


@pytest.mark.parametrize("record", BAD_BILLING)
def test_a_billing_update_that_cannot_be_used_does_not_hold_to_it(record: Record) -> None:
    assert isinstance(DECODER.billing(json.dumps(record).encode(), b"k", NOON), Reject)
    assert not BILLING.is_valid(record)


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_of_product_event_is_taken(kind: str) -> None:
    record = TRACK | {"type": kind, "groupId": "g"}
    assert isinstance(DECODER.product(json.dumps(record).encode(), None, NOON), Event)
    PRODUCT.validate(record)


@pytest.mark.parametrize("record", [{"type": "forget", "userId": "u"}, {"userId": "u"}, {"type": "erase", "userId": 5}])
def test_a_command_that_cannot_be_used_does_not_hold_to_it(record: Record) -> None:
    assert isinstance(profile_commands.decode(json.dumps(record).encode(), b"u", NOON), Reject)
    assert not COMMAND.is_valid(record)


def test_what_is_shown_as_an_example_can_be_used() -> None:
    decoders = {"product-event": DECODER.product, "billing-update": DECODER.billing}
    for name, decode in decoders.items():
        for record in SCHEMAS[name]["examples"]:
            assert not isinstance(decode(json.dumps(record).encode(), None, None), Reject), record
    for command in SCHEMAS["profile-command"]["examples"]:
        assert not isinstance(profile_commands.decode(json.dumps(command).encode(), None, None), Reject), command
