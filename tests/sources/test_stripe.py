"""Events as Stripe sends them: what they say, whose they are, and what is refused."""

import json
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.events import Decoded, Event, Ignored, Reads, Reject
from streams.core.links import How, Link, Linking, Unlinked
from streams.core.profiles.document import Document
from streams.sources import InputOptions
from tests.decoders import Decoder
from tests.sources.stripe_events import CREATED, Json, charge, event, invoice, item, plan, price, subscription

billing = Decoder(Reads({})).billing


def decode(raw: bytes, key: bytes | None = None) -> Event:
    found = billing(raw, key, None)
    assert isinstance(found, Event), found
    return found


def reject(raw: bytes, key: bytes | None = None) -> Reject:
    found = billing(raw, key, None)
    assert isinstance(found, Reject), found
    return found


def updated(about: Json, created: int = CREATED, **before: Any) -> bytes:
    return event("customer.subscription.updated", about, created, **before)


def test_a_subscription_is_told_in_the_words_of_the_plain_form() -> None:
    about = subscription(item(price(lookup_key="pro"), quantity=3), trial_end=CREATED + 86_400, cancel_at=CREATED)
    found = decode(event("customer.subscription.created", about))
    assert (found.subject, found.ts, found.message_id) == ("ann", CREATED * 1000, "evt_1")
    assert found.name == "Subscription Started"
    assert (found.active, found.touches_ledger) == (False, True)
    assert found.properties == {
        "subscription_id": "sub_1",
        "status": "active",
        "plan": "pro",
        "mrr": 60.0,
        "currency": "USD",
        "interval": "month",
        "interval_count": 1,
        "seats": 3,
        "trial_end": "2026-03-02T12:00:00.000Z",
        "cancel_at": "2026-03-01T12:00:00.000Z",
        # What it does not say is gone.
        **dict.fromkeys(("mrr_incomplete", "started_at", "renews_at", "cancel_at_period_end", "reason")),
        "customer": None,
    }


@pytest.mark.parametrize(
    ("kind", "about", "before", "name"),
    [
        ("created", {"status": "trialing"}, {}, "Trial Started"),
        ("created", {"status": "incomplete"}, {}, "Subscription Started"),
        ("updated", {}, {"items": {}}, "Subscription Updated"),
        ("updated", {}, {"status": "trialing"}, "Trial Ended"),
        ("updated", {"pause_collection": {"behavior": "void"}}, {"pause_collection": None}, "Subscription Paused"),
        ("updated", {"pause_collection": None}, {"pause_collection": {}}, "Subscription Resumed"),
        ("paused", {"status": "paused"}, {}, "Subscription Paused"),
        ("resumed", {}, {}, "Subscription Resumed"),
        ("trial_will_end", {"status": "trialing"}, {}, "Subscription Updated"),
        ("deleted", {"status": "canceled"}, {}, "Subscription Cancelled"),
    ],
)
def test_what_happened_to_a_subscription_has_the_name_of_the_plain_form(
    kind: str, about: Json, before: Json, name: str
) -> None:
    assert decode(event(f"customer.subscription.{kind}", subscription(**about), **before)).name == name


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


@pytest.mark.parametrize(
    ("about", "key", "user"),
    [
        (subscription(), b"key", "ann"),
        (subscription(metadata={}), b"key", "key"),
        (subscription(metadata=None), b"key", "key"),
    ],
)
def test_the_user_of_a_subscription(about: Json, key: bytes, user: str) -> None:
    assert decode(updated(about), key).subject == user


OLD = {"subscription": "sub_1", "subscription_details": {"metadata": {"user_id": "old"}}}
NEW = {"parent": {"subscription_details": {"subscription": "sub_1", "metadata": {"user_id": "new"}}}}
FULL = {"subscription": {"id": "sub_1", "metadata": {"user_id": "full"}}}
OWN = {"metadata": {"user_id": "own"}}


@pytest.mark.parametrize(
    ("link", "user"),
    [
        (OLD, "old"),
        (NEW, "new"),
        (OLD | OWN, "old"),
        (FULL | {"parent": NEW["parent"]}, "full"),
        ({"subscription": "sub_1"} | OWN, "own"),
        ({"subscription": "sub_1"}, "key"),
    ],
)
def test_the_user_of_an_invoice_is_that_of_its_subscription_first(link: Json, user: str) -> None:
    found = decode(event("invoice.paid", invoice(**link)), b"key")
    assert (found.subject, found.properties["subscription_id"]) == (user, "sub_1")


@pytest.mark.parametrize("key", [b"cus_QXg1o8vcGmoR32", b"sub_1", b"sub_sched_1", b"in_1", b"evt_1", None])
def test_a_key_of_stripes_own_is_no_user_and_it_is_told_what_to_set(key: bytes | None) -> None:
    told = reject(updated(subscription(metadata={}, customer=None)), key)
    assert told.code == "no_user"
    assert "set `metadata.user_id` on the subscription" in told.reason
    # It takes over nothing of its subscription.
    assert "set `metadata.user_id` on the charge" in reject(event("charge.refunded", charge()), key).reason


@pytest.mark.parametrize("key", [b"cus_1", b"sub_1", b"evt_1", None])
@pytest.mark.parametrize("customer", ["cus_1", {"id": "cus_1", "object": "customer"}])
def test_without_a_user_it_waits_under_its_customer(key: bytes | None, customer: object) -> None:
    found = decode(updated(subscription(metadata={}, customer=customer)), key)
    assert (found.subject, found.identity, found.properties["customer"]) == ("cus_1", Unlinked(), "cus_1")
    paid = decode(event("invoice.paid", invoice(customer=customer)), key)
    assert (paid.subject, paid.identity, "customer" in paid.properties) == ("cus_1", Unlinked(), False)
    assert decode(event("charge.refunded", charge(customer=customer)), key).identity == Unlinked()


def test_a_key_that_is_a_user_names_whose_it_is_whatever_the_customer() -> None:
    found = decode(updated(subscription(metadata={})), b"ann")
    assert (found.subject, found.identity, found.properties["customer"]) == ("ann", None, None)
    own = decode(updated(subscription(metadata={}, customer="acme-7")), b"acme-7")
    assert (own.subject, own.identity) == ("acme-7", Unlinked())


CUSTOMER = {"id": "cus_1", "object": "customer", "metadata": {"user_id": "ann"}}
SESSION = {"id": "cs_1", "object": "checkout.session", "customer": "cus_1"}


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        ("customer.created", CUSTOMER),
        ("customer.updated", CUSTOMER),
        ("checkout.session.completed", SESSION | {"client_reference_id": "ann", "metadata": {"user_id": "bob"}}),
        ("checkout.session.completed", SESSION | {"metadata": {"user_id": "ann"}}),
    ],
)
def test_customers_and_checkouts_say_whose_the_customer_is(kind: str, about: Json) -> None:
    found = decode(event(kind, about), b"cus_1")
    assert (found.subject, found.identity) == ("ann", Linking((Link("cus_1", How.CUSTOMER),)))
    assert (found.name, found.active, found.touches_ledger) == ("", False, False)


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        ("customer.created", {"id": "cus_1", "metadata": {}}),
        ("customer.updated", {"id": "cus_1", "metadata": {"user_id": "null"}}),
        ("checkout.session.completed", SESSION),
        ("checkout.session.completed", {"id": "cs_1", "customer": None, "client_reference_id": "ann"}),
    ],
)
def test_customers_and_checkouts_that_name_no_user_say_nothing(kind: str, about: Json) -> None:
    assert billing(event(kind, about), b"ann", None) == Ignored(f"{kind} of no user")


def test_invoices_and_refunds_are_events_and_no_more() -> None:
    user = {"user_id": "ann"}
    paid = decode(event("invoice.paid", invoice(metadata=user, amount_paid=1_250, billing_reason="subscription_cycle")))
    assert (paid.name, paid.properties["amount"], paid.touches_ledger) == ("Invoice Paid", 12.5, False)
    failed = decode(event("invoice.payment_failed", invoice(metadata=user, amount_paid=0, attempt_count=2)))
    assert (failed.name, failed.properties["amount"], failed.properties["attempts"]) == ("Payment Failed", 20.0, 2)
    assert decode(event("invoice.voided", invoice(metadata=user))).name == "Invoice Voided"
    assert decode(event("invoice.marked_uncollectible", invoice(metadata=user))).name == "Invoice Uncollectible"
    whole = decode(event("charge.refunded", charge(metadata=user)))
    assert (whole.name, whole.properties["amount"]) == ("Refund Issued", 5.0)
    rest = decode(event("charge.refunded", charge(metadata=user), amount_refunded=200))
    assert rest.properties["amount"] == 3.0


@pytest.mark.parametrize("kind", ["customer.deleted", "invoice.payment_succeeded", "no.such.type"])
def test_types_that_mean_nothing_to_us_are_passed_over(kind: str) -> None:
    assert billing(event(kind, {"anything": 1}), None, None) == Ignored(kind)


@pytest.mark.parametrize(
    ("raw", "code", "said"),
    [
        (updated(subscription(status=7)), "wrong_type", "`data.object.status` is a whole number, and must be a text"),
        (updated(subscription(status="gone")), "wrong_type", "`data.object.status` is none of"),
        (updated(subscription(items=None)), "wrong_type", "data.object.items"),
        (updated(subscription(currency=None)), "wrong_type", "`data.object.currency` is missing"),
        (updated(subscription(item(quantity=-1))), "wrong_type", "data.object.items.data[0].quantity"),
        (updated(subscription(item(price(-1)))), "out_of_range", "the unit amount is below 0"),
        (updated(subscription(item(price(10**16)))), "out_of_range", "beyond 1e15"),
        (updated(subscription(item(price(10**14), quantity=10**6))), "out_of_range", "make an MRR beyond 1e+10"),
        (updated(subscription(item(price(None, unit_amount_decimal="x")))), "wrong_type", "is no number"),
        (updated(subscription(item(price(None, unit_amount_decimal="NaN")))), "wrong_type", "is no number"),
        (updated(subscription(item(price(None, unit_amount_decimal="1e999999999999")))), "out_of_range", "beyond 1e15"),
        (
            updated(subscription(item(price(None, unit_amount_decimal="1e-999999999999")))),
            "out_of_range",
            "more than 12 decimals",
        ),
        (updated(subscription(item(price(None, unit_amount_decimal="Infinity")))), "out_of_range", "beyond 1e15"),
        (updated(subscription(trial_start=2, trial_end=1)), "out_of_range", "`data.object.trial_end` is before"),
        (updated(subscription(start_date=2, ended_at=1)), "out_of_range", "`data.object.ended_at` is before"),
        (
            updated(subscription(item(current_period_start=2, current_period_end=1))),
            "out_of_range",
            "`data.object.items.data[0].current_period_end` is before",
        ),
        (event("invoice.paid", invoice(amount_paid=-5)), "wrong_type", "data.object.amount_paid"),
        (event("charge.refunded", charge(), amount_refunded=900), "out_of_range", "amount_refunded"),
        (b'{"object":"event","id":"evt_1","type":"invoice.paid","created":"x"}', "wrong_type", "`created` is a text"),
        (b'{"object":"event","id":"evt_1","created":1,"data":{"object":{}}}', "wrong_type", "type"),
    ],
)
def test_what_is_missing_or_wrong_is_told_with_its_path(raw: bytes, code: str, said: str) -> None:
    told = reject(raw, b"key")
    assert told.code == code
    assert said in told.reason


SECRET = "s3cr3t"


@given(st.recursive(st.sampled_from([SECRET, 1, None]), lambda inner: st.dictionaries(st.text(max_size=3), inner)))
def test_no_reason_repeats_a_value(wrong: object) -> None:
    for name in ("status", "currency", "items", "metadata", "discounts", "trial_end"):
        found = billing(updated(subscription() | {name: wrong}), SECRET.encode(), None)
        assert not isinstance(found, Reject) or SECRET not in found.reason


def ledger_after(decoded: list[Decoded]) -> Any:
    document = Document()
    for one in decoded:
        assert isinstance(one, Event)
        document.fold(one)
    assert document.ledger is not None
    return json.loads(document.encode())["ledger"]["subscriptions"]


STATUSES = st.sampled_from(["trialing", "active", "past_due", "unpaid", "paused"])


@given(
    changes=st.lists(st.tuples(st.integers(0, 2), STATUSES, st.integers(1, 9)), min_size=1, max_size=6),
    ends=st.booleans(),
    shuffled=st.randoms(use_true_random=False),
)
def test_redelivered_reordered_and_same_second_events_give_the_same_ledger(
    changes: list[tuple[int, str, int]], ends: bool, shuffled: Any
) -> None:
    changes.sort(key=lambda change: change[0])
    history = [event("customer.subscription.created", subscription(status="incomplete"), CREATED, "evt_first")]
    for number, (second, status, quantity) in enumerate(changes):
        about = subscription(item(quantity=quantity), status=status)
        history.append(event("customer.subscription.updated", about, CREATED + second, f"evt_{number}"))
    if ends:
        last = CREATED + changes[-1][0]
        history.append(event("customer.subscription.deleted", subscription(status="canceled"), last, "evt_last"))
    decoded: list[Decoded] = [billing(raw, None, None) for raw in history]
    again = decoded + shuffled.sample(decoded, k=len(decoded))
    shuffled.shuffle(again)
    in_order_of_time = changes and len({second for second, *_ in changes}) == len(changes)
    assert not in_order_of_time or ledger_after(again) == ledger_after(decoded)
    status = ledger_after(again)["sub_1"]["properties"]["status"][0]
    assert (status == "canceled") == ends


def test_in_one_second_a_creation_comes_before_and_an_end_after_all_else() -> None:
    happened = {"created": "incomplete", "updated": "active", "deleted": "canceled"}
    sent = [event(f"customer.subscription.{kind}", subscription(status=each)) for kind, each in happened.items()]
    events: list[Decoded] = [billing(raw, None, None) for raw in sent]
    for order in permutations(events):
        assert ledger_after(list(order))["sub_1"]["properties"]["status"][0] == "canceled"
    assert ledger_after([events[1], events[0]])["sub_1"]["properties"]["status"][0] == "active"


def test_word_of_a_trial_that_will_end_comes_before_what_became_of_it() -> None:
    happened = {"trial_will_end": "trialing", "updated": "active"}
    sent = [event(f"customer.subscription.{kind}", subscription(status=each)) for kind, each in happened.items()]
    for order in permutations([billing(raw, None, None) for raw in sent]):
        assert ledger_after(list(order))["sub_1"]["properties"]["status"][0] == "active"


def test_of_equal_events_of_one_second_the_later_arrival_stands() -> None:
    events = [billing(updated(subscription(status=each)), None, None) for each in ("past_due", "active")]
    assert ledger_after(events)["sub_1"]["properties"]["status"][0] == "active"
    assert ledger_after(events[::-1])["sub_1"]["properties"]["status"][0] == "past_due"


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


def test_a_subscription_that_moves_to_metered_prices_alone_has_no_plan_any_more() -> None:
    before = decode(event("customer.subscription.created", subscription()))
    after = decode(updated(subscription(item(price(None, usage_type="metered"))), CREATED + 1))
    held = ledger_after([before, after])["sub_1"]["properties"]
    assert (held["plan"][0], held["mrr"][0]) == (None, 0.0)


@pytest.mark.parametrize(
    "about",
    [
        subscription(item(current_period_start=CREATED, current_period_end=CREATED + 86_400)),
        subscription(current_period_start=CREATED, current_period_end=CREATED + 86_400),
    ],
)
def test_when_it_renews_is_told_in_both_shapes(about: Json) -> None:
    assert decode(updated(about)).properties["renews_at"] == "2026-03-02T12:00:00.000Z"


@pytest.mark.parametrize(
    ("wanted", "sent", "counts"),
    [
        (InputOptions(), {"livemode": False}, False),
        (InputOptions(), {"livemode": True}, True),
        (InputOptions(), {"livemode": None}, True),
        (InputOptions(stripe_livemode="false"), {"livemode": False}, True),
        (InputOptions(stripe_livemode="false"), {"livemode": True}, False),
        (InputOptions(stripe_livemode="any"), {"livemode": False}, True),
        (InputOptions(), {"account": "acct_1"}, False),
        (InputOptions(stripe_accounts=frozenset({"acct_1"})), {"account": "acct_1"}, True),
        (InputOptions(stripe_accounts=frozenset({"acct_2"})), {"account": "acct_1"}, False),
        (InputOptions(stripe_accounts=frozenset({"any"})), {"account": "acct_1"}, True),
    ],
)
def test_events_of_test_mode_and_of_connected_accounts_are_passed_over(
    wanted: InputOptions, sent: Json, counts: bool
) -> None:
    raw = json.dumps(json.loads(updated(subscription())) | sent).encode()
    found = Decoder(Reads({}), wanted).billing(raw, None, None)
    assert isinstance(found, Event if counts else Ignored), found


@pytest.mark.parametrize(
    ("metadata", "before", "had"),
    [
        ({"user_id": "ann"}, {"metadata": {"user_id": "bob"}}, "bob"),
        ({"user_id": "ann"}, {"metadata": {"user_id": None}}, "cus_1"),
        ({"user_id": "ann"}, {"metadata": {"user_id": "null"}}, "cus_1"),
        ({"user_id": "ann"}, {"metadata": {"user_id": "b" * 300}}, "cus_1"),
        ({}, {"metadata": {"user_id": "bob"}}, "bob"),
        ({"user_id": "ann"}, {"metadata": {"user_id": "ann"}}, None),
        ({"user_id": "ann"}, {"metadata": {"seats": "3"}}, None),
        ({"user_id": "ann"}, {"metadata": "bob"}, None),
        ({"user_id": "ann"}, {"status": "active"}, None),
        ({"user_id": "ann"}, {}, None),
    ],
)
def test_whose_a_subscription_was_before_is_told(metadata: Json, before: Json, had: str | None) -> None:
    found = decode(updated(subscription(metadata=metadata), **before)).identity
    assert isinstance(found, Linking | Unlinked | None)
    assert (None if found is None else found.had) == had


def test_an_invoice_moves_no_subscription() -> None:
    about = invoice(metadata={"user_id": "ann"}, customer="cus_1")
    assert decode(event("invoice.paid", about, metadata={"user_id": "bob"})).identity is None
