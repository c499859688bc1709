"""MRR of a Stripe subscription: what its items bring in a month.

Comes in: a subscription as Stripe sends it, and its currency. Goes out: an amount a month, in whole units of that; and
the item that brings most of it.

The rule is Stripe's own (https://docs.stripe.com/billing/subscriptions/analytics/glossary, and CONTRACT 2.2): of each
item quantity x unit amount, normalised to a month; without metered items and tax. Of discounts those count that last
for ever. Whether the subscription counts at all is a matter of its status, which the ledger looks at.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from streams.core.profiles.ledger import LARGEST_MRR
from streams.sources.money import major_units
from streams.sources.records import Unusable
from streams.sources.stripe_shapes import Coupon, Discount, Item, Price, Subscription, Transform

MONTHS = {"month": Fraction(1), "year": Fraction(12), "week": Fraction(12, 52), "day": Fraction(12, 365)}
LARGEST_AMOUNT = 10**15  # minor units
MOST_DECIMALS = 12  # of a decimal unit amount, as Stripe's reference of prices says
ITEMS = "data.object.items.data"


def mrr_of(subscription: Subscription, currency: str) -> float:
    monthly = sum((_of_item(at, item) for at, item in _licensed(subscription)), Fraction(0))
    first = next(_licensed(subscription), None)
    months = Fraction(1) if first is None else _months(first[0], _price(*first))
    for coupon in _for_ever(subscription.told_discounts):
        monthly = _reduced(monthly, coupon, months)
    mrr = float(major_units(monthly, currency))
    if mrr > LARGEST_MRR:
        raise Unusable("out_of_range", f"`{ITEMS}` make an MRR beyond {LARGEST_MRR:g}")
    return mrr


def leading_item(subscription: Subscription) -> Item | None:
    """The one that brings most, the first of equal ones; None where all are metered."""
    licensed = list(_licensed(subscription))
    return max(licensed, key=lambda each: _of_item(*each), default=(0, None))[1]


def seats(subscription: Subscription) -> int:
    return sum(item.units for _, item in _licensed(subscription))


def _licensed(subscription: Subscription) -> Iterator[tuple[int, Item]]:
    """Items with their places; what is metered has no amount before it is used."""
    return ((at, item) for at, item in enumerate(subscription.items.data) if not _price(at, item).is_metered)


def _price(at: int, item: Item) -> Price:
    if item.rate is None:
        raise Unusable("wrong_type", f"`{ITEMS}[{at}]` has neither a `price` nor a `plan`")
    return item.rate


def _of_item(at: int, item: Item) -> Fraction:
    """Minor units a month."""
    price = _price(at, item)
    months = _months(at, price)
    monthly = _unit_amount(at, price) * _packages(item.units, price.transform) / months
    for coupon in _for_ever(item.told_discounts):
        monthly = _reduced(monthly, coupon, months)
    return monthly


def _packages(units: int, transform: Transform | None) -> int:
    """Where a price is for so many units at once."""
    if transform is None:
        return units
    return -(-units // transform.divide_by) if transform.round == "up" else units // transform.divide_by


def _unit_amount(at: int, price: Price) -> Fraction:
    if price.amount_text is None and price.amount_whole is None:
        raise Unusable("wrong_type", f"`{ITEMS}[{at}]` has no unit amount; tiered prices do not say what they bring")
    try:
        amount = Decimal(price.amount_text or price.amount_whole or 0)
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


def _months(at: int, price: Price) -> Fraction:
    """How many months a period has."""
    interval, count = price.period
    if interval not in MONTHS:
        raise Unusable("wrong_type", f"`{ITEMS}[{at}]`: the price's interval is none of {', '.join(MONTHS)}")
    return MONTHS[interval] * count


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
