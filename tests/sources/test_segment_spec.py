"""Product events: whose, when, what counts, what is read, what is refused."""

import json
from typing import Any

import pytest

from streams.core.events import Event, Reads, Reject
from streams.core.instants import format_time
from streams.core.links import How, Link, Linking, Unlinked
from streams.sources import InputOptions
from tests.decoders import Decoder
from tests.runtime.records import Read
from tests.sources.fetched import Fetched

NOON = 1_772_366_400_000  # 2026-03-01T12:00:00.000Z
MINUTE_MS = 60_000
NO_READS = Reads({})


def record(**fields: Any) -> bytes:
    """A track event of u-1 at noon; None leaves a field out."""
    body = {"type": "track", "messageId": "m-1", "userId": "u-1", "event": "Signed In", "timestamp": format_time(NOON)}
    return json.dumps({name: value for name, value in (body | fields).items() if value is not None}).encode()


def decode(key: bytes | None = None, record_ms: int | None = None, reads: Reads = NO_READS, **fields: Any) -> Event:
    event = Decoder(reads).product(record(**fields), key, record_ms)
    assert isinstance(event, Event), event
    return event


def reject(key: bytes | None = None, record_ms: int | None = None, **fields: Any) -> Reject:
    rejected = Decoder(NO_READS).product(record(**fields), key, record_ms)
    assert isinstance(rejected, Reject), rejected
    return rejected


def test_a_track_event_is_an_event() -> None:
    assert decode(unknown={"is": "ignored"}) == Event("u-1", NOON, "Signed In", True, "m-1", {}, {})


@pytest.mark.parametrize(("kind", "name"), [("page", "Page Viewed"), ("screen", "Screen Viewed")])
def test_pages_and_screens_count_as_views(kind: str, name: str) -> None:
    event = decode(type=kind, event=None)
    assert (event.name, event.active) == (name, True)


@pytest.mark.parametrize("kind", ["identify", "alias"])
def test_identify_and_alias_count_as_no_event(kind: str) -> None:
    event = decode(type=kind)
    assert (event.name, event.active, event.traits) == ("", False, {})


# whose


def test_the_user_is_the_user_id_and_not_the_key() -> None:
    assert decode(key=b"other", anonymousId="a-1").subject == "u-1"


def test_the_key_is_the_user_only_where_the_body_names_nobody() -> None:
    assert decode(key="ü-1".encode(), userId=None).subject == "ü-1"
    assert Decoder(NO_READS).product(b'{"type":"alias","userId":null,"anonymousId":null}', b"k", NOON) == Event(
        "k", NOON, "", False, None, {}, {}
    )


def test_an_event_with_an_anonymous_id_alone_is_that_aliass_until_somebody_is_linked() -> None:
    found = decode(userId=None, anonymousId="a-1", key=b"key")
    assert (found.subject, found.identity) == ("a-1", Unlinked())


def test_an_event_with_both_ids_is_the_users_and_links_them() -> None:
    found = decode(anonymousId="a-1")
    assert (found.subject, found.identity) == ("u-1", Linking((Link("a-1", How.ANONYMOUS),)))


@pytest.mark.parametrize("anonymous_id", ["u-1", "null", "", None, "x" * 256])
def test_an_anonymous_id_that_is_the_user_or_nobody_links_nothing_and_is_no_fault(anonymous_id: str | None) -> None:
    assert decode(anonymousId=anonymous_id).identity is None


def test_an_alias_record_links_its_previous_id_and_an_anonymous_id_beside_it() -> None:
    found = decode(type="alias", previousId="old", anonymousId="a-1")
    assert found.identity == Linking((Link("old", How.ALIAS), Link("a-1", How.ANONYMOUS)))
    assert decode(type="alias", previousId="a-1", anonymousId="a-1").identity == Linking((Link("a-1", How.ALIAS),))


def test_an_alias_record_that_says_that_a_user_is_herself_is_a_dead_letter() -> None:
    assert reject(type="alias", previousId="u-1").code == "alias_of_itself"


def test_traits_that_are_ids_elsewhere_link_them() -> None:
    found = decode(type="identify", traits={"stripe_customer_id": "cus_9", "email": "a@b.c"})
    assert found.identity == Linking((Link("cus_9", How.TRAIT),))
    assert decode(type="identify", traits={"stripe_customer_id": 9}).identity is None
    unlinked = decode(type="identify", userId=None, anonymousId="a-1", traits={"stripeCustomerId": "cus_9"})
    assert (unlinked.subject, unlinked.identity) == ("a-1", Unlinked((Link("cus_9", How.TRAIT),)))


@pytest.mark.parametrize("user", ["x", "é" * 255, "💜", "\u0000"])
def test_a_user_id_is_1_to_255_characters_of_any_script(user: str) -> None:
    assert decode(userId=user).subject == user


@pytest.mark.parametrize("user", ["", "x" * 256])
def test_a_user_id_of_another_length_is_no_user(user: str) -> None:
    assert reject(userId=user).code == "no_user"
    assert reject(userId=None, key=user.encode()).code == "no_user"


@pytest.mark.parametrize("key", [None, b"", b"\xff\xfe"])
def test_without_a_usable_key_nobody_is_the_user(key: bytes | None) -> None:
    assert reject(userId=None, key=key).code == "no_user"


# when


def test_the_timestamp_goes_first() -> None:
    times: dict[str, Any] = {"originalTimestamp": "2020-01-01", "sentAt": "2020-01-01", "receivedAt": "2020-01-02"}
    assert decode(record_ms=NOON, **times).ts == NOON
    assert decode(record_ms=NOON + 7, timestamp=NOON / 1000).ts == NOON
    assert decode(record_ms=NOON + 7, timestamp=NOON).ts == NOON


def test_without_a_timestamp_it_is_the_original_one_corrected_for_the_clients_clock() -> None:
    original: dict[str, Any] = {"timestamp": None, "originalTimestamp": format_time(NOON - 600_000)}
    assert decode(**original).ts == NOON - 600_000
    assert decode(**original, sentAt=format_time(NOON)).ts == NOON - 600_000
    assert decode(**original, receivedAt=format_time(NOON)).ts == NOON - 600_000
    assert decode(**original, sentAt=format_time(NOON), receivedAt=format_time(NOON + 9_000)).ts == NOON - 591_000


def test_without_any_timestamp_it_is_the_records_own_time() -> None:
    assert decode(record_ms=NOON + 3, timestamp=None).ts == NOON + 3
    assert reject(timestamp=None).code == "no_time"


@pytest.mark.parametrize(
    ("ahead_ms", "ts"), [(0, NOON), (5 * MINUTE_MS, NOON), (5 * MINUTE_MS + 1, NOON - 5 * MINUTE_MS - 1)]
)
def test_an_event_more_than_5_minutes_ahead_of_its_record_is_taken_at_the_records_time(ahead_ms: int, ts: int) -> None:
    assert decode(record_ms=NOON - ahead_ms).ts == ts
    assert decode(record_ms=NOON - ahead_ms, timestamp=None, originalTimestamp=format_time(NOON)).ts == ts


@pytest.mark.parametrize("record_ms", [-1, None, NOON * 1_000, (1 << 63) - 1])
def test_a_record_of_an_old_producer_or_of_one_that_counts_microseconds_has_no_time_to_go_by(
    record_ms: int | None,
) -> None:
    assert decode(record_ms=record_ms).ts == NOON
    fetched = [Read(0, record_ms, None, record()), Read(1, record_ms, None, record(timestamp=None))]
    event, why = Decoder(NO_READS).all_product(fetched)
    assert isinstance(event, Event)
    assert event.ts == NOON
    assert isinstance(why, Reject)
    assert why.code == "no_time"


def test_in_a_file_nothing_is_taken_back() -> None:
    assert decode(timestamp="9999-12-31T23:59:59.999Z").ts == 253_402_300_799_999


@pytest.mark.parametrize(
    "fields",
    [
        {"timestamp": "yesterday"},
        {"timestamp": ""},
        {"timestamp": 1e300},
        {"timestamp": None, "originalTimestamp": "yesterday"},
        {"timestamp": None, "originalTimestamp": "2020-01-01", "sentAt": "now", "receivedAt": "2020-01-01"},
        {"timestamp": None, "originalTimestamp": "9999-12-31", "sentAt": "2020-01-01", "receivedAt": "2020-01-02"},
    ],
)
def test_a_time_that_is_none_is_not_passed_over(fields: dict[str, Any]) -> None:
    assert reject(record_ms=NOON, **fields).code == "no_time"


# activity


@pytest.mark.parametrize(
    ("active", "expected"), [(False, False), (True, True), (0, True), ("false", True), (None, True)]
)
def test_an_event_is_activity_unless_its_context_says_false(active: object, expected: bool) -> None:
    assert decode(context={"active": active}).active is expected
    assert decode(type="page", context={"active": active}).active is expected


def test_passive_events_are_not_the_users_own_doing() -> None:
    assert not decode(event="Email Delivered").active
    assert decode(event="Email Opened").active
    other = Decoder(NO_READS, InputOptions(passive_events=frozenset({"Page Viewed"})))
    assert other.product(record(type="page"), None, None) == Event("u-1", NOON, "Page Viewed", False, "m-1", {}, {})
    assert other.product(record(event="Email Delivered"), None, None) == Event(
        "u-1", NOON, "Email Delivered", True, "m-1", {}, {}
    )


# properties


def test_only_properties_that_rules_read_are_decoded() -> None:
    reads = Reads({"Signed In": frozenset({"from.city", "times", "gone", "tags"})})
    properties = {"from": {"city": "Oslo", "lat": 1.5}, "times": 3, "gone": None, "tags": ["a"], "other": 1}
    assert decode(reads=reads, properties=properties).properties == {"from.city": "Oslo", "times": 3, "tags": ["a"]}
    assert decode(reads=reads, event="Other", properties=properties).properties == {}
    assert decode(reads=reads).properties == {}


def test_the_name_of_a_page_is_its_property_name_where_that_is_absent() -> None:
    reads = Reads({"Page Viewed": frozenset({"name"}), "Signed In": frozenset({"name"})})
    assert decode(reads=reads, type="page", name="Pricing").properties == {"name": "Pricing"}
    assert decode(reads=reads, type="page", name="Pricing", properties={"name": "Docs"}).properties == {"name": "Docs"}
    assert decode(reads=reads, name="Pricing").properties == {}


# traits


def test_identify_sets_traits_by_dotted_name_and_null_removes() -> None:
    traits = {"plan": "pro", "company": {"name": "Acme", "size": None}, "tags": ["a", None], "phone": None}
    assert decode(type="identify", traits=traits).traits == {
        "plan": "pro",
        "company": None,
        "company.name": "Acme",
        "company.size": None,
        "tags": ["a", None],
        "phone": None,
    }


def test_identify_may_have_its_traits_in_the_context() -> None:
    context = {"traits": {"plan": "free", "seats": 5}}
    assert decode(type="identify", context=context).traits == {"plan": "free", "seats": 5}
    assert decode(type="identify", context=context, traits={"plan": "pro"}).traits == {"plan": "pro", "seats": 5}
    assert decode(context=context, traits={"plan": "pro"}).traits == {}, "of a track event they are nobody's"


def test_group_sets_its_id_and_its_traits_under_group() -> None:
    event = decode(type="group", groupId="g-1", traits={"employees": 20, "plan": None, "id": "other"})
    assert event.traits == {"group.id": "g-1", "group.employees": 20, "group.plan": None}
    assert (event.name, event.active) == ("", False)


@pytest.mark.parametrize("group_id", [None, "", 7])
def test_group_needs_a_group_id(group_id: object) -> None:
    rejected = reject(type="group", groupId=group_id)
    assert rejected.code == "wrong_type"
    assert "groupId" in rejected.reason


def test_context_is_a_trait_where_a_rule_reads_it() -> None:
    reads = Reads({}, context=frozenset({"locale", "device.type", "gone"}))
    context = {"locale": "nb-NO", "device": {"type": "phone", "id": 1}, "gone": None, "traits": {"plan": "pro"}}
    read = {"context.locale": "nb-NO", "context.device.type": "phone"}
    assert decode(reads=reads, context=context).traits == read
    assert decode(reads=reads, type="identify", context=context).traits == read | {"plan": "pro"}
    assert decode(reads=reads).traits == {}
    assert decode(context=context).traits == {}


# bad input


@pytest.mark.parametrize("kind", [None, "", "Track", "billing", "batch"])
def test_an_unknown_type_is_refused(kind: str | None) -> None:
    assert reject(type=kind).code == "unknown_type"


@pytest.mark.parametrize("event", [None, ""])
def test_a_track_event_needs_a_name(event: str | None) -> None:
    assert reject(event=event).code == "no_event_name"


TEXTS = ("type", "messageId", "userId", "anonymousId", "event", "name", "groupId")
TIMES = ("timestamp", "originalTimestamp", "sentAt", "receivedAt")
OBJECTS = ("properties", "traits", "context")


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for field in TEXTS for value in (4242, 1.5, True, ["secret"], {"secret": 1})]
    + [(field, value) for field in TIMES for value in (True, ["secret"], {"secret": 1})]
    + [(field, value) for field in OBJECTS for value in ("secret", 4242, True, ["secret"])],
)
def test_a_wrong_type_is_refused_with_field_and_type_and_without_the_value(field: str, value: Any) -> None:
    rejected = reject(**{field: value})
    assert rejected.code == "wrong_type"
    kinds = {str: "text", int: "whole number", float: "number", bool: "true or false", list: "list", dict: "object"}
    assert f"`{field}` is " in rejected.reason
    assert kinds[type(value)] in rejected.reason.partition(", and must be ")[0]
    assert "secret" not in rejected.reason
    assert "4242" not in rejected.reason


def test_wrong_types_in_the_context_of_identify_are_refused() -> None:
    assert reject(type="identify", context={"traits": ["secret"]}).code == "wrong_type"
    assert decode(context={"traits": ["secret"]}).traits == {}


@pytest.mark.parametrize("value", ["not a type", "yesterday, at Ann's"])
def test_reasons_never_tell_the_value(value: str) -> None:
    assert value not in reject(type=value).reason
    assert value not in reject(timestamp=value).reason


def test_the_context_of_a_fetch_is_read_as_that_of_each_record() -> None:
    wanted = frozenset({"locale", "active", "device.type", "os.name"})
    decoder = Decoder(Reads({}, context=wanted))
    contexts = [
        {"locale": "de", "active": True, "device": {"type": "phone", "id": 7}},
        {"device.type": "tablet", "os": {"name": None}},
        {"locale": None},
        {"os": "linux"},
        None,
    ]
    raws = [record(context=context) for context in contexts]
    fetched = [Fetched(raw, b"k", NOON) for raw in raws]
    assert decoder.all_product(fetched) == [decoder.product(raw, b"k", NOON) for raw in raws]
    first, second, *others = [dict(one.traits) for one in decoder.all_product(fetched) if isinstance(one, Event)]
    assert first == {"context.locale": "de", "context.active": True, "context.device.type": "phone"}
    assert second == {"context.device.type": "tablet"}
    assert others == [{}, {}, {}]
