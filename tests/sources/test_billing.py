"""Billing updates in the plain form: what they say and what is refused."""

import json
from typing import Any

import pytest

from streams.core.events import Event, Reads, Reject
from streams.core.instants import format_time
from streams.core.links import How, Link, Linking, Unlinked
from tests.decoders import Decoder

NOON = 1_772_366_400_000  # 2026-03-01T12:00:00.000Z
billing = Decoder(Reads({})).billing


def record(**fields: Any) -> bytes:
    """An update of u-1's subscription at noon; None leaves a field out."""
    body = {
        "type": "billing",
        "messageId": "b-1",
        "userId": "u-1",
        "event": "Subscription Updated",
        "timestamp": format_time(NOON),
    }
    return json.dumps({name: value for name, value in (body | fields).items() if value is not None}).encode()


def decode(key: bytes | None = None, record_ms: int | None = None, **fields: Any) -> Event:
    event = billing(record(**fields), key, record_ms)
    assert isinstance(event, Event), event
    return event


def reject(**fields: Any) -> Reject:
    rejected = billing(record(**fields), None, None)
    assert isinstance(rejected, Reject), rejected
    return rejected


def test_an_update_is_an_event_with_all_its_properties_and_no_activity() -> None:
    properties = {"plan": "pro", "mrr": 20, "card": {"brand": "visa", "name": None}, "reason": None, "seats": [1]}
    assert decode(properties=properties) == Event(
        subject="u-1",
        ts=NOON,
        name="Subscription Updated",
        active=False,
        message_id="b-1",
        properties={"plan": "pro", "mrr": 20, "card.brand": "visa", "seats": [1]},
        traits={},
        touches_ledger=True,
    )


@pytest.mark.parametrize(
    ("event", "touches"),
    [
        *((f"Subscription {what}", True) for what in ("Started", "Updated", "Paused", "Resumed", "Cancelled")),
        ("Trial Started", True),
        ("Trial Ended", True),
        ("Invoice Paid", False),
        ("Payment Failed", False),
        ("Refund Issued", False),
        ("Subscription Considered", False),
    ],
)
def test_only_subscription_and_trial_events_touch_the_ledger(event: str, touches: bool) -> None:
    assert decode(event=event).touches_ledger is touches


def test_user_and_time_are_found_as_in_product_events() -> None:
    assert decode(userId=None, key=b"k-1").subject == "k-1"
    unlinked, linking = decode(userId=None, anonymousId="a", key=b"k-1"), decode(anonymousId="a")
    assert (unlinked.subject, unlinked.identity) == ("a", Unlinked())
    assert linking.identity == Linking((Link("a", How.ANONYMOUS),))
    assert reject(userId=None).code == "no_user"
    assert decode(timestamp=None, record_ms=NOON + 1).ts == NOON + 1
    assert decode(record_ms=NOON - 300_001).ts == NOON - 300_001
    assert reject(timestamp=None).code == "no_time"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"type": "track"}, "unknown_type"),
        ({"type": None}, "unknown_type"),
        ({"event": None}, "no_event_name"),
        ({"event": 5}, "wrong_type"),
        ({"properties": ["secret"]}, "wrong_type"),
        ({"object": "event", "type": "invoice.paid"}, "wrong_type"),
    ],
)
def test_what_cannot_be_used_is_refused(fields: dict[str, Any], code: str) -> None:
    assert reject(**fields).code == code


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mrr", "secret"),
        ("mrr", True),
        ("mrr", [4242]),
        ("mrr", {"usd": 4242}),
        ("mrr", 424_242_424_242),
        ("status", 4242),
        ("subscription_id", 4242),
    ],
)
def test_what_the_ledger_adds_up_by_must_be_of_its_type(name: str, value: object) -> None:
    rejected = reject(properties={name: value})
    assert rejected.code == "wrong_type"
    assert f"properties.{name}" in rejected.reason
    assert "secret" not in rejected.reason
    assert "4242" not in rejected.reason
    assert decode(event="Invoice Paid", properties={name: value}).name == "Invoice Paid"


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"status": "aktiv"}, "`properties.status` is none of active, trialing, past_due"),
        ({"trial_end": "in two days"}, "`properties.trial_end` is no time"),
        ({"trial_ends_at": "soon"}, "`properties.trial_ends_at` is no time"),
        ({"renews_at": True}, "`properties.renews_at` is no time"),
        ({"current_period_end": [1]}, "`properties.current_period_end` is no time"),
        ({"started_at": "yesterday"}, "`properties.started_at` is no time"),
        ({"cancel_at": {"day": 1}, "cancel_at_period_end": 1}, "`properties.cancel_at_period_end` is a whole number"),
    ],
)
def test_what_the_ledger_could_not_go_by_is_told_with_what_may_stand_there(
    properties: dict[str, Any], said: str
) -> None:
    rejected = reject(properties=properties)
    assert rejected.code == "wrong_type"
    assert said in rejected.reason
    assert decode(event="Invoice Paid", properties=properties).name == "Invoice Paid"


def test_a_trial_and_a_renewal_may_bear_the_names_of_their_traits() -> None:
    properties = decode(properties={"trial_ends_at": "2026-04-01", "current_period_end": 1_777_593_600}).properties
    assert (properties["trial_end"], properties["renews_at"]) == ("2026-04-01", 1_777_593_600)
    both = decode(properties={"trial_ends_at": "2026-04-01", "trial_end": "2026-05-01"}).properties
    assert both["trial_end"] == "2026-05-01"


@pytest.mark.parametrize("event", ["Subscription Started", "Subscription Resumed"])
def test_what_goes_on_again_is_no_longer_cancelled_unless_it_says_so(event: str) -> None:
    gone = {"cancel_at": None, "cancel_at_period_end": None, "reason": None}
    assert decode(event=event, properties={"plan": "pro"}).properties == {**gone, "plan": "pro"}
    assert decode(event=event, properties={"cancel_at": "2026-04-01"}).properties == {**gone, "cancel_at": "2026-04-01"}


def test_no_cancellation_at_the_periods_end_takes_a_date_away_that_is_not_stated_with_it() -> None:
    undone = decode(properties={"cancel_at_period_end": False}).properties
    assert undone == {"cancel_at_period_end": False, "cancel_at": None}
    dated = decode(properties={"cancel_at_period_end": False, "cancel_at": "2026-04-01"}).properties
    assert dated["cancel_at"] == "2026-04-01"


def test_a_thin_event_of_stripe_is_told_apart_with_what_to_choose_there() -> None:
    rejected = billing(b'{"object":"v2.core.event","id":"evt_1","type":"v1.billing.meter"}', b"ann", None)
    assert isinstance(rejected, Reject)
    assert rejected.code == "thin_event"
    assert "payload style Snapshot" in rejected.reason
