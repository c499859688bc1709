"""Stripe objects that others have recorded or published: each is read, or refused for what is really wrong with it."""

import json
from pathlib import Path

import pytest

from streams.core.events import Event, Ignored, Reads, Reject
from streams.sources import InputOptions
from tests.decoders import Decoder
from tests.sources.stripe_events import Json, event

SHARED = Path(__file__).parents[3] / "shared" / "data"
RECORDED = SHARED / "stripe_webhooks"
pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="the recorded webhooks are not on this machine")

billing = Decoder(Reads({}), InputOptions(stripe_livemode="any")).billing


def test_all_webhooks_of_localstripe_are_read_or_mean_nothing_to_us() -> None:
    bodies = [each["body"] for each in json.loads((RECORDED / "localstripe_capture.json").read_text())]
    found = [billing(body.encode(), b"ann", None) for body in bodies]
    assert {one.name: one.properties["mrr"] for one in found if isinstance(one, Event)} == {
        "Subscription Started": told(bodies, "customer.subscription.created"),
        "Subscription Cancelled": told(bodies, "customer.subscription.deleted"),
    }
    assert sum(isinstance(one, Ignored) for one in found) == len(bodies) - 2


def told(bodies: list[str], kind: str) -> float:
    """By the one plan that the subscription has, which is monthly."""
    [about] = [body["data"]["object"] for body in map(json.loads, bodies) if body["type"] == kind]
    assert about["plan"]["interval"] == "month"
    return float(about["plan"]["amount"] * about["quantity"] / 100)


def recorded(kind: str) -> list[Json]:
    paths = sorted(RECORDED.glob(f"dj-stripe/{kind}_*.json"))
    return [json.loads(path.read_text()) for path in paths]


MONTHS = {"month": 1, "year": 12, "week": 12 / 52, "day": 12 / 365}


def monthly(one: Json) -> float:
    plan = one["plan"]
    if plan["usage_type"] == "metered":
        return 0.0
    return float(plan["amount"] * one["quantity"] / 100 / plan["interval_count"] / MONTHS[plan["interval"]])


def test_subscriptions_of_dj_stripe_have_the_mrr_of_their_plans() -> None:
    for about in recorded("subscription"):
        found = billing(event("customer.subscription.updated", about), b"ann", None)
        assert isinstance(found, Event), found
        assert found.properties["mrr"] == pytest.approx(sum(map(monthly, about["items"]["data"])))
        assert found.properties["status"] == about["status"]


def test_invoices_and_charges_of_dj_stripe_are_read() -> None:
    for about in recorded("invoice"):
        found = billing(event("invoice.paid", about), b"ann", None)
        assert isinstance(found, Event), found
        assert found.properties["amount"] == about["amount_paid"] / 100
    [charge, *_] = [about for about in recorded("charge") if about["object"] == "charge"]
    assert isinstance(billing(event("charge.refunded", charge), b"ann", None), Event)


def test_stripes_own_specimens_are_told_with_what_is_wrong_with_them() -> None:
    """Whoever generated them has drawn each time by itself: a trial that ends is not before it begins."""
    specimens = json.loads((SHARED / "stripe_openapi" / "fixtures3.json").read_text())["resources"]
    refused = billing(event("customer.subscription.updated", specimens["subscription"]), b"ann", None)
    assert isinstance(refused, Reject)
    assert (refused.code, "is before its beginning" in refused.reason) == ("out_of_range", True)
    assert isinstance(billing(event("invoice.paid", specimens["invoice"]), b"ann", None), Event)
    assert isinstance(billing(event("charge.refunded", specimens["charge"]), b"ann", None), Event)
