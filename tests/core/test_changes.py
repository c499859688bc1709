"""The form in which changes are published."""

import json
from hashlib import sha256

import msgspec
import pytest

from streams.core.changes import Change, Reason, to_json, to_message

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
ID = sha256(b"u-1\0churn-risk\x003\x002026-11-22T09:00:00.000Z").hexdigest()


def headers_of(change: Change) -> dict[str, bytes]:
    return dict(to_message(change, "/segmenter/acme", AT, 0)[1])


def test_a_change_is_the_object_that_is_published() -> None:
    assert json.loads(to_json(CHANGE, AT + 5, live_within_ms=1_000)) == {
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
    told = json.loads(to_json(moved))
    assert [told[name] for name in ("type", "rule", "segment", "previous")] == [
        "segment.changed",
        "life",
        "life/power",
        "life/new",
    ]
    assert json.loads(to_json(msgspec.structs.replace(moved, previous=None)))["previous"] is None
    assert headers_of(moved)["ce_segment"] == b"life/power"


def test_a_replayed_change_says_nothing_of_when_it_was_noticed() -> None:
    assert {"detected_at", "live"}.isdisjoint(json.loads(to_json(CHANGE)))


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
    assert json.loads(to_json(change, AT + late_ms, live_within_ms=1_000))["live"] is live


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
    value, _ = to_message(CHANGE, "/segmenter/acme", AT + 5, 1_000)
    assert value == to_json(CHANGE, AT + 5, 1_000)
