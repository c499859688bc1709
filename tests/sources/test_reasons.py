"""Why a record cannot be used is told by field and type, and never by what is in it."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.events import Decoded, Reads, Reject
from streams.sources import profile_commands
from tests.decoders import Decoder

NOON = 1_772_366_400_000  # 2026-03-01T12:00Z
SECRET = "s3cr3t"
OF_A_LIST = "publish each member as a record of its own, in a file as a line of its own"
KEY, NOT_UTF8 = SECRET.encode(), b"\xff" + SECRET.encode()
READS = Reads({"Ordered": frozenset({"total"})}, frozenset({"name"}), frozenset({"locale"}))
DECODER = Decoder(READS)
NAMES = (
    *("type", "messageId", "userId", "anonymousId", "event", "name", "properties", "traits", "groupId", "context"),
    *("timestamp", "originalTimestamp", "sentAt", "receivedAt", "object", "status", "mrr", "subscription_id"),
)
TYPES = ("track", "page", "identify", "group", "billing", "erase")

secrets = st.sampled_from([SECRET, [SECRET], {SECRET: SECRET}, {"mrr": SECRET}, {"status": [SECRET]}, 1, None])
records = st.dictionaries(st.sampled_from(NAMES), secrets | st.sampled_from(TYPES) | st.just("2026-03-01"))
decoders = [DECODER.product, DECODER.billing, profile_commands.decode]


@pytest.mark.parametrize("decode", decoders)
@given(record=records, type_=st.sampled_from(TYPES), event=st.sampled_from(["Ordered", "Subscription Started", None]))
def test_no_reason_repeats_a_value(
    decode: Callable[[bytes | None, bytes | None, int | None], Decoded | object],
    record: dict[str, object],
    type_: str,
    event: str | None,
) -> None:
    raw = msgspec.json.encode({"type": type_, "event": event, **record})
    for sent in (
        raw,
        raw[: len(raw) // 2],
        raw + SECRET.encode(),
        raw.replace(SECRET.encode(), b"\xff" + SECRET.encode()),
    ):
        for key in (SECRET.encode(), b"\xff" + SECRET.encode(), None):
            found = decode(sent, key, NOON)
            assert not isinstance(found, Reject) or SECRET not in found.code + found.reason


@pytest.mark.parametrize(("raw", "subject"), [(b'{"timestamp": 1e999}', "`timestamp`"), (b"-1e999", "the record")])
def test_a_number_that_nothing_can_hold_is_told_with_what_to_do(raw: bytes, subject: str) -> None:
    too_large = "is a number that no double holds, of more than 1.8e308 or so: leave it out, or send null"
    assert DECODER.product(raw, KEY, NOON) == Reject("wrong_type", f"{subject} {too_large}")


def test_a_customers_user_of_a_wrong_type_is_told_as_all_else_of_a_wrong_type() -> None:
    about = {"id": "cus_1", "metadata": {"user_id": 7}}
    sent = {"object": "event", "id": "evt_1", "type": "customer.created", "created": 1_772_366_400}
    found = DECODER.billing(msgspec.json.encode({**sent, "data": {"object": about}}), KEY, NOON)
    assert found == Reject("wrong_type", "`metadata.user_id` is a whole number, and must be a text")


def test_what_is_missing_is_told_with_its_place() -> None:
    about = {"object": "event", "id": "evt_1", "type": "invoice.paid", "created": 1_772_366_400}
    sent = msgspec.json.encode({**about, "data": {"object": {}}})
    assert DECODER.billing(sent, KEY, NOON) == Reject("wrong_type", "`data.object.id` is missing")


@pytest.mark.parametrize(
    ("record", "subject"),
    [
        ({"userId": "x" * 256}, "a user id"),
        ({"anonymousId": "x" * 256}, "`anonymousId`"),
        ({"type": "alias", "userId": "u-1", "previousId": "x" * 256}, "`previousId`"),
    ],
)
def test_an_id_that_is_too_long_is_told_by_the_field_that_has_it(record: dict[str, object], subject: str) -> None:
    raw = msgspec.json.encode({"type": "page", "timestamp": "2026-03-01", **record})
    assert DECODER.product(raw, None, NOON) == Reject("no_user", f"{subject} has 1 to 255 characters, this one 256")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"userId": 7}, "`userId` is a whole number, and must be a text"),
        ({"type": "alias", "previousId": 7}, "`previousId` is a whole number, and must be a text"),
        ({"type": "alias", "previousId": ["a"]}, "`previousId` is a list, and must be a text"),
        ({"timestamp": True}, "`timestamp` is true or false, and must be a number or a text"),
        ({"properties": "none"}, "`properties` is a text, and must be an object"),
        ({"type": "billing", "properties": {"mrr": "49"}}, "`properties.mrr` is a text, and must be a number"),
        (
            [1, 2],
            f"the record is a list, and must be an object; {OF_A_LIST}",
        ),
        ({"type": "billing", "properties": {"mrr": 1e11}}, "`properties.mrr` is more than 10,000,000,000"),
        (
            {"type": "billing", "properties": {"subscription_id": "s" * 256}},
            "`properties.subscription_id` has more characters than 255",
        ),
    ],
)
def test_a_wrong_type_is_told_in_words(record: dict[str, object] | list[object], reason: str) -> None:
    usual = {"type": "track", "userId": "u-1", "timestamp": "2026-03-01", "event": "Subscription Started"}
    raw = msgspec.json.encode({**usual, **record} if isinstance(record, dict) else record)
    decode = DECODER.billing if b'"billing"' in raw else DECODER.product
    assert decode(raw, None, NOON) == Reject("wrong_type", reason)
