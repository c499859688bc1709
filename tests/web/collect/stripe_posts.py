"""Stripe's webhooks as Stripe sends them, for tests: what stands in one, signed."""

import json
import time
from typing import Any

import stripe
from httpx import Response

from tests.web.collect.collecting import Collector

SECRET = "whsec_ours"
Signature = stripe.WebhookSignature
INVOICE = {"id": "in_1", "currency": "eur", "amount_due": 900, "amount_paid": 900, "customer": "cus_1"}
PAID: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "type": "invoice.paid",
    "created": int(time.time()),
    "livemode": True,
    "data": {"object": {**INVOICE, "metadata": {"user_id": "ann"}}},
}


async def send(to: Collector, event: dict[str, Any], *secrets: str, at: int | None = None, **more: str) -> Response:
    """Spaced, as Stripe's bodies are: whoever writes them anew has another text."""
    body = json.dumps(event, indent=2)
    signed = [Signature.generate_signature_header(body, secret, at) for secret in secrets or (SECRET,)]
    header = ",".join([signed[0], *(each.partition(",")[2] for each in signed[1:]), "v0=old"])
    return await to.post("/v1/stripe", content=body, headers={"Stripe-Signature": header, **more})
