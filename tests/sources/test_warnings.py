"""What is odd about records that are taken all the same: counted once a record, and told once."""

from collections import Counter

import pytest

from streams.core.events import Event, Reads
from streams.sources import Decoder
from streams.sources.warnings import MOST, Odd, Warnings
from streams.testing import Record, billing, to_bytes, track
from streams.topics import PRODUCT_EVENTS
from tests.runtime.records import Read
from tests.sources.stripe_events import event, item, price, subscription

AT = "2026-03-01 09:00"


@pytest.mark.parametrize(
    ("record", "counts"),
    [
        (billing("ann", "Subscription Strated", AT, mrr=9), {"misspelt_event": 1}),
        (billing("ann", "Subscription Started", AT, trialEnd="2026-04-01", mrrs=9), {"misspelt_property": 1}),
        (billing("ann", "Seat Invoiced", AT, trialEnd="2026-04-01"), {}),
        (track("ann", "Subscription Strated", AT), {}),
        (track("ann", "Signed In", AT) | {"anonymousId": "null"}, {"id_of_nobody": 1}),
        (track("undefined", "Signed In", AT) | {"anonymousId": "a-1"}, {"id_of_nobody": 1}),
        (track("", "Signed In", AT) | {"anonymousId": "a-1"}, {"id_of_nobody": 1}),
        (track(None, "Signed In", AT) | {"anonymousId": "a-1"}, {}),
        (track("ann", "Signed In", AT) | {"anonymousId": None}, {}),
        ({"type": "alias", "userId": "ann", "previousId": "0", "timestamp": AT}, {"id_of_nobody": 1}),
    ],
)
def test_each_is_counted_by_its_kind(record: Record, counts: dict[str, int]) -> None:
    decoder = Decoder(Reads({}))
    assert isinstance(decoder.decode_line(to_bytes(record)), Event)
    assert decoder.warnings.counts == counts


@pytest.mark.parametrize("user", ["null", "ann"])
@pytest.mark.parametrize("anonymous", ["undefined", "a-1"])
def test_a_whole_fetch_counts_as_its_records_do_alone(user: str, anonymous: str) -> None:
    raw = to_bytes(track(user, "Signed In", AT) | {"anonymousId": anonymous})
    alone, together = Decoder(Reads({})), Decoder(Reads({}))
    alone.decode_line(raw)
    together.of[PRODUCT_EVENTS.name].decode_all([Read(at, 1_772_400_000_000, None, raw) for at in range(3)])
    assert together.warnings.counts == Counter({kind: 3 * count for kind, count in alone.warnings.counts.items()})


def test_what_cannot_be_priced_is_counted_and_told_once() -> None:
    decoder = Decoder(Reads({}))
    for at in range(2):
        raw = event("customer.subscription.updated", subscription(item(price(None))), identifier=f"evt_{at}")
        assert isinstance(decoder.decode_line(raw), Event)
    assert decoder.warnings.counts == {"mrr_incomplete": 2}
    [sentence] = decoder.warnings.take()
    assert "cannot be priced whole" in sentence


def test_a_slip_is_told_with_what_was_meant_once_and_escaped() -> None:
    decoder = Decoder(Reads({}))
    for at in range(2):
        decoder.decode_line(to_bytes(billing("ann", "Subscription\x1bStarted", AT, f"m-{at}")))
        decoder.decode_line(to_bytes(billing("ann", "Trial Started", AT, f"n-{at}", trial_ends="2026-04-01")))
    first, second = decoder.warnings.take()
    assert first == '"Subscription\\x1bStarted" was read: was "Subscription Started" meant?'
    assert second == '"trial_ends" of "Trial Started" was read: was "trial_end" meant?'
    assert decoder.warnings.take() == []


def test_whoever_makes_up_names_fills_no_log() -> None:
    warnings = Warnings()
    for at in range(2 * MOST):
        warnings.note(Odd.MISSPELT_EVENT, f"sentence {at}")
    assert len(warnings.take()) == MOST
    assert warnings.counts == {"misspelt_event": 2 * MOST}
