"""Billing updates as Stripe sends them: webhook events about subscriptions, invoices and charges.

Comes in: the text of a record whose `object` is `event`, its key and time. Goes out: an `Event` in the words of the
plain form, `Ignored` for a type that means nothing to us; `Unusable` is raised with the path of what is wrong. All that
users are told of it stands in docs/semantics.md#stripe.

    customer.subscription.*           a Subscription or Trial event, with all that the subscription is now
    invoice.paid                      Invoice Paid     (`invoice.payment_succeeded` tells the same again: ignored)
    invoice.payment_failed            Payment Failed
    invoice.voided                    Invoice Voided
    invoice.marked_uncollectible      Invoice Uncollectible
    charge.refunded                   Refund Issued, of what was refunded now
    customer.*, checkout.session.*    whose the customer is (`streams.sources.stripe_links`)

A subscription event tells the whole of its subscription, so that each of the ledger's properties is told, as None where
there is none. What cannot be priced voids nothing: the amount is what is known, and `mrr_incomplete` says so.

Stripe's times are whole seconds. So of several events of one second about one subscription each bears its `order`: the
creation comes first, the end last, and word of a trial that will end before what became of it; of others the later
arrival stands.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple, NoReturn

import msgspec

from streams.core.events import Event, Ignored, Value
from streams.core.instants import format_time
from streams.core.links import Linking, Unlinked
from streams.core.profiles.ledger import KEPT, STATUSES
from streams.sources import records, stripe_links
from streams.sources.envelope import Envelope
from streams.sources.money import Money, major_units
from streams.sources.mrr import leading_item, mrr_of, seats
from streams.sources.options import InputOptions, Nobody
from streams.sources.records import Unusable
from streams.sources.stripe_links import user_of
from streams.sources.stripe_shapes import (
    Charge,
    Expandable,
    Invoice,
    Linked,
    Metadata,
    StripeEvent,
    Subscription,
    id_of,
    read_object,
)
from streams.sources.warnings import Odd, Warnings

Properties = dict[str, Value]


class Read(NamedTuple):
    """said: the metadata that may name the user. remedy: what to set where neither they nor the customer do. name: of
    the event."""

    said: Sequence[Metadata]
    customer: Expandable
    remedy: str
    name: str
    properties: Properties


STRIPES_OWN_ID: Final = re.compile(
    r"(?:cus|sub|sub_sched|si|in|ii|ch|py|pi|pm|re|evt|price|plan|prod|acct|card|src)_[A-Za-z0-9]+"
)
SET_USER: Final = "set `metadata.user_id` on the subscription (`subscription_data.metadata` in Checkout)"
# It does not take over the metadata of its subscription.
SET_USER_OF_CHARGE: Final = "set `metadata.user_id` on the charge, or let the record's key be the user id"
INCOMPLETE: Final = (
    "a subscription of Stripe's cannot be priced whole (it has tiers, items or a coupon that its event does not tell):"
    " its mrr is what is known, and marked mrr_incomplete"
)
SUBSCRIPTION: Final = "customer.subscription."
# Of the events of one second about one subscription; all others are 2.
ORDERS: Final = {
    "customer.subscription.created": 0,
    "customer.subscription.trial_will_end": 1,
    "customer.subscription.deleted": 3,
}

# Why an event does not count that we could read -> the setting that says so.
LIVE_MODE, TEST_MODE, CONNECTED = "Stripe's live mode", "Stripe's test mode", "a connected Stripe account"
PASSED_OVER: Final = {LIVE_MODE: "stripe_livemode", TEST_MODE: "stripe_livemode", CONNECTED: "stripe_accounts"}

_EVENT: Final = msgspec.json.Decoder(StripeEvent)
_SUBSCRIPTION: Final = msgspec.json.Decoder(Subscription)
_INVOICE: Final = msgspec.json.Decoder(Invoice)
_CHARGE: Final = msgspec.json.Decoder(Charge)


def is_event(record: Envelope) -> bool:
    return record.object_ == "event"


def is_thin_event(record: Envelope) -> bool:
    return record.object_ == "v2.core.event"


class ThinEvents:
    """Refuses them, with what to do instead."""

    def __init__(self, options: InputOptions, warnings: Warnings):
        pass

    def decode(self, text: str, key: bytes | None, record_ms: int | None) -> NoReturn:
        raise Unusable(
            "thin_event",
            "this is a thin event of Stripe, which holds no data: choose the payload style Snapshot for its event"
            " destination",
        )


class StripeEvents:
    """Decodes the events that count: those of the mode and the accounts that the options name."""

    def __init__(self, options: InputOptions, warnings: Warnings):
        self._options, self._warnings = options, warnings
        self._money = Money(options.currency, options.currency_rates)
        self._nobody = Nobody(options.not_users, warnings)

    def decode(self, text: str, key: bytes | None, record_ms: int | None) -> Event | Ignored:
        event = records.read_body(_EVENT, text)
        passed_over = self._why_not(event) if event.type in READ_TYPES else event.type
        if passed_over is not None:
            return Ignored(passed_over)
        if event.type in stripe_links.READERS:
            link = stripe_links.link_of(event, record_ms, self._options.earliest_ms, self._nobody)
            return Ignored(f"{event.type} of no user") if link is None else link
        return self._event(event, _READERS[event.type](event, self._money), key, record_ms)

    def _event(self, event: StripeEvent, read: Read, key: bytes | None, record_ms: int | None) -> Event:
        subject, is_alias = self._subject(key, read)
        had = self._had(event, read, subject)
        properties = read.properties
        if properties.get("mrr_incomplete"):
            self._warnings.note(Odd.MRR_INCOMPLETE, INCOMPLETE)
        if touches_ledger := event.type.startswith(SUBSCRIPTION):
            properties = properties | {"customer": subject if is_alias else None}
        return Event(
            subject=subject,
            ts=records.event_time(event.created * 1000, record_ms, self._options.earliest_ms),
            name=read.name,
            active=False,
            message_id=event.id,
            properties={
                name: value
                for name, value in properties.items()
                if value is not None or (touches_ledger and name in KEPT)
            },
            traits={},
            touches_ledger=touches_ledger,
            order=ORDERS.get(event.type, 2),
            identity=Unlinked(had=had) if is_alias else Linking((), had) if had is not None else None,
        )

    def _had(self, event: StripeEvent, read: Read, subject: str) -> str | None:
        """Whose a subscription was before this event: another user's, or its customer's where it named nobody."""
        before = (event.data.previous_attributes or {}).get("metadata")
        if not event.type.startswith(SUBSCRIPTION) or not isinstance(before, Mapping) or "user_id" not in before:
            return None
        user = before["user_id"]
        named = isinstance(user, str) and user not in self._nobody and len(user) <= records.MAX_ID_CHARACTERS
        had = user if named else id_of(read.customer)
        return None if had == subject else had

    def _why_not(self, event: StripeEvent) -> str | None:
        """Why an event does not count that we could read."""
        wanted = self._options.stripe_livemode
        if event.livemode is not None and wanted not in ("any", str(event.livemode).lower()):
            return LIVE_MODE if event.livemode else TEST_MODE
        accounts = self._options.stripe_accounts
        if event.account is not None and event.account not in accounts and "any" not in accounts:
            return CONNECTED
        return None

    def _subject(self, key: bytes | None, read: Read) -> tuple[str, bool]:
        """The first user of the metadata, else the record's key, where it is no id of Stripe's own; else the customer,
        who is an alias, as the second tells."""
        for metadata in read.said:
            if (user := user_of(metadata, self._nobody)) is not None:
                return records.checked_id(user), False
        customer = id_of(read.customer)
        told = None if key is None else key.decode(errors="replace")
        is_told = not self._nobody.lacks(told) and not STRIPES_OWN_ID.fullmatch(told or "")
        if is_told and told != customer:
            return records.find_user(None, key, self._nobody), False
        if customer is None:
            raise Unusable(
                "no_user",
                f"there is neither a `metadata.user_id`, nor a user as record key, nor a customer: {read.remedy}",
            )
        return records.checked_id(customer, "the id of a customer"), True


def _subscription(event: StripeEvent, money: Money) -> Read:
    one = read_object(_SUBSCRIPTION, event)
    if one.status not in STATUSES:
        raise Unusable("wrong_type", f"`data.object.status` is none of {', '.join(STATUSES)}")
    _check_times(one)
    currency = one.stated_currency
    if currency is None:
        raise Unusable("wrong_type", "`data.object.currency` is missing, and its items state none")
    item, priced = leading_item(one), mrr_of(one, currency)
    period = item.rate.period if item and item.rate else (None, 1)
    renews_at = one.period_end if item is None else item.current_period_end or one.period_end
    # Where the flag alone says that it ends, it ends with the period.
    cancel_at = renews_at if one.cancel_at is None and one.cancel_at_period_end else one.cancel_at
    properties: Properties = {
        "subscription_id": one.id,
        "status": one.status,
        "plan": item.rate.name if item and item.rate else None,
        "mrr": money.reported(priced.mrr, currency, "data.object.currency"),
        "mrr_incomplete": priced.is_incomplete or None,
        "currency": currency.upper(),
        "interval": period[0],
        "interval_count": period[1],
        "seats": seats(one),
        "started_at": _iso(one.start_date),
        "trial_end": _iso(one.trial_end),
        "renews_at": _iso(renews_at),
        "cancel_at": _iso(cancel_at),
        "cancel_at_period_end": one.cancel_at_period_end,
        "reason": one.cancellation_details.reason if one.cancellation_details else None,
    }
    return Read((one.metadata,), one.customer, SET_USER, _name(event, one), properties)


def _name(event: StripeEvent, one: Subscription) -> str:
    """What happened, in the words of the plain form."""
    before = event.data.previous_attributes or {}
    match event.type.removeprefix(SUBSCRIPTION):
        case "created":
            return "Trial Started" if one.status == "trialing" else "Subscription Started"
        case "deleted":
            return "Subscription Cancelled"
        case "paused":
            return "Subscription Paused"
        case "resumed":
            return "Subscription Resumed"
    if "pause_collection" in before:
        return "Subscription Resumed" if one.pause_collection is None else "Subscription Paused"
    return "Trial Ended" if before.get("status") == "trialing" else "Subscription Updated"


def _invoice(name: str, amount_of: Callable[[Invoice], int]) -> "Reader":
    def read(event: StripeEvent, money: Money) -> Read:
        invoice = read_object(_INVOICE, event)
        link, details = invoice.link, invoice.details
        linked = link.metadata if isinstance(link, Linked) else None
        properties: Properties = {
            "subscription_id": link.id if isinstance(link, Linked) else link,
            "amount": _amount(amount_of(invoice), invoice.currency, money),
            "currency": invoice.currency.upper(),
            "reason": invoice.billing_reason,
            "attempts": invoice.attempt_count,
            "invoice_id": invoice.id,
        }
        said = (linked, details.metadata if details else None, invoice.metadata)
        return Read(said, invoice.customer, SET_USER, name, properties)

    return read


def _refund(event: StripeEvent, money: Money) -> Read:
    charge = read_object(_CHARGE, event)
    before = (event.data.previous_attributes or {}).get("amount_refunded", 0)
    if not isinstance(before, int) or not 0 <= before <= charge.amount_refunded:
        raise Unusable("out_of_range", "`data.previous_attributes.amount_refunded` is not between 0 and what it is now")
    amount = _amount(charge.amount_refunded - before, charge.currency, money)
    properties: Properties = {"amount": amount, "currency": charge.currency.upper(), "charge_id": charge.id}
    return Read((charge.metadata,), charge.customer, SET_USER_OF_CHARGE, "Refund Issued", properties)


def _amount(minor: int, currency: str, money: Money) -> float:
    return money.reported(float(major_units(Fraction(minor), currency)), currency, "data.object.currency")


def _check_times(one: Subscription) -> None:
    spans: Mapping[str, tuple[Any, Any]] = {
        "current_period_end": (one.current_period_start, one.current_period_end),
        "trial_end": (one.trial_start, one.trial_end),
        "ended_at": (one.start_date, one.ended_at),
    }
    for at, item in enumerate(one.items.data):
        span = {f"items.data[{at}].current_period_end": (item.current_period_start, item.current_period_end)}
        spans = {**spans, **span}
    for end, (begins, ends) in spans.items():
        if begins is not None and ends is not None and ends < begins:
            raise Unusable("out_of_range", f"`data.object.{end}` is before its beginning")


def _iso(seconds: int | None) -> str | None:
    return None if seconds is None else format_time(seconds * 1000)


Reader = Callable[[StripeEvent, Money], Read]
_SUBSCRIPTION_TYPES = ("created", "updated", "deleted", "paused", "resumed", "trial_will_end")
_READERS: Final[Mapping[str, Reader]] = {
    **{f"customer.subscription.{each}": _subscription for each in _SUBSCRIPTION_TYPES},
    **{f"customer.subscription.pending_update_{each}": _subscription for each in ("applied", "expired")},
    "invoice.paid": _invoice("Invoice Paid", lambda invoice: invoice.amount_paid),
    "invoice.payment_failed": _invoice("Payment Failed", lambda invoice: invoice.amount_due),
    "invoice.voided": _invoice("Invoice Voided", lambda invoice: invoice.amount_due),
    "invoice.marked_uncollectible": _invoice("Invoice Uncollectible", lambda invoice: invoice.amount_due),
    "charge.refunded": _refund,
}
READ_TYPES: Final = _READERS.keys() | stripe_links.READERS.keys()
