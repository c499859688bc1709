"""A change: by what it is known again, whom it concerns, and when it is news."""

import pytest
from msgspec.structs import replace

from streams.core.changes import Cause, Change, Reason, Type

ENTERED = Change("u-1", "vip", "segment.entered", "vip", None, 1_000, "event", "m", 3, "v1", (), (), {})
CHANGED = replace(ENTERED, rule="life", type="segment.changed", segment="life/power", previous="life/new")


@pytest.mark.parametrize(
    "other",
    [
        replace(ENTERED, subject="u-2"),
        replace(ENTERED, rule="vips"),
        replace(ENTERED, ordinal=4),
        replace(ENTERED, occurred_at=1_001),
        replace(ENTERED, subject="u-1\0vip", rule=""),
    ],
)
def test_another_change_has_another_id(other: Change) -> None:
    assert other.id != ENTERED.id


def test_the_same_change_has_the_same_id_however_it_is_told() -> None:
    told_later = replace(ENTERED, cause="timer", event_id=None, because=(Reason("a", 1, False, True),), traits={"a": 1})
    assert told_later.id == ENTERED.id


@pytest.mark.parametrize(
    ("kind", "entered"), [("segment.entered", True), ("segment.changed", True), ("segment.exited", False)]
)
def test_who_comes_to_another_level_enters_it(kind: Type, entered: bool) -> None:
    assert replace(ENTERED, type=kind).entered is entered


@pytest.mark.parametrize(
    ("names", "concerned"),
    [(["life"], True), (["life/power"], True), (["x", "life/new"], True), (["power"], False), ([], False)],
)
def test_a_change_concerns_its_rule_and_both_its_segments(names: list[str], concerned: bool) -> None:
    assert CHANGED.concerns(names) is concerned


@pytest.mark.parametrize(
    ("cause", "detected_at", "live"),
    [
        ("event", 1_000, True),
        ("timer", 1_060, True),
        ("timer", 1_061, False),
        ("rule_change", 1_000, False),
        ("backfill", 1_000, False),
        ("erase", 1_000, False),
    ],
)
def test_news_is_live_by_its_cause_and_its_age(cause: Cause, detected_at: int, live: bool) -> None:
    assert replace(ENTERED, cause=cause).is_live(detected_at, live_within_ms=60) is live


@pytest.mark.parametrize(("was", "now"), [(False, False), (False, True), (True, False), (True, True)])
def test_a_condition_flipped_if_it_holds_now_and_did_not_or_the_other_way_round(was: bool, now: bool) -> None:
    assert Reason("a", 1, was, now).flipped is (was ^ now)
