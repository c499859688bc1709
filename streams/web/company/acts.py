"""What you can do in the app of the made-up company, and the records that its backend would send of it.

Comes in: who does what, and when (ms). Goes out: records for Kafka.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from streams.core.instants import DAY_MS, format_time
from streams.kafka.publisher import Outgoing
from streams.settings import Settings
from streams.topics import BILLING_UPDATES, PRODUCT_EVENTS

ACTS: Final = {
    "report": "Create a report",
    "invite": "Invite a colleague",
    "fortnight": "Work every day for two weeks",
    "subscribe": "Subscribe to the team plan",
    "payment_failed": "Let a payment fail",
    "paid": "Pay the invoice",
    "cancel": "Cancel the subscription",
}
WORKED_DAYS: Final = 14


def records_of(settings: Settings, user: str, act: str, at_ms: int) -> list[Outgoing]:
    """Timestamps of Kafka are those of what happened, as for a producer that sends at once."""
    return [
        Outgoing(settings.topic(topic), user, msgspec.json.encode(record), when_ms)
        for topic, when_ms, record in _records(user, act, at_ms)
    ]


def _records(user: str, act: str, at_ms: int) -> Iterator[tuple[str, int, dict[str, Any]]]:
    match act:
        case "report":
            yield _tracked(user, at_ms, "Report Created", {"format": "pdf"})
        case "invite":
            yield _tracked(user, at_ms, "Teammate Invited", {"role": "member"})
        case "fortnight":
            for days in range(WORKED_DAYS - 1, -1, -1):
                yield _tracked(user, at_ms - days * DAY_MS - 1, "Signed In", {"method": "password"})
                yield _tracked(user, at_ms - days * DAY_MS, "Report Created", {"format": "pdf"})
        case "subscribe":
            yield _billed(user, at_ms, "Subscription Started", {"plan": "team", "mrr": 79, "status": "active"})
        case "payment_failed":
            yield _billed(user, at_ms, "Payment Failed", {"amount": 79})
        case "paid":
            yield _billed(user, at_ms, "Invoice Paid", {"amount": 79})
        case "cancel":
            yield _billed(user, at_ms, "Subscription Cancelled", {"reason": "just looking"})


def _tracked(user: str, at_ms: int, event: str, properties: dict[str, Any]) -> tuple[str, int, dict[str, Any]]:
    return PRODUCT_EVENTS.name, at_ms, _record(user, at_ms, "track", event, properties)


def _billed(user: str, at_ms: int, event: str, properties: dict[str, Any]) -> tuple[str, int, dict[str, Any]]:
    said = {"subscription_id": f"sub-{user}", "currency": "USD", **properties}
    return BILLING_UPDATES.name, at_ms, _record(user, at_ms, "billing", event, said)


def _record(user: str, at_ms: int, kind: str, event: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": kind,
        "messageId": f"{user} {event} {at_ms}",
        "userId": user,
        "timestamp": format_time(at_ms),
        "event": event,
        "properties": properties,
    }
