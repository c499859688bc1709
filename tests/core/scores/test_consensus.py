"""Who is waited for when edges are made, for how long, and what they are then made of."""

from collections.abc import Mapping
from dataclasses import replace

import msgspec
import numpy as np

from streams.core.instants import HOUR_MS
from streams.core.kernel.layout import NEVER
from streams.core.language.parser import parse_value
from streams.core.rules.rulebook import Scores
from streams.core.scores.consensus import GRACE_MS, Report, measure_at, next_edges
from streams.core.scores.quintiles import Populations, Quintiles

RFM = Scores("rfm", parse_value("idle_days"), parse_value("count(any)"), parse_value("mrr"), version="1")
NOON = 500_000 * HOUR_MS
PAST_NOON = NOON + 1_000


def population(*frequencies: float) -> Populations:
    values = np.array(frequencies)
    return Populations.of(-values, values, values)


def told(*frequencies: float, at_ms: int = NOON, told_ms: int = PAST_NOON, version: str = "1") -> Report:
    return Report(version, at_ms, told_ms, population(*frequencies))


def made(
    reports: Mapping[int, Report], agreed: Quintiles | None = None, now_ms: int = PAST_NOON, shards: int = 2
) -> Quintiles | None:
    return next_edges(RFM, agreed, reports, shards, now_ms)


def first(*frequencies: float, at_ms: int = NOON) -> Quintiles:
    return Quintiles.first("rfm", at_ms, population(*frequencies))


def test_a_report_is_read_as_it_was_written() -> None:
    report = told(1, 2, 2, 9)
    assert Report.decode(report.encode()) == report


def test_a_shard_is_measured_once_at_each_multiple_of_refresh_that_its_time_comes_to() -> None:
    agreed = first(1, at_ms=NOON - HOUR_MS)
    assert measure_at(RFM, agreed, told_ms=NOON - HOUR_MS, settled_ms=NOON - 1) is None
    assert measure_at(RFM, agreed, told_ms=NOON - HOUR_MS, settled_ms=PAST_NOON) == NOON
    assert measure_at(RFM, agreed, told_ms=NOON, settled_ms=PAST_NOON) is None


def test_a_shard_that_comes_late_to_what_has_been_agreed_on_is_not_measured() -> None:
    assert measure_at(RFM, first(1), told_ms=0, settled_ms=PAST_NOON) is None


def test_while_there_are_no_edges_a_shard_is_measured_as_soon_as_it_has_caught_up() -> None:
    assert measure_at(RFM, None, told_ms=0, settled_ms=PAST_NOON) == PAST_NOON
    assert measure_at(RFM, None, told_ms=PAST_NOON, settled_ms=PAST_NOON + 1) is None
    assert measure_at(RFM, None, told_ms=PAST_NOON, settled_ms=NOON + HOUR_MS) == NOON + HOUR_MS


def test_a_shard_whose_time_has_not_come_yet_is_not_measured() -> None:
    assert measure_at(RFM, None, told_ms=0, settled_ms=NEVER) is None


def test_once_all_shards_have_told_the_edges_are_those_of_all_profiles_together() -> None:
    assert made({0: told(1, 2, 3), 1: told(4, 5)}) == first(1, 2, 3, 4, 5)


def test_a_shard_that_has_not_told_is_waited_for_but_no_longer_than_the_grace() -> None:
    reports = {1: told(1, 2, 3, 4, 5)}
    assert made(reports, now_ms=PAST_NOON + GRACE_MS - 1) is None
    assert made(reports, now_ms=PAST_NOON + GRACE_MS) == first(1, 2, 3, 4, 5)


def test_the_grace_begins_with_the_first_that_told() -> None:
    reports = {0: told(1, told_ms=PAST_NOON + 50_000), 1: told(2)}
    assert made(reports, now_ms=PAST_NOON + GRACE_MS, shards=3) == first(1, 2)


def test_a_shard_that_is_behind_counts_with_what_it_told_last() -> None:
    reports = {0: told(1, 2, 3), 1: told(4, 5, at_ms=NOON - 9 * HOUR_MS)}
    assert made(reports) is None
    assert made(reports, now_ms=PAST_NOON + GRACE_MS) == first(1, 2, 3, 4, 5)


def test_first_edges_hold_from_when_the_first_shard_had_caught_up() -> None:
    assert made({0: told(1, 2, at_ms=NOON + 9), 1: told(3, at_ms=NOON + 5)}) == first(1, 2, 3, at_ms=NOON + 5)


def test_a_shard_without_profiles_is_not_waited_for_once_it_has_said_so() -> None:
    assert made({0: told(1, 2, 3, 4, 5), 1: told()}) == first(1, 2, 3, 4, 5)


def test_where_nobody_is_there_are_no_edges() -> None:
    assert made({0: told(), 1: told()}) is None


def test_what_has_been_agreed_on_is_not_made_again_by_whoever_tells_late() -> None:
    assert made({0: told(1, 2), 1: told(7, 8, 9)}, agreed=first(1, 2)) is None


def test_at_the_next_refresh_an_edge_moves_only_if_the_population_has() -> None:
    agreed = first(1, 2, 3, 4, 5, at_ms=NOON - HOUR_MS)
    assert made({0: told(1, 2, 3), 1: told(4, 5)}, agreed) == msgspec.structs.replace(agreed, at_ms=NOON)
    moved = made({0: told(1, 2, 3), 1: told(4, 50, 60, 70, 80, 90)}, agreed)
    assert moved is not None
    assert (moved.version, moved.edges.f[3]) == (2, 90)


def test_what_was_told_under_another_version_of_the_rule_does_not_count() -> None:
    reports = {0: told(1, 2, 3, 4, 5), 1: told(99, at_ms=NOON + HOUR_MS, version="2")}
    assert made(reports) is None
    assert made(reports, now_ms=PAST_NOON + GRACE_MS) == first(1, 2, 3, 4, 5)
    assert next_edges(replace(RFM, version="3"), None, reports, 2, PAST_NOON + GRACE_MS) is None
