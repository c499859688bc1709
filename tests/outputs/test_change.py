"""The form in which changes are published, and read again."""

import json
from hashlib import sha256

import msgspec
import pytest

from streams.core.changes import Change, Reason
from streams.outputs.change import decode_change, encode_change
from streams.outputs.cloudevents import CloudEvent, decode_headers
from streams.outputs.messages import Outputs
from streams.settings import Settings

AT = 1_795_338_000_000  # 2026-11-22T09:00:00Z
CHANGE = Change(
    subject="u-1",
    rule="churn-risk",
    type="segment.entered",
    segment="churn-risk",
    previous=None,
    occurred_at=AT,
    cause="timer",
    event_id=None,
    ordinal=3,
    rule_version="sha256:ab",
    because=(Reason("idle_days >= 7", 7.0, was=False, now=True), Reason("active_days(days=30) >= 8", 11, True, True)),
    segments=("churn-risk",),
    traits={"plan": "pro", "company.name": "Acme"},
)
ACME = Outputs(Settings(group="acme", live_within=1_000))
ID = sha256(b"u-1\0churn-risk\x003\x002026-11-22T09:00:00.000Z").hexdigest()


def headers_of(change: Change) -> dict[str, bytes]:
    return dict(ACME.change(change, AT).headers)


def test_a_change_is_the_object_that_is_published() -> None:
    assert json.loads(encode_change(CHANGE, AT + 5, live_within_ms=1_000)) == {
        "schema": 1,
        "id": ID,
        "type": "segment.entered",
        "kind": "user",
        "user_id": "u-1",
        "rule": "churn-risk",
        "segment": "churn-risk",
        "occurred_at": "2026-11-22T09:00:00.000Z",
        "detected_at": "2026-11-22T09:00:00.005Z",
        "live": True,
        "cause": "timer",
        "event_id": None,
        "ordinal": 3,
        "rule_version": "sha256:ab",
        "because": [
            {"condition": "idle_days >= 7", "value": 7.0, "was": False, "now": True},
            {"condition": "active_days(days=30) >= 8", "value": 11, "was": True, "now": True},
        ],
        "segments": ["churn-risk"],
        "traits": {"plan": "pro", "company.name": "Acme"},
    }


def test_a_change_of_level_names_both_levels_and_the_first_one_has_none_before() -> None:
    moved = msgspec.structs.replace(
        CHANGE, rule="life", type="segment.changed", segment="life/power", previous="life/new"
    )
    told = json.loads(encode_change(moved))
    assert [told[name] for name in ("type", "rule", "segment", "previous")] == [
        "segment.changed",
        "life",
        "life/power",
        "life/new",
    ]
    assert json.loads(encode_change(msgspec.structs.replace(moved, previous=None)))["previous"] is None
    assert headers_of(moved)["ce_segment"] == b"life/power"


def test_a_replayed_change_says_nothing_of_when_it_was_noticed() -> None:
    assert {"detected_at", "live"}.isdisjoint(json.loads(encode_change(CHANGE)))


@pytest.mark.parametrize(
    ("cause", "late_ms", "live"),
    [
        ("timer", 1_000, True),
        ("timer", 1_001, False),
        ("event", 0, True),
        ("rule_change", 0, False),
        ("erase", 0, False),
    ],
)
def test_old_news_is_not_live(cause: str, late_ms: int, live: bool) -> None:
    change = msgspec.structs.replace(CHANGE, cause=cause)
    assert json.loads(encode_change(change, AT + late_ms, live_within_ms=1_000))["live"] is live


def test_headers_are_those_of_cloudevents_in_kafkas_binary_mode() -> None:
    assert headers_of(CHANGE) == {
        "ce_specversion": b"1.0",
        "ce_id": ID.encode(),
        "ce_source": b"/segmenter/acme",
        "ce_type": b"segment.entered",
        "ce_subject": b"u-1",
        "ce_time": b"2026-11-22T09:00:00.000Z",
        "ce_segment": b"churn-risk",
        "content-type": b"application/json",
    }


def test_a_message_says_what_the_json_says() -> None:
    assert ACME.change(CHANGE, AT + 5).value == encode_change(CHANGE, AT + 5, 1_000)


def test_headers_can_be_read_again() -> None:
    message = ACME.change(CHANGE, AT)
    said = CloudEvent(ID, "/segmenter/acme", "segment.entered", "u-1", "2026-11-22T09:00:00.000Z", "churn-risk")
    assert decode_headers(message.headers) == said


@pytest.mark.parametrize("previous", [None, "life/new"])
@pytest.mark.parametrize("kind", ["segment.entered", "segment.exited", "segment.changed"])
def test_a_change_can_be_read_again_whole(kind: str, previous: str | None) -> None:
    change = msgspec.structs.replace(CHANGE, type=kind, previous=previous if kind == "segment.changed" else None)
    assert decode_change(encode_change(change)) == change
    assert decode_change(encode_change(change, AT + 5, 1_000)) == change


def test_words_of_later_versions_are_no_fault() -> None:
    later = json.loads(encode_change(CHANGE)) | {"cause": "fate", "moved_to": "u-2"}
    assert json.loads(encode_change(decode_change(json.dumps(later).encode())))["cause"] == "fate"


def test_who_is_another_from_now_on_leaves_with_word_of_who_that_is() -> None:
    change = msgspec.structs.replace(CHANGE, cause="merge", merged_into="u-2")
    assert json.loads(encode_change(change, AT + 5, 1_000))["merged_into"] == "u-2"
    assert json.loads(encode_change(change, AT + 5, 1_000))["live"] is False
    assert decode_change(encode_change(change, AT + 5, 1_000)) == change
    assert "merged_into" not in json.loads(encode_change(CHANGE))


def test_a_change_without_a_kind_is_a_users() -> None:
    earlier = json.loads(encode_change(CHANGE))
    del earlier["kind"]
    assert decode_change(json.dumps(earlier).encode()) == CHANGE


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        encode_change(CHANGE).replace(b'"kind":"user"', b'"kind":"planet"'),
        encode_change(CHANGE).replace(b"2026-11-22T", b"tomorrow"),
        encode_change(CHANGE).replace(b'"ordinal":3', b'"ordinal":"3"'),
    ],
)
def test_what_is_no_change_is_refused(raw: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_change(raw)


def test_the_fields_have_their_order_and_nothing_stands_between_them() -> None:
    assert encode_change(CHANGE, AT + 5, 1_000) == (
        b'{"schema":1,"id":"' + ID.encode() + b'","type":"segment.entered","kind":"user","user_id":"u-1",'
        b'"rule":"churn-risk","segment":"churn-risk","occurred_at":"2026-11-22T09:00:00.000Z",'
        b'"detected_at":"2026-11-22T09:00:00.005Z","live":true,"cause":"timer","event_id":null,"ordinal":3,'
        b'"rule_version":"sha256:ab","because":[{"condition":"idle_days >= 7","value":7.0,"was":false,"now":true},'
        b'{"condition":"active_days(days=30) >= 8","value":11,"was":true,"now":true}],"segments":["churn-risk"],'
        b'"traits":{"plan":"pro","company.name":"Acme"}}'
    )
