"""Events as SDKs post them: what becomes of their fields, and that what is taken is no dead letter later."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.events import Reads, Reject
from streams.sources import InputOptions
from streams.sources.posted import Limits, Posted, PostedEvents, Refused, Taken, read_batch, read_one
from streams.sources.segment_spec import SegmentSpec
from streams.sources.warnings import Warnings

NOW = "2026-03-01T12:00:00.000Z"
NOW_MS = 1_772_366_400_000
EVENTS = PostedEvents(InputOptions(), Limits(event_bytes=1_000, batch_events=3), lambda: "made up")


def posted(*items: Any, **beside: Any) -> tuple[list[Taken], list[Refused]]:
    read = read_batch(json.dumps({"batch": items, **beside}).encode())
    assert isinstance(read, Posted)
    return EVENTS.records(read, "web", NOW_MS)


def record(item: dict[str, Any], **beside: Any) -> dict[str, Any]:
    """What becomes of an item that can be used."""
    [taken], refused = posted({"type": "track", "event": "X", "userId": "ann", **item}, **beside)
    assert refused == []
    found: dict[str, Any] = json.loads(taken.value)
    return found


def refused(*items: Any) -> list[tuple[int, str]]:
    return [(each.at, each.code) for each in posted(*items)[1]]


# when


def test_a_clients_clock_is_corrected_by_when_it_sent() -> None:
    found = record({"timestamp": "2026-03-01T10:00:00Z"}, sentAt="2026-03-01T10:00:05Z")
    assert found["originalTimestamp"] == "2026-03-01T10:00:00Z"
    assert found["timestamp"] == "2026-03-01T11:59:55.000Z"
    assert (found["sentAt"], found["receivedAt"]) == ("2026-03-01T10:00:05Z", NOW)


def test_an_items_own_sent_at_goes_before_the_batchs() -> None:
    found = record(
        {"timestamp": "2026-03-01T10:00:00Z", "sentAt": "2026-03-01T10:00:01Z"}, sentAt="2026-03-01T10:00:05Z"
    )
    assert found["timestamp"] == "2026-03-01T11:59:59.000Z"


def test_no_clock_is_corrected_by_more_than_a_day() -> None:
    found = record({"timestamp": "2026-02-01T10:00:00Z"}, sentAt="2026-02-01T10:00:05Z")
    assert found["timestamp"] == "2026-02-01T10:00:00.000Z"


def test_an_old_event_that_is_sent_now_stays_old() -> None:
    assert record({"timestamp": "2020-05-05"}, sentAt=NOW)["timestamp"] == "2020-05-05T00:00:00.000Z"


def test_what_has_no_time_happened_when_it_came() -> None:
    found = record({"timestamp": None})
    assert found["timestamp"] == NOW
    assert "originalTimestamp" not in found


def test_an_original_timestamp_of_the_clients_own_stands() -> None:
    original = "2026-03-01T10:00:00Z"
    found = record({"timestamp": "2026-03-01T11:00:00Z", "originalTimestamp": original}, sentAt="2026-03-01T10:00:05Z")
    assert (found["originalTimestamp"], found["timestamp"]) == (original, "2026-03-01T11:59:55.000Z")


def test_a_time_that_is_none_is_told_as_the_worker_would() -> None:
    assert refused({"type": "track", "event": "X", "userId": "ann", "timestamp": "soon"}) == [(0, "no_time")]


# what


def test_the_keys_name_is_the_source_whatever_the_client_says() -> None:
    assert record({"context": {"source": "forged", "ip": "::1"}})["context"] == {"source": "web", "ip": "::1"}
    assert record({"context": None})["context"] == {"source": "web"}
    assert record({"context": []})["context"] == {"source": "web"}


def test_a_batchs_context_and_integrations_hold_for_what_lacks_them() -> None:
    beside = {"context": {"ip": "::1", "locale": "de"}, "integrations": {"All": False}}
    assert record({"context": {"locale": "fr"}}, **beside)["context"] == {"ip": "::1", "locale": "fr", "source": "web"}
    assert record({}, **beside)["context"] == {"ip": "::1", "locale": "de", "source": "web"}
    assert record({}, **beside)["integrations"] == {"All": False}
    assert record({"integrations": {}}, **beside)["integrations"] == {}


def test_a_key_is_not_kept() -> None:
    assert "writeKey" not in record({"writeKey": "KEY"}, writeKey="KEY")


def test_what_we_do_not_know_is_kept() -> None:
    assert record({"channel": "server", "properties": {"n": 1.50}})["channel"] == "server"


def test_the_address_says_the_type() -> None:
    one = read_one(b'{"event": "X", "userId": "ann", "writeKey": "KEY"}', "track")
    assert isinstance(one, Posted)
    assert one.write_key == "KEY"
    [taken], _ = EVENTS.records(one, None, NOW_MS)
    found = json.loads(taken.value)
    assert found["type"] == "track"
    assert "context" not in found


def test_the_key_is_the_user_else_the_alias() -> None:
    track = {"type": "track", "event": "X"}
    taken, _ = posted(track | {"userId": "ann", "anonymousId": "a1"}, track | {"userId": "null", "anonymousId": "a1"})
    assert [each.key for each in taken] == ["ann", "a1"]
    [alias], _ = posted({"type": "alias", "userId": "ann", "previousId": "a1"})
    assert alias.key == "ann"


# ids


def test_an_item_that_has_a_time_gets_an_id_that_is_the_same_when_it_is_sent_again() -> None:
    item = {"timestamp": "2026-03-01T10:00:00Z", "properties": {"a": 1, "b": 2}}
    again = {"properties": {"b": 2, "a": 1}, "timestamp": "2026-03-01T10:00:00Z"}
    assert record(item, sentAt="2026-03-01T10:00:05Z")["messageId"] == record(again, sentAt=NOW)["messageId"]
    assert record(item)["messageId"] != record({**item, "properties": {"a": 2}})["messageId"]


def test_an_item_without_a_time_gets_an_id_of_its_own_as_it_may_be_meant_twice() -> None:
    assert record({})["messageId"] == "made up"


def test_an_id_that_is_there_stands() -> None:
    assert record({"messageId": "m1"})["messageId"] == "m1"
    assert record({"messageId": ""})["messageId"] == "made up"


# what cannot be used


def test_good_items_of_a_batch_are_taken_and_the_others_told() -> None:
    track = {"type": "track", "userId": "ann"}
    taken, bad = posted(track, track | {"event": "X"}, 5)
    assert [json.loads(each.value)["event"] for each in taken] == ["X"]
    assert [(each.at, each.code) for each in bad] == [(0, "no_event_name"), (2, "wrong_type")]


def test_more_events_than_a_batch_may_have_are_told_each() -> None:
    track = {"type": "track", "userId": "ann", "event": "X"}
    assert refused(*[track] * 5) == [(3, "too_many"), (4, "too_many")]


def test_an_event_that_is_too_long_is_told_with_its_length() -> None:
    _, [told] = posted({"type": "track", "userId": "ann", "event": "X", "properties": {"long": "x" * 1_000}})
    assert told.code == "too_large"
    assert "more than 1000" in told.message


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"[]", "wrong_type"),
        (b"{}", "wrong_type"),
        (b'{"batch": {}}', "wrong_type"),
        (b'{"batch": [' + b"[" * 100_000, "not_json"),
        (b'{"batch": [\xff]}', "not_json"),
    ],
)
def test_a_body_that_is_no_batch_is_told(body: bytes, code: str) -> None:
    told = read_batch(body)
    assert isinstance(told, Reject)
    assert told.code == code


def test_a_byte_order_mark_is_no_fault() -> None:
    assert isinstance(read_batch(b'\xef\xbb\xbf{"batch": []}'), Posted)


# whatever comes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = "type userId anonymousId previousId groupId event name timestamp originalTimestamp sentAt receivedAt".split()
FIELDS += "messageId context properties traits integrations writeKey".split()
LIKELY = st.sampled_from(["track", "identify", "group", "ann", "", "null", "2026-03-01T00:00:00Z", "1999-01-01", NOW])
ITEMS = st.dictionaries(st.sampled_from(FIELDS), LIKELY | JSON, max_size=8) | JSON
WORKER = SegmentSpec(
    Reads({"X": frozenset({"a"})}, of_any=frozenset({"b"}), context=frozenset({"ip"})), InputOptions(), Warnings()
)


@given(st.lists(ITEMS, max_size=4), st.dictionaries(st.sampled_from(["context", "sentAt", "integrations"]), JSON))
def test_every_item_is_either_told_or_can_be_used_by_any_worker(items: list[Any], beside: dict[str, Any]) -> None:
    taken, told = posted(*items, **beside)
    assert len(taken) + len(told) == len(items)
    assert len({each.at for each in told}) == len(told)
    for each in taken:
        assert not isinstance(WORKER.decode(each.value, each.key.encode(), NOW_MS), Reject)


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda noise: b'{"batch":[' + noise + b"]}"))
def test_whatever_bytes_come_nothing_is_raised(body: bytes) -> None:
    read = read_batch(body)
    if isinstance(read, Posted):
        EVENTS.records(read, "web", NOW_MS)
    one = read_one(body, "track")
    if isinstance(one, Posted):
        EVENTS.records(one, None, NOW_MS)
