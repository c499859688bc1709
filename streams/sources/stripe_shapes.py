"""The shapes in which Stripe sends what we read, before and after API version 2025-03-31.

Comes in: JSON. Goes out: structs with what both have in common as properties. What is not named here is not looked at;
what is named here and has another type is told with its path. Words are checked where they are used, because msgspec
would repeat a wrong one. (https://docs.stripe.com/api/subscriptions/object,
https://docs.stripe.com/api/invoices/object, https://docs.stripe.com/api/charges/object,
https://docs.stripe.com/api/customers/object,
https://docs.stripe.com/changelog/basil for what moved in 2025-03-31.)
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from streams.sources.records import NESTED_TOO_DEEPLY, Unusable, mismatch

Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Amount = Annotated[int, Meta(ge=0, le=10**15)]  # minor units
Seconds = Annotated[int, Meta(ge=0, le=253_402_300_799)]
Metadata = Mapping[str, Any] | None
Shape = TypeVar("Shape")


class Transform(msgspec.Struct):
    """How a quantity becomes packages."""

    divide_by: Annotated[int, Meta(ge=1)]
    round: str


class Tier(msgspec.Struct):
    """Up to which quantity it reaches, in all; None or `inf`: without end. Amounts are of a unit, and of the tier."""

    up_to: int | str | None = None
    unit_amount: int | None = None
    unit_amount_decimal: str | None = None
    flat_amount: int | None = None
    flat_amount_decimal: str | None = None


class Recurring(msgspec.Struct):
    interval: str
    interval_count: Annotated[int, Meta(ge=1)] = 1
    usage_type: str | None = None


class Price(msgspec.Struct):
    """A price; a plan, its predecessor, has the same under other names."""

    id: str
    currency: str | None = None
    nickname: str | None = None
    lookup_key: str | None = None
    recurring: Recurring | None = None
    unit_amount: int | None = None
    unit_amount_decimal: str | None = None
    transform_quantity: Transform | None = None
    tiers_mode: str | None = None
    tiers: Sequence[Tier] | None = None
    amount: int | None = None
    amount_decimal: str | None = None
    interval: str | None = None
    interval_count: Annotated[int, Meta(ge=1)] = 1
    usage_type: str | None = None
    transform_usage: Transform | None = None

    @property
    def is_metered(self) -> bool:
        return "metered" in (self.usage_type, self.recurring.usage_type if self.recurring else None)

    @property
    def amount_text(self) -> str | None:
        return self.unit_amount_decimal or self.amount_decimal

    @property
    def amount_whole(self) -> int | None:
        return self.amount if self.unit_amount is None else self.unit_amount

    @property
    def transform(self) -> Transform | None:
        return self.transform_quantity or self.transform_usage

    @property
    def period(self) -> tuple[str | None, int]:
        if self.recurring is not None:
            return self.recurring.interval, self.recurring.interval_count
        return self.interval, self.interval_count

    @property
    def name(self) -> str:
        """What people call it."""
        return self.lookup_key or self.nickname or self.id


class Coupon(msgspec.Struct):
    duration: str
    percent_off: Annotated[float, Meta(ge=0, le=100)] | None = None
    amount_off: Amount | None = None


class Source(msgspec.Struct):
    coupon: Coupon | str | None = None


class Discount(msgspec.Struct):
    """The coupon stands in it, or under `source` in newer versions; whole, or as its id alone."""

    id: str | None = None
    coupon: Coupon | str | None = None
    source: Source | None = None

    @property
    def the_coupon(self) -> Coupon | None:
        told = self.coupon or (self.source.coupon if self.source else None)
        return told if isinstance(told, Coupon) else None


def _told(discounts: Sequence[Discount | str | None] | None) -> Sequence[Discount]:
    """Those that are told whole, and not by their id alone."""
    return [each for each in discounts or () if isinstance(each, Discount)]


def _all_told(discounts: Sequence[Discount | str | None] | None, beside: Discount | None = None) -> bool:
    """Whether none of them is an id alone. beside: one that is told in another field, and by its id in this one."""
    told = beside is not None and beside.the_coupon is not None
    untold = [each for each in discounts or () if isinstance(each, str)]
    if told and beside is not None and untold:
        untold = [each for each in untold if each != beside.id] if beside.id is not None else untold[1:]
    whole = [*_told(discounts), *([beside] if beside is not None else [])]
    return not untold and all(each.the_coupon is not None for each in whole)


class Item(msgspec.Struct):
    price: Price | None = None
    plan: Price | None = None
    quantity: Count | None = None
    discounts: Sequence[Discount | str] | None = None
    current_period_start: Seconds | None = None
    current_period_end: Seconds | None = None

    @property
    def rate(self) -> Price | None:
        return self.price or self.plan

    @property
    def units(self) -> int:
        return 1 if self.quantity is None else self.quantity

    @property
    def told_discounts(self) -> Sequence[Discount]:
        return _told(self.discounts)

    @property
    def tells_its_discounts(self) -> bool:
        return _all_told(self.discounts)


class Items(msgspec.Struct):
    data: Sequence[Item]
    has_more: bool = False


class Customer(msgspec.Struct):
    """Whole, where Stripe was asked to expand it."""

    id: str
    metadata: Metadata = None


Expandable = Customer | str | None


def id_of(customer: Expandable) -> str | None:
    return customer.id if isinstance(customer, Customer) else customer


class Cancellation(msgspec.Struct):
    reason: str | None = None


class Subscription(msgspec.Struct):
    id: str
    status: str
    items: Items
    customer: Expandable = None
    currency: str | None = None
    metadata: Metadata = None
    discount: Discount | None = None
    discounts: Sequence[Discount | str] | None = None
    start_date: Seconds | None = None
    ended_at: Seconds | None = None
    current_period_start: Seconds | None = None
    current_period_end: Seconds | None = None
    trial_start: Seconds | None = None
    trial_end: Seconds | None = None
    cancel_at: Seconds | None = None
    cancel_at_period_end: bool | None = None
    pause_collection: Mapping[str, Any] | None = None
    cancellation_details: Cancellation | None = None

    @property
    def stated_currency(self) -> str | None:
        """Before 2022 the items alone state it."""
        rates = [item.rate for item in self.items.data if item.rate is not None]
        return self.currency or next((rate.currency for rate in rates), None)

    @property
    def told_discounts(self) -> Sequence[Discount]:
        """Versions that have both fields tell ids in the one and the newest discount whole in the other."""
        return _told(self.discounts) or _told([self.discount])

    @property
    def tells_its_discounts(self) -> bool:
        return _all_told(self.discounts, self.discount)

    @property
    def period_end(self) -> int | None:
        """On the subscription before 2025-03-31, then on its items."""
        return self.current_period_end or next(
            (e.current_period_end for e in self.items.data if e.current_period_end), None
        )


class Linked(msgspec.Struct):
    """A subscription within an invoice, where it is told in full."""

    id: str
    metadata: Metadata = None


class SubscriptionDetails(msgspec.Struct):
    metadata: Metadata = None
    subscription: str | Linked | None = None


class Parent(msgspec.Struct):
    subscription_details: SubscriptionDetails | None = None


class Invoice(msgspec.Struct):
    id: str
    currency: str
    amount_due: Amount
    amount_paid: Amount
    customer: Expandable = None
    subscription: str | Linked | None = None
    subscription_details: SubscriptionDetails | None = None
    parent: Parent | None = None
    metadata: Metadata = None
    billing_reason: str | None = None
    attempt_count: Count | None = None

    @property
    def details(self) -> SubscriptionDetails | None:
        return self.subscription_details or (self.parent.subscription_details if self.parent else None)

    @property
    def link(self) -> str | Linked | None:
        return self.subscription or (self.details.subscription if self.details else None)


class Charge(msgspec.Struct):
    id: str
    currency: str
    amount_refunded: Amount
    customer: Expandable = None
    metadata: Metadata = None


class CheckoutSession(msgspec.Struct):
    """https://docs.stripe.com/api/checkout/sessions/object."""

    customer: Expandable = None
    client_reference_id: str | None = None
    metadata: Metadata = None


class Data(msgspec.Struct):
    """`object` is decoded by the event's type."""

    object: msgspec.Raw
    previous_attributes: Mapping[str, Any] | None = None


class StripeEvent(msgspec.Struct):
    """livemode: False of a test. account: the connected account that it is about, if it is not one's own."""

    id: str
    type: str
    created: Seconds
    data: Data
    livemode: bool | None = None
    account: str | None = None


def read_object(decoder: msgspec.json.Decoder[Shape], event: StripeEvent) -> Shape:
    """What an event is about."""
    try:
        return decoder.decode(event.data.object)
    except msgspec.ValidationError as error:
        raise mismatch(error, "data.object") from error
    except RecursionError as error:
        raise Unusable("not_json", NESTED_TOO_DEEPLY) from error
