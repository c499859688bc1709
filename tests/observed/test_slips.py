"""Billing updates that are a slip of the pen away from those that mean something."""

import pytest

from streams.observed.names import ObservedNames, Sample
from streams.observed.slips import slips
from streams.sources.warnings import event_meant, property_meant


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        *(("Subscription Strated", "Subscription Started"), ("subscription_started", "Subscription Started")),
        *(("Subscription Canceled", "Subscription Cancelled"), ("Trial Start", None), ("Subscription Started", None)),
        *(("Signed In", None), ("", None), ("Invoice Payed", None), ("Invoice paid", "Invoice Paid")),
    ],
)
def test_an_event_is_a_slip_where_a_letter_or_its_joints_differ(name: str, meant: str | None) -> None:
    assert event_meant(name) == meant


@pytest.mark.parametrize(
    ("name", "meant"),
    [("trialEnd", "trial_end"), ("statsu", "status"), ("seat_colour", None), ("plan", None), ("planet", None)],
)
def test_a_property_is_a_slip_where_a_letter_or_its_joints_differ(name: str, meant: str | None) -> None:
    assert property_meant(name) == meant


def test_what_was_read_is_told_once_with_how_often() -> None:
    seen = ObservedNames()
    seen.count({"Subscription Strated\n": 3, "Subscription Started": 40, "Signed In": 900})
    seen.note(Sample("Subscription Started", ["mrr", "renewsAt", "colour"], []))
    seen.note(Sample("Signed In", ["statsu"], []))
    assert list(slips(seen)) == [
        '"Subscription Strated\\n" was read 3 times: was "Subscription Started" meant, which changes subscriptions?',
        '"renewsAt" of "Subscription Started" was read: was "renews_at" meant?',
    ]
