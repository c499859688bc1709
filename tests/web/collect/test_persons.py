"""Whoever a real SDK tells of, anonymously first, by name, by alias and with a group, is one person once the collector
has taken it, and Stripe's customer is her too.
"""

import json
import time
from pathlib import Path
from typing import Any, Final

import pytest

from streams.testing import changes, explain, parse_rules
from tests.web.collect.collecting import Collector, basic
from tests.web.collect.stripe_posts import SECRET, send

CAPTURES: Final = Path(__file__).parents[4] / "shared" / "data" / "segment_captures"
CLIENTS: Final = ("segment-node", "rudder-node gzip=false", "segment-python gzip=False", "rudder-python gzip=False")
# All that was said under either id, of the group, and of the customer.
RULES: Final = parse_rules(
    'segment: one-person\nenter: count("Anon Event") == 2 and plan == "pro" and group.mrr == 99 and mrr == 20',
    'segment: buyer\nenter: count("Order Completed") == 1 and count("Page Viewed") == 1',
)


def captured(client: str) -> list[dict[str, Any]]:
    """The requests of an SDK, as it sent them."""
    requests: dict[str, list[dict[str, Any]]] = {}
    for name in ("node_clients.json", "python_clients.json"):
        requests |= json.loads((CAPTURES / name).read_text())
    return requests[client]


def of_stripe(number: int, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    event = {"id": f"evt_{number}", "object": "event", "type": kind, "livemode": True, "created": int(time.time())}
    return event | {"data": {"object": body}}


@pytest.mark.skipif(not CAPTURES.exists(), reason="the captured requests are not on this machine")
@pytest.mark.parametrize("client", CLIENTS)
async def test_whoever_comes_anonymously_first_is_one_person_at_the_end(client: str) -> None:
    collector = Collector(write_keys="web:WRITE_KEY_1", stripe_secrets=SECRET)
    price = {
        "id": "price_1",
        "nickname": "pro",
        "unit_amount": 2_000,
        "currency": "usd",
        "recurring": {"interval": "month"},
    }
    items = {"data": [{"id": "si_1", "quantity": 1, "price": price}]}
    subscription = {"object": "subscription", "id": "sub_1", "customer": "cus_1", "status": "active", "items": items}
    assert (await send(collector, of_stripe(1, "customer.subscription.created", subscription))).is_success
    seen = [{"anonymousId": "anon-9", "event": "Anon Event", "messageId": f"seen-{n}"} for n in range(2)]
    for request in captured(client):
        content, kind = request["body"].encode(), {"Content-Type": request["headers"]["Content-Type"]}
        answer = await collector.post(request["path"], content=content, headers=kind | basic("WRITE_KEY_1"))
        assert answer.json() == {"success": True}
    sent = [each for each in collector.kafka.events if each.get("event") == "Anon Event"]
    for each in seen[len(sent) :]:  # RudderStack's for Node told of none
        assert (await collector.post("/v1/track", json=each, headers=basic("WRITE_KEY_1"))).is_success
    assert [change.segment for change in changes(RULES, collector.kafka.events)] == ["buyer"]
    customer = {"object": "customer", "id": "cus_1", "metadata": {"user_id": "u-1"}}
    assert (await send(collector, of_stripe(2, "customer.updated", customer))).is_success
    told = changes(RULES, collector.kafka.events)
    assert {(change.subject, change.segment) for change in told} == {("u-1", "buyer"), ("u-1", "one-person")}
    explained = explain(RULES, collector.kafka.events, "u-1")
    assert [(one.id, one.mrr) for one in explained.subscriptions] == [("sub_1", 20.0)]
