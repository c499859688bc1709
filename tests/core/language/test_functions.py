"""What each function with a value reads, with each of its options."""

import pytest

from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.language.parser import parse_condition
from streams.core.rules.nodes import (
    Arithmetic,
    Compare,
    Elapsed,
    EventSet,
    Feature,
    FirstSeen,
    IdleSince,
    Instant,
    LastSeen,
    Latest,
    LatestTime,
    Lifetime,
    Property,
    Read,
    Trait,
    TraitTime,
    Truth,
    Value,
    Window,
)

REPORT = EventSet(("Report Made",))
ANY = EventSet(None)
AS_PDF = EventSet(("Report Made",), Truth(Property("pdf"), "properties.pdf"))


def left_of(source: str) -> Value:
    condition = parse_condition(f"{source} > 3")
    assert isinstance(condition, Compare)
    return condition.left


@pytest.mark.parametrize(
    ("source", "feature"),
    [
        ('count("Report Made", days=7)', Window("count", REPORT, "day", 7)),
        ('count("Report Made", hours=7)', Window("count", REPORT, "hour", 7)),
        ('count("Report Made", days=7, before_days=14)', Window("count", REPORT, "day", 7, 14)),
        ('count("Report Made", days=7, before_days=0)', Window("count", REPORT, "day", 7)),
        ("count(any, days=1)", Window("count", ANY, "day", 1)),
        ('count(["B", "A", "B"], days=1)', Window("count", EventSet(("A", "B")), "day", 1)),
        ('count(event("Report Made", where=properties.pdf), days=1)', Window("count", AS_PDF, "day", 1)),
        ("count('Report Made')", Lifetime(REPORT)),
        ("count(any)", Lifetime(ANY)),
        ('count(event("Report Made", where=properties.pdf))', Lifetime(AS_PDF)),
        ('sum("Report Made", "pages", hours=2)', Window("sum", REPORT, "hour", 2, prop="pages")),
        ('sum(any, "a.b", days=2, before_days=1)', Window("sum", ANY, "day", 2, 1, "a.b")),
        ('min("Report Made", "pages", hours=2)', Window("min", REPORT, "hour", 2, prop="pages")),
        ('min(any, "pages", days=2, before_days=1)', Window("min", ANY, "day", 2, 1, "pages")),
        ('max("Report Made", "pages", hours=2)', Window("max", REPORT, "hour", 2, prop="pages")),
        ('max(any, "pages", days=2, before_days=1)', Window("max", ANY, "day", 2, 1, "pages")),
        ('distinct("Report Made", "pages", hours=2)', Window("distinct", REPORT, "hour", 2, prop="pages")),
        ('distinct(any, "pages", days=2)', Window("distinct", ANY, "day", 2, prop="pages")),
        ("active_days(days=30)", Window("active_days", ANY, "day", 30)),
        ("active_days(any, days=30)", Window("active_days", ANY, "day", 30)),
        ('active_days("Report Made", days=30, before_days=3)', Window("active_days", REPORT, "day", 30, 3)),
        ('active_days(event("Report Made", where=properties.pdf), days=3)', Window("active_days", AS_PDF, "day", 3)),
        ('latest("Report Made", "pages")', Latest(REPORT, "pages")),
        ('latest(event("Report Made", where=properties.pdf), "a.b")', Latest(AS_PDF, "a.b")),
        ("mrr", Trait("mrr")),
        ("company.size", Trait("company.size")),
        ("company . size", Trait("company.size")),
        ("größe", Trait("größe")),
        ('trait("odd name")', Trait("odd name")),
        ('trait("idle_days")', Trait("idle_days")),
        (r"trait('it\'s \"x\" \\ \n')", Trait('it\'s "x" \\ \n')),
    ],
)
def test_a_function_reads_its_feature(source: str, feature: Feature) -> None:
    assert left_of(source) == Read(feature)


@pytest.mark.parametrize(
    ("source", "instant", "unit_ms", "sign"),
    [
        ("idle_days", IdleSince(), DAY_MS, 1),
        ("tenure_days", FirstSeen(), DAY_MS, 1),
        ('days_since("Report Made")', LastSeen(REPORT), DAY_MS, 1),
        ("days_since(any)", LastSeen(ANY), DAY_MS, 1),
        ('days_since(event("Report Made", where=properties.pdf))', LastSeen(AS_PDF), DAY_MS, 1),
        ('hours_since(["B", "A"])', LastSeen(EventSet(("A", "B"))), HOUR_MS, 1),
        ("hours_since(renews_at)", TraitTime("renews_at"), HOUR_MS, 1),
        ('days_since(trait("renews at"))', TraitTime("renews at"), DAY_MS, 1),
        ('hours_since(latest("Report Made", "at"))', LatestTime(REPORT, "at"), HOUR_MS, 1),
        ("days_until(contract.ends_at)", TraitTime("contract.ends_at"), DAY_MS, -1),
        ('days_until(trait("ends"))', TraitTime("ends"), DAY_MS, -1),
        (
            'days_until(latest(event("Report Made", where=properties.pdf), "due"))',
            LatestTime(AS_PDF, "due"),
            DAY_MS,
            -1,
        ),
    ],
)
def test_a_time_is_what_has_elapsed_since_an_instant(source: str, instant: Instant, unit_ms: int, sign: int) -> None:
    elapsed = left_of(source)
    assert isinstance(elapsed, Elapsed)
    assert (elapsed.instant, elapsed.unit_ms, elapsed.sign) == (instant, unit_ms, sign)


def test_an_average_is_a_sum_divided_by_how_many_numbers_there_are() -> None:
    assert left_of('avg("Report Made", "pages", days=7, before_days=1)') == Arithmetic(
        "/",
        Read(Window("sum", REPORT, "day", 7, 1, "pages")),
        Read(Window("values", REPORT, "day", 7, 1, "pages")),
    )


@pytest.mark.parametrize("unit", ["day", "hour"])
def test_a_trend_is_a_count_divided_by_the_one_before_it(unit: str) -> None:
    trend = left_of(f'trend("Report Made", {unit}s=7)')
    assert isinstance(trend, Arithmetic)
    assert trend.operator == "/"
    now, earlier = (Window("count", REPORT, "day" if unit == "day" else "hour", 7, before) for before in (0, 7))
    assert (trend.left, trend.right) == (Read(now), Read(earlier))
