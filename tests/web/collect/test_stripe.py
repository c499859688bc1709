"""Stripe's webhooks: Stripe's own library signs, and says what a good signature is."""

import json
import time

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import Unreachable
from streams.web.collect.stripe import TOLERANCE_S, why_not
from tests.web.collect.collecting import Collector
from tests.web.collect.stripe_posts import INVOICE, PAID, SECRET, Signature, send

OTHER = "whsec_before"


def collector(**settings: str) -> Collector:
    return Collector(**{"stripe_secrets": SECRET, "write_keys": "web:KEY", **settings})


async def test_a_signed_event_goes_to_the_billing_updates_as_it_was_sent_under_its_user() -> None:
    to = collector()
    assert (await send(to, PAID)).json() == {"success": True}
    [record] = to.kafka.records
    assert (record.topic, record.user) == ("billing-updates", "ann")
    assert record.value.decode() == json.dumps(PAID, indent=2)


@pytest.mark.parametrize(
    ("secrets", "configured", "status"),
    [
        ((SECRET,), SECRET, 200),
        ((OTHER, SECRET), SECRET, 200),  # Stripe signs with both while one is rotated
        ((OTHER,), f"{SECRET}, {OTHER}", 200),  # and we may have both
        ((OTHER,), SECRET, 400),
        ((SECRET,), "", 400),
    ],
)
async def test_any_signature_by_any_of_the_secrets_holds(
    secrets: tuple[str, ...], configured: str, status: int
) -> None:
    assert (await send(collector(stripe_secrets=configured), PAID, *secrets)).status_code == status


async def test_a_delivery_of_long_ago_is_refused() -> None:
    answer = await send(collector(), PAID, at=int(time.time()) - TOLERANCE_S - 5)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
    assert "300 s" in answer.json()["message"]


VALUES = st.sampled_from(["1000", "x", "", "0"]) | st.text("0af=", max_size=4)
HEADERS = st.lists(st.tuples(st.sampled_from(["t", "v1", "v0", ""]), VALUES)).map(
    lambda fields: ",".join(f"{name}={value}" for name, value in fields)
)
BODIES = st.sampled_from(["{}", '{"id": "evt_1"}', "ü"])


@given(HEADERS, BODIES, st.sampled_from(["", SECRET, OTHER]), st.integers(500, 1_500), st.integers(900, 1_100))
def test_a_signature_holds_exactly_where_stripes_library_says_so(
    header: str, body: str, signer: str, at: int, now: int
) -> None:
    if signer:
        header = f"{Signature.generate_signature_header(body, signer, at)},{header}"
    ours = why_not(header.encode(), body.encode(), [SECRET], float(now)) is None
    try:
        Signature.verify_header(body, header, SECRET)
        fields = [part.split("=") for part in header.split(",")]
        theirs = int(next(value for name, value, *_ in fields if name == "t")) >= now - TOLERANCE_S
    except stripe.SignatureVerificationError:
        theirs = False
    assert ours == theirs


async def test_no_secret_is_in_an_answer() -> None:
    answer = await send(collector(), PAID, OTHER)
    assert "whsec" not in answer.text


async def test_a_thin_event_is_refused_with_what_to_choose() -> None:
    thin = {"id": "evt_1", "object": "v2.core.event", "type": "v1.billing.meter.error_report_triggered"}
    answer = await send(collector(), thin)
    assert (answer.status_code, answer.json()["code"]) == (400, "thin_event")
    assert "Snapshot" in answer.json()["message"]


async def test_what_does_not_count_is_answered_with_the_setting_that_says_so() -> None:
    to = collector()
    assert (await send(to, {**PAID, "livemode": False})).json() == {
        "success": True,
        "passed_over": "test mode",
        "setting": "SEGMENTER_STRIPE_LIVEMODE",
    }
    account = (await send(to, {**PAID, "account": "acct_1"})).json()
    assert account["setting"] == "SEGMENTER_STRIPE_ACCOUNTS"
    assert (await send(to, {**PAID, "type": "product.created"})).json()["passed_over"] == "type product.created"
    assert to.kafka.records == []
    assert (await send(collector(stripe_livemode="any"), {**PAID, "livemode": False})).json() == {"success": True}


async def test_an_event_that_comes_again_is_answered_and_not_taken_again() -> None:
    to = collector()
    await send(to, PAID)
    assert (await send(to, PAID)).json() == {"success": True, "repeated": True}
    assert len(to.kafka.records) == 1
    await send(to, {**PAID, "id": "evt_2"})
    assert len(to.kafka.records) == 2


async def test_an_event_that_kafka_did_not_take_is_taken_when_it_comes_again() -> None:
    to = collector()
    to.kafka.away = "Kafka is away"
    assert (await send(to, PAID)).status_code == 503
    to.kafka.away = None
    assert (await send(to, PAID)).json() == {"success": True}
    assert len(to.kafka.records) == 1


async def test_while_redis_is_away_stripe_is_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    to = collector()

    async def away(*_: object) -> bool:
        raise Unreachable("Redis at cache:6379 does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(to.store, "remembers", away)
        answer = await send(to, PAID)
    assert (answer.status_code, answer.json()["code"]) == (503, "redis_away")
    assert to.kafka.records == []


async def test_an_event_that_cannot_be_used_is_refused_with_its_reason() -> None:
    broken = {**PAID, "data": {"object": {**INVOICE, "amount_paid": "much"}}}
    answer = await send(collector(), broken)
    assert (answer.status_code, answer.json()["code"]) == (400, "wrong_type")
    assert "data.object.amount_paid" in answer.json()["message"]


async def test_an_event_of_a_customer_whom_nobody_knows_yet_is_kept_under_the_customer() -> None:
    to = collector()
    nobodys = {**PAID, "data": {"object": {**INVOICE, "metadata": {}}}}
    assert (await send(to, nobodys)).json() == {"success": True}
    assert [record.user for record in to.kafka.records] == ["cus_1"]
