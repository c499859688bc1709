"""Which user a Stripe customer is, as events about customers and Checkout tell it.

Comes in: a Stripe event. Goes out: an `Event` that links the customer to its user, and is nothing else; None where the
event tells of no user.

    customer.created, customer.updated    `metadata.user_id` of the customer
    checkout.session.completed            `client_reference_id` of the session, else its `metadata.user_id`
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import msgspec

from streams.core.events import Event
from streams.core.links import How, Link, Linking
from streams.sources import records
from streams.sources.options import Nobody
from streams.sources.stripe_shapes import CheckoutSession, Customer, Metadata, StripeEvent, id_of, read_object


class Said(NamedTuple):
    """user: where the metadata are not to be asked."""

    customer: str | None
    user: str | None
    metadata: Metadata


def _customer(event: StripeEvent) -> Said:
    customer = read_object(_CUSTOMER, event)
    return Said(customer.id, None, customer.metadata)


def _session(event: StripeEvent) -> Said:
    session = read_object(_SESSION, event)
    return Said(id_of(session.customer), session.client_reference_id, session.metadata)


def link_of(event: StripeEvent, record_ms: int | None, earliest_ms: int, nobody: Nobody) -> Event | None:
    customer, user, metadata = READERS[event.type](event)
    if user is None or nobody.lacks(user):
        user = user_of(metadata, nobody)
    if user is None or customer is None or nobody.lacks(customer):
        return None
    return Event(
        subject=records.checked_id(user),
        ts=records.event_time(event.created * 1000, record_ms, earliest_ms),
        name="",
        active=False,
        message_id=event.id,
        properties={},
        traits={},
        identity=Linking((Link(records.checked_id(customer, "the id of a customer"), How.CUSTOMER),)),
    )


def user_of(metadata: Metadata, nobody: Nobody) -> str | None:
    """Whom `metadata.user_id` names, if anybody."""
    user = records.read_id("metadata.user_id", (metadata or {}).get("user_id"))
    return None if user is None or nobody.lacks(user) else user


_CUSTOMER: Final = msgspec.json.Decoder(Customer)
_SESSION: Final = msgspec.json.Decoder(CheckoutSession)
READERS: Final[Mapping[str, Callable[[StripeEvent], Said]]] = {
    "customer.created": _customer,
    "customer.updated": _customer,
    "checkout.session.completed": _session,
}
