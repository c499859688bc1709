"""A subscription that is to end, and goes on after all, as Stripe tells it and as rules ask for it."""

import json

import pytest

from streams.testing import changes, parse_rules
from tests.sources.stripe_events import CREATED, Json, event, item, subscription

DAY = 86_400
END = CREATED + 30 * DAY
SCHEDULED: dict[str, Json] = {
    "both": {"cancel_at": END, "cancel_at_period_end": True},
    "the time alone": {"cancel_at": END, "cancel_at_period_end": False},
    "the flag alone": {"cancel_at": None, "cancel_at_period_end": True},
}
WAYS_TO_ASK = {
    "the trait": "subscription.cancels",
    "the trait's time": "0 < days_until(subscription.cancel_at) <= 30",
    "the newest update's time": 'days_until(latest(["Trial Ended", "Subscription Updated"], "cancel_at")) > 0',
    "the trait's reason": 'subscription.reason == "cancellation_requested"',
    "the newest update's reason": 'latest("Subscription Updated", "reason") == "cancellation_requested"',
}


@pytest.mark.parametrize("enter", WAYS_TO_ASK.values(), ids=WAYS_TO_ASK)
@pytest.mark.parametrize("scheduled", SCHEDULED.values(), ids=SCHEDULED)
def test_a_cancellation_that_is_undone_is_gone_from_rules(scheduled: Json, enter: str) -> None:
    going_on = {"cancel_at": None, "cancel_at_period_end": False, "cancellation_details": {"reason": None}}
    ending = {**scheduled, "cancellation_details": {"reason": "cancellation_requested"}}
    told = [
        record("created", going_on, 0),
        record("updated", ending, 4),
        record("updated", going_on, 6),
    ]
    found = changes(parse_rules(f"segment: leaving\nenter: {enter}\n"), told, until="2026-04-30")
    assert [(change.type, change.occurred_at) for change in found] == [
        ("segment.entered", (CREATED + 4 * DAY) * 1000),
        ("segment.exited", (CREATED + 6 * DAY) * 1000),
    ]


def record(kind: str, what: Json, day: int) -> Json:
    about = subscription(item(current_period_end=END), **what)
    told: Json = json.loads(event(f"customer.subscription.{kind}", about, CREATED + day * DAY, f"evt_{day}"))
    return told
