"""Events as Stripe sends them: what they say, and what is refused."""

import json
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.events import Decoded, Event, Ignored, Reads, Reject
from streams.core.profiles.document import Document
from streams.sources import InputOptions
from tests.decoders import Decoder
from tests.sources.stripe_events import (
    CREATED,
    Json,
    billing,
    charge,
    decode,
    event,
    invoice,
    item,
    price,
    reject,
    subscription,
    updated,
)


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
