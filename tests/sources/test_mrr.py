"""What a subscription of Stripe's brings in a month, and whether that could be priced whole."""

import pytest

from streams.core.events import Event, Reads, Reject
from streams.sources import InputOptions
from tests.decoders import Decoder
from tests.sources.stripe_events import Json, decode, event, invoice, item, plan, price, subscription, updated


@pytest.mark.parametrize(
    ("items", "mrr"),
    [
        ([item(price(2_000))], 20.0),
        ([item(price(12_000, "year"))], 10.0),
        ([item(price(3_000, "month", 3))], 10.0),
        ([item(price(1_200, "week"))], 52.0),
        ([item(price(1_200, "day"))], 365.0),
        ([item(plan(2_000), quantity=2)], 40.0),
        ([item(plan(24_000, "year"), quantity=None)], 20.0),
        ([item(price(1_000)), item(price(12_000, "year"), quantity=2)], 30.0),
        ([item(price(1_000)), item(price(None, usage_type="metered"), quantity=None)], 10.0),
        ([item(price(None, unit_amount_decimal="0.5"), quantity=1_000)], 5.0),
        ([item(price(500, transform_quantity={"divide_by": 10, "round": "up"}), quantity=11)], 10.0),
        ([item(price(500, transform_quantity={"divide_by": 10, "round": "down"}), quantity=19)], 5.0),
        ([item(price(1_000), quantity=0)], 0.0),
        ([item(price(1_000), discounts=[{"coupon": {"duration": "forever", "percent_off": 25}}])], 7.5),
        ([item(price(12_000, "year"), discounts=[{"coupon": {"duration": "forever", "amount_off": 2_400}}])], 8.0),
    ],
)
def test_mrr_is_what_the_items_bring_in_a_month(items: list[Json], mrr: float) -> None:
    assert decode(updated(subscription(*items))).properties["mrr"] == mrr


HALF = {"duration": "forever", "percent_off": 50.0}


@pytest.mark.parametrize(
    ("discounts", "mrr"),
    [
        ({"discount": {"coupon": HALF}}, 10.0),
        ({"discounts": [{"coupon": HALF}]}, 10.0),
        ({"discounts": [{"source": {"type": "coupon", "coupon": HALF}}]}, 10.0),
        ({"discounts": [{"coupon": {"duration": "forever", "amount_off": 500}}]}, 15.0),
        ({"discounts": [{"coupon": {"duration": "forever", "amount_off": 9_999}}]}, 0.0),
        ({"discounts": [{"coupon": HALF}, {"coupon": HALF}]}, 5.0),
        ({"discounts": [{"coupon": {**HALF, "duration": "once"}}]}, 20.0),
        ({"discounts": [{"coupon": {**HALF, "duration": "repeating"}}]}, 20.0),
        ({"discounts": ["di_1"]}, 20.0),
        ({"discounts": ["di_1"], "discount": {"coupon": HALF}}, 10.0),
        ({"discounts": [{"coupon": HALF}], "discount": {"coupon": HALF}}, 10.0),
        ({"discount": None, "discounts": []}, 20.0),
    ],
)
def test_only_discounts_for_ever_lower_it(discounts: Json, mrr: float) -> None:
    assert decode(updated(subscription(**discounts))).properties["mrr"] == mrr


@pytest.mark.parametrize(("currency", "mrr"), [("usd", 20.0), ("jpy", 2_000.0), ("kwd", 2.0), ("isk", 20.0)])
def test_minor_units_are_those_of_the_currency(currency: str, mrr: float) -> None:
    assert decode(updated(subscription(currency=currency))).properties["mrr"] == mrr


def test_the_currency_may_be_stated_by_the_items_alone() -> None:
    about = subscription(item(plan(2_000, currency="jpy")), currency=None)
    assert decode(updated(about)).properties["mrr"] == 2_000.0


def test_a_foreign_currency_is_reported_by_its_rate_and_without_one_refused() -> None:
    in_dollars = Decoder(Reads({}), InputOptions(currency="USD", currency_rates={"EUR": 1.5})).billing
    euros = in_dollars(updated(subscription(currency="eur")), None, None)
    assert isinstance(euros, Event)
    assert (euros.properties["mrr"], euros.properties["currency"]) == (30.0, "EUR")
    refused = in_dollars(event("invoice.paid", invoice(currency="gbp", metadata={"user_id": "ann"})), None, None)
    assert refused == Reject(
        "no_rate", "`data.object.currency` is a currency for which SEGMENTER_CURRENCY_RATES has no rate to USD"
    )


def tiered(mode: str, *tiers: tuple[int | str | None, int | None, int | None]) -> Json:
    told = [{"up_to": end, "unit_amount": unit, "flat_amount": flat} for end, unit, flat in tiers]
    return price(None, billing_scheme="tiered", tiers_mode=mode, tiers=told)


@pytest.mark.parametrize(
    ("mode", "quantity", "mrr"),
    [
        ("graduated", 0, 5.0),  # what the first tier costs flat is due all the same
        ("graduated", 5, 5.0 + 5 * 7.0),
        ("graduated", 6, 5.0 + 5 * 7.0 + 3.0 + 1 * 6.5),
        ("graduated", 20, 5.0 + 5 * 7.0 + 3.0 + 5 * 6.5 + 10 * 6.0),
        ("volume", 5, 5.0 + 5 * 7.0),
        ("volume", 6, 3.0 + 6 * 6.5),
        ("volume", 20, 20 * 6.0),
    ],
)
def test_tiers_that_are_sent_are_computed(mode: str, quantity: int, mrr: float) -> None:
    tiers = (5, 700, 500), (10, 650, 300), (None, 600, None)
    found = decode(updated(subscription(item(tiered(mode, *tiers), quantity=quantity))))
    assert found.properties["mrr"] == pytest.approx(mrr)
    assert found.properties["mrr_incomplete"] is None


WHOLE = item(price(1_000))


@pytest.mark.parametrize(
    "about",
    [
        subscription(WHOLE, item(price(None, billing_scheme="tiered"))),
        subscription(WHOLE, {"quantity": 1}),
        subscription(WHOLE, item(price(interval="aeon"))),
        subscription(items={"data": [WHOLE], "has_more": True}),
        subscription(WHOLE, discounts=["di_1"]),
        subscription(WHOLE, discounts=[{"id": "di_1", "source": {"coupon": "co_1"}}]),
        subscription(item(price(1_000), discounts=["di_1"])),
        subscription(WHOLE, discounts=["di_1", "di_2"], discount={"id": "di_1", "coupon": {"duration": "once"}}),
    ],
)
def test_what_cannot_be_priced_voids_nothing_and_is_told(about: Json) -> None:
    found = decode(updated(about | {"status": "past_due"}))
    told = [found.properties[name] for name in ("status", "mrr", "mrr_incomplete")]
    assert told == ["past_due", 10.0, True]


@pytest.mark.parametrize(
    "about",
    [
        subscription(WHOLE, discounts=["di_1"], discount={"id": "di_1", "coupon": {"duration": "once"}}),
        subscription(WHOLE, item(price(None, usage_type="metered"))),
    ],
)
def test_what_is_told_whole_or_is_metered_is_complete(about: Json) -> None:
    assert decode(updated(about)).properties["mrr_incomplete"] is None
