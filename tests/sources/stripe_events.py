"""Stripe events for tests, in the shapes of both sides of API version 2025-03-31.

Comes in: what is special about them. Goes out: events as their webhooks have them, small; and what is made of them.
"""

import json
from typing import Any, Final

from streams.core.events import Event, Reads, Reject
from tests.decoders import Decoder

CREATED = 1_772_366_400  # 2026-03-01T12:00:00Z

Json = dict[str, Any]


def price(amount: int | None = 2_000, interval: str = "month", count: int = 1, **more: Any) -> Json:
    recurring = {"interval": interval, "interval_count": count, "usage_type": more.pop("usage_type", "licensed")}
    text = None if amount is None else str(amount)
    return {"id": "price_1", "unit_amount": amount, "unit_amount_decimal": text, "recurring": recurring, **more}


def plan(amount: int = 2_000, interval: str = "month", count: int = 1, **more: Any) -> Json:
    """What there was before prices."""
    return {"id": "gold", "amount": amount, "interval": interval, "interval_count": count, **more}


def item(rate: Json | None = None, quantity: int | None = 1, **more: Any) -> Json:
    rate = rate or price()
    return {"price" if "recurring" in rate else "plan": rate, "quantity": quantity, **more}


def subscription(*items: Json, **more: Any) -> Json:
    return {
        "id": "sub_1",
        "object": "subscription",
        "status": "active",
        "currency": "usd",
        "customer": "cus_1",
        "items": {"object": "list", "data": list(items) or [item()]},
        "metadata": {"user_id": "ann"},
        **more,
    }


def invoice(**more: Any) -> Json:
    return {"id": "in_1", "object": "invoice", "currency": "usd", "amount_due": 2_000, "amount_paid": 2_000, **more}


def charge(**more: Any) -> Json:
    return {"id": "ch_1", "object": "charge", "currency": "usd", "amount_refunded": 500, **more}


def event(kind: str, about: Json, created: int = CREATED, identifier: str = "evt_1", **before: Any) -> bytes:
    """`before`: its previous attributes."""
    data = {"object": about, **({"previous_attributes": before} if before else {})}
    return json.dumps(
        {"id": identifier, "object": "event", "type": kind, "created": created, "data": data, "livemode": True}
    ).encode()


billing: Final = Decoder(Reads({})).billing


def decode(raw: bytes, key: bytes | None = None) -> Event:
    found = billing(raw, key, None)
    assert isinstance(found, Event), found
    return found


def reject(raw: bytes, key: bytes | None = None) -> Reject:
    found = billing(raw, key, None)
    assert isinstance(found, Reject), found
    return found


def updated(about: Json, created: int = CREATED, **before: Any) -> bytes:
    return event("customer.subscription.updated", about, created, **before)
