"""MRR of a Stripe subscription: what its items bring in a month.

Comes in: a subscription as Stripe sends it, and its currency. Goes out: an amount a month, in whole units of that, and
whether something could not be priced; and the item that brings most of it.

The rule is Stripe's own (https://docs.stripe.com/billing/subscriptions/analytics/glossary): of each item quantity x
unit amount, normalised to a month; without metered items and tax. Tiers are computed where they are sent
(https://docs.stripe.com/products-prices/pricing-models#tiered-pricing). Of discounts those count that last for ever.
Whether the subscription counts at all is a matter of its status, which the ledger looks at (docs/semantics.md#stripe).
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import NamedTuple

from streams.core.profiles.ledger import LARGEST_MRR
from streams.sources.money import major_units
from streams.sources.records import Unusable
from streams.sources.stripe_shapes import Coupon, Discount, Item, Price, Subscription, Tier, Transform

MONTHS = {"month": Fraction(1), "year": Fraction(12), "week": Fraction(12, 52), "day": Fraction(12, 365)}
LARGEST_AMOUNT = 10**15  # minor units
MOST_DECIMALS = 12  # of a decimal unit amount, as Stripe's reference of prices says
ITEMS = "data.object.items.data"


class Priced(NamedTuple):
    """mrr: of all that can be priced. is_incomplete: whether something cannot, because Stripe did not send it whole."""

    mrr: float
    is_incomplete: bool


def mrr_of(subscription: Subscription, currency: str) -> Priced:
    amounts = [_of_item(at, item) for at, item in _licensed(subscription)]
    monthly = sum((amount for amount in amounts if amount is not None), Fraction(0))
    months = next((_months(item) for _, item in _licensed(subscription)), None) or Fraction(1)
    for coupon in _for_ever(subscription.told_discounts):
        monthly = _reduced(monthly, coupon, months)
    mrr = float(major_units(monthly, currency))
    if mrr > LARGEST_MRR:
        raise Unusable("out_of_range", f"`{ITEMS}` make an MRR beyond {LARGEST_MRR:g}")
    return Priced(mrr, None in amounts or subscription.items.has_more or not _tells_discounts(subscription))


def _tells_discounts(subscription: Subscription) -> bool:
    """Whether no discount that may last for ever is told by its id alone."""
    return subscription.tells_its_discounts and all(item.tells_its_discounts for _, item in _licensed(subscription))


def leading_item(subscription: Subscription) -> Item | None:
    """The one that brings most, the first of equal ones; None where all are metered."""
    licensed = list(_licensed(subscription))
    return max(licensed, key=lambda each: _of_item(*each) or Fraction(0), default=(0, None))[1]


def seats(subscription: Subscription) -> int:
    return sum(item.units for _, item in _licensed(subscription))


def _licensed(subscription: Subscription) -> Iterator[tuple[int, Item]]:
    """Items with their places; what is metered has no amount before it is used."""
    items = enumerate(subscription.items.data)
    return ((at, item) for at, item in items if item.rate is None or not item.rate.is_metered)


def _of_item(at: int, item: Item) -> Fraction | None:
    """Minor units a month; None where it cannot be priced."""
    months, amount = _months(item), _amount(at, item)
    if months is None or amount is None:
        return None
    monthly = amount / months
    for coupon in _for_ever(item.told_discounts):
        monthly = _reduced(monthly, coupon, months)
    return monthly


def _amount(at: int, item: Item) -> Fraction | None:
    """Minor units a period; None where the price has neither a unit amount nor tiers, or there is no price."""
    price = item.rate
    if price is None:
        return None
    if price.amount_text is not None or price.amount_whole is not None:
        return _number(at, price.amount_text, price.amount_whole) * _packages(item.units, price.transform)
    match price.tiers_mode if price.tiers else None:
        case "graduated":
            return _graduated(at, price, item.units)
        case "volume":
            return _volume(at, price, item.units)
    return None


def _graduated(at: int, price: Price, units: int) -> Fraction:
    """Each unit at the price of the tier that it falls into, and what each tier begun costs flat; the first one is."""
    amount, below = Fraction(0), 0
    for tier in price.tiers or ():
        if units > below or below == 0:
            amount += _flat(at, tier) + _unit(at, tier) * max(0, min(units, _end(tier, units)) - below)
        below = max(below, _end(tier, units))
    return amount


def _volume(at: int, price: Price, units: int) -> Fraction:
    """All units at the price of the tier that their number falls into; the last one where it is beyond all."""
    tiers = price.tiers or ()
    tier = next((tier for tier in tiers if units <= _end(tier, units)), tiers[-1])
    return _flat(at, tier) + _unit(at, tier) * units


def _end(tier: Tier, units: int) -> int:
    """Up to which quantity a tier reaches; the last one reaches as far as need be."""
    return tier.up_to if isinstance(tier.up_to, int) else units


def _unit(at: int, tier: Tier) -> Fraction:
    return _number(at, tier.unit_amount_decimal, tier.unit_amount)


def _flat(at: int, tier: Tier) -> Fraction:
    return _number(at, tier.flat_amount_decimal, tier.flat_amount)


def _packages(units: int, transform: Transform | None) -> int:
    """Where a price is for so many units at once."""
    if transform is None:
        return units
    return -(-units // transform.divide_by) if transform.round == "up" else units // transform.divide_by


def _number(at: int, text: str | None, whole: int | None) -> Fraction:
    """Minor units, from the decimal where there is one."""
    try:
        amount = Decimal(text or whole or 0)
        is_possible = 0 <= amount <= LARGEST_AMOUNT
    except InvalidOperation:
        raise Unusable("wrong_type", f"`{ITEMS}[{at}]`: the decimal unit amount is no number") from None
    # Looked at before it becomes a fraction, which writes an exponent out: 1e999999999 would take all memory.
    if not is_possible:
        raise Unusable("out_of_range", f"`{ITEMS}[{at}]`: the unit amount is below 0 or beyond 1e15")
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -MOST_DECIMALS:
        raise Unusable("out_of_range", f"`{ITEMS}[{at}]`: the unit amount has more than {MOST_DECIMALS} decimals")
    return Fraction(amount)


def _months(item: Item) -> Fraction | None:
    """How many months a period has; None where the price has none that we know."""
    interval, count = item.rate.period if item.rate is not None else (None, 1)
    return MONTHS[interval] * count if interval in MONTHS else None


def _for_ever(discounts: Sequence[Discount]) -> Iterator[Coupon]:
    """Those whose coupon is told; of others Stripe sends the id alone."""
    for discount in discounts:
        coupon = discount.the_coupon
        if coupon is not None and coupon.duration == "forever":
            yield coupon


def _reduced(monthly: Fraction, coupon: Coupon, months: Fraction) -> Fraction:
    """By a percentage, or by so much a period of so many months (that of the item, or of a subscription's first)."""
    if coupon.percent_off is not None:
        return monthly * (1 - Fraction(Decimal(str(coupon.percent_off))) / 100)
    return max(Fraction(0), monthly - (coupon.amount_off or 0) / months)
