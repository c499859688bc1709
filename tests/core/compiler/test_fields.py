"""The fields of a row's kept part. Their names are stored with them: each is pinned here."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.calendar import UTC, Calendar
from streams.core.compiler.fields import Field, Ring, bucket_of, field_name, latest_of, ring_key, trait_of
from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.language.parser import parse_condition
from streams.core.rules.nodes import EventSet, Feature, FirstSeen, Holds, IdleSince, Latest, Statistic, Trait, Window
from streams.core.rules.traversal import leaf_features, leaves

A = EventSet(("A",))


def first_feature(text: str) -> Feature:
    return next(f for leaf in leaves(parse_condition(text)) for f in leaf_features(leaf, {}))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('count("A", days=3) > 1', "days 'A'"),
        ('count("A", hours=3) > 1', "hours 'A'"),
        ("count(any, days=3) > 1", "days any"),
        ('count(["B", "A"], days=3) > 1', "days 'A'|'B'"),
        ('active_days("A", days=3) > 1', "days 'A'"),
        ('sum("A", "p", days=3) > 1', "days 'A' 'p'"),
        ('min("A", "p", days=3) > 1', "days 'A' min 'p'"),
        ('max("A", "p", days=3) > 1', "days 'A' max 'p'"),
        ('distinct("A", "p", days=3) > 1', "days 'A' distinct 'p'"),
        (
            'count(event("A", where=properties.x>1), days=3, before_days=2) > 1',
            "days 'A' where properties.x > 1",
        ),
        ('count("A") > 1', "count 'A'"),
        ('days_since("A") > 1', "last_seen 'A'"),
        ('days_since(event("A", where=properties.x>1)) > 1', "last_seen 'A' where properties.x > 1"),
        ('latest("A", "p") == 1', "latest 'A' 'p'"),
        ('days_since(latest("A", "p")) > 1', "latest 'A' 'p'"),
        ("context.ip == plan", "context.ip"),
        ("days_until(context.ends) < 1", "context.ends"),
        ("plan == 1", None),
        ("days_until(ends) < 1", None),
        ("idle_days > 1", None),
        ("tenure_days > 1", None),
    ],
)
def test_a_feature_is_made_of_a_field_of_this_name_for_good(text: str, name: str | None) -> None:
    assert field_name(first_feature(text)) == name


def test_how_many_numbers_there_are_is_kept_beside_their_sum() -> None:
    assert field_name(Window("values", A, "day", 3, prop="p")) == "days 'A' values 'p'"


@pytest.mark.parametrize("length", [1, 2, 7, 90])
@pytest.mark.parametrize(
    ("statistic", "bytes_a_bucket"),
    [("count", 4), ("values", 4), ("distinct", 4), ("sum", 16), ("min", 8), ("max", 8)],
)
def test_a_ring_takes_whole_words_for_all_its_buckets(statistic: Statistic, bytes_a_bucket: int, length: int) -> None:
    assert Ring(A, "day", statistic, "p", length).words == -(-bytes_a_bucket * length // 8)


def test_windows_of_one_statistic_over_the_same_events_share_a_ring_and_active_days_that_of_counts() -> None:
    count = Window("count", A, "day", 3)
    assert ring_key(count) == ring_key(Window("count", A, "day", 90, 7)) == ring_key(Window("active_days", A, "day", 5))
    others = [
        Window("count", A, "hour", 3),
        Window("count", EventSet(None), "day", 3),
        Window("sum", A, "day", 3, prop="p"),
        Window("sum", A, "day", 3, prop="q"),
    ]
    assert len({ring_key(window) for window in [count, *others]}) == 5


@pytest.mark.parametrize("offset_ms", [0, 9 * HOUR_MS, -HOUR_MS])
@given(st.lists(st.integers(-(10**13), 10**13)))
def test_a_day_is_of_the_offset_and_an_hour_of_utc(offset_ms: int, instants: list[int]) -> None:
    calendar = Calendar.fixed(offset_ms)
    for ms in instants:
        assert 0 <= ms + offset_ms - DAY_MS * bucket_of(ms, True, calendar) < DAY_MS
        assert 0 <= ms - HOUR_MS * bucket_of(ms, False, calendar) < HOUR_MS
    together = bucket_of(np.array(instants, np.int64), True, calendar)
    assert together.tolist() == [bucket_of(ms, True, calendar) for ms in instants]


@pytest.mark.parametrize(("name", "expected"), [("days 'A'", 20_000 - 6), ("hours 'A'", 24 * 20_000 - 6)])
def test_the_oldest_bucket_that_counts_is_as_far_back_as_the_ring_is_long(name: str, expected: int) -> None:
    assert Field(name, start=0, words=4, length=7).oldest_bucket(20_000 * DAY_MS, UTC) == expected


def test_what_follows_from_a_trait_or_a_property_belongs_to_it() -> None:
    latest = Latest(A, "p")
    assert [trait_of(each) for each in (Trait("t"), Holds(Trait("t"), '"x"'), latest, IdleSince())] == [
        "t",
        "t",
        None,
        None,
    ]
    assert [latest_of(each) for each in (latest, Holds(latest, '"x"'), Trait("t"), FirstSeen())] == [
        latest,
        latest,
        None,
        None,
    ]
