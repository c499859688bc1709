"""Events that have to do with aliases, as their decoders make them."""

from collections.abc import Sequence

from streams.core.events import Event, Value
from streams.core.links import How, Link, Linking, Place, Unlinked

DAY = 86_400_000
KEEP = 90 * DAY


def at(offset: int, source: str = "product-events/0") -> Place:
    return Place(source, offset)


def under(alias: str, ts: int, name: str = "Page Viewed", **properties: Value) -> Event:
    """A record that names an alias alone."""
    return Event(alias, ts, name, True, f"{alias}-{ts}", properties, {}, identity=Unlinked())


def state(customer: str, ts: int, subscription: str = "sub_1", order: int = 2, **properties: Value) -> Event:
    """An update of Stripe's that names its customer alone."""
    said: dict[str, Value] = {"subscription_id": subscription, "customer": customer, "status": "active", "mrr": 10.0}
    said |= properties
    return Event(
        customer, ts, "Subscription Updated", False, f"evt_{subscription}_{ts}", said, {}, True, order, Unlinked()
    )


def of(user: str, ts: int, *aliases: str, how: How = How.ANONYMOUS, name: str = "Signed In") -> Event:
    """A record of a user that bears aliases."""
    links = tuple(Link(alias, how) for alias in aliases)
    return Event(user, ts, name, True, f"{user}-{ts}", {}, {}, identity=Linking(links) if links else None)


def times(events: Sequence[Event]) -> list[int]:
    return [event.ts for event in events]
