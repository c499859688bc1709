"""Sums at the end of what can be told exactly (docs/semantics.md#windows)."""

from streams.core.language.parser import parse_condition
from streams.core.rules.rulebook import Rulebook, Segment
from streams.testing import changes, track

BEYOND = Rulebook((Segment("beyond", parse_condition('missing(sum("Order Placed", "total", days=1))')),))


def test_a_sum_is_missing_beyond_nine_millions_of_millions_and_there_again_within() -> None:
    totals = [1e10] * 901 + [-1e10]
    records = [track("ann", "Order Placed", "2026-03-01", str(i), total=total) for i, total in enumerate(totals)]
    assert [(change.type, change.event_id) for change in changes(BEYOND, records)] == [
        ("segment.entered", "900"),
        ("segment.exited", "901"),
    ]


def test_so_is_a_sum_that_is_as_far_below_nothing() -> None:
    records = [track("ann", "Order Placed", "2026-03-01", str(i), total=-1e10) for i in range(901)]
    assert [change.event_id for change in changes(BEYOND, records)] == ["900"]
