"""Whose an event of Stripe's is, and whose the customer is."""

import pytest

from streams.core.events import Ignored
from streams.core.links import How, Link, Linking, Unlinked
from tests.sources.stripe_events import (
    Json,
    billing,
    charge,
    decode,
    event,
    invoice,
    reject,
    subscription,
    updated,
)


@pytest.mark.parametrize(
    ("about", "key", "user"),
    [
        (subscription(), b"key", "ann"),
        (subscription(metadata={}), b"key", "key"),
        (subscription(metadata=None), b"key", "key"),
    ],
)
def test_the_user_of_a_subscription_is_whom_its_metadata_or_else_the_key_names(
    about: Json, key: bytes, user: str
) -> None:
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


@pytest.mark.parametrize("key", [b"", b" ", b"null", b"Undefined", b'"none"'])
def test_a_key_that_names_nobody_is_as_if_there_were_none(key: bytes) -> None:
    assert decode(updated(subscription(metadata={}, customer="cus_1")), key).identity == Unlinked()
    assert "nor a customer" in reject(updated(subscription(metadata={}, customer=None)), key).reason


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
