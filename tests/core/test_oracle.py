"""The judge itself, by examples worked out by hand from docs/semantics.md."""

from collections.abc import Iterable, Sequence
from datetime import UTC

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from streams.core.events import Event, Value
from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.language.parser import parse_condition, parse_value
from streams.core.rules.nodes import Always, Missing
from streams.core.rules.rulebook import Edges, Level, Rulebook, Scores, Segment, Tier
from tests import strategies as made
from tests.oracle import Expected, Forgotten, Kept, judge
from tests.oracle.accepted import Accepted
from tests.oracle.scoring import new_edges
from tests.oracle.view import View
from tests.zones import zone_of

START_MS = 1_772_323_200_000  # 2026-03-01T00:00Z
FIXED = Edges((1.0, 3.0, 7.0, 14.0), (1.0, 2.0, 3.0, 4.0), (1.0, 10.0, 100.0, 1000.0))


def at(day: float, ms: int = 0) -> int:
    return START_MS + round(day * DAY_MS) + ms


def event(day: float, name: str = "Report Made", *, user: str = "ann", ms: int = 0, **properties: Value) -> Event:
    return Event(user, at(day, ms), name, True, None, properties, {})


def value(text: str, events: Sequence[Event], now: int) -> Value:
    asked = parse_condition(f"missing({text})")
    assert isinstance(asked, Missing)
    return View(Rulebook(()), UTC, now, Accepted(events), {}, {}).value(asked.value)


def holds(text: str, events: Sequence[Event], now: int) -> bool:
    return View(Rulebook(()), UTC, now, Accepted(events), {}, {}).holds(parse_condition(text))


REPORTS = [
    event(1, amount=5, format="pdf", labels=["vip", 1]),
    event(3, ms=-1, amount=20.0, format="csv", labels=["vip", 1.0]),
    event(3, amount="9", format="pdf", labels=["vip", "1"]),
    event(3.25, amount=1.5e10, labels="vip"),
    event(4, amount=-1, due_at="2026-03-07"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('count("Report Made", days=4)', 5),
        ('count("Report Made", days=3)', 4),
        ('count("Report Made", days=2, before_days=1)', 3),
        ('count("Report Made", hours=13)', 1),
        ('count("Report Made", hours=12)', 0),
        ('count("Report Made")', 5),
        ('sum("Report Made", "amount", days=4)', 24.0),
        ('avg("Report Made", "amount", days=4)', 8.0),
        ('min("Report Made", "amount", days=4)', -1.0),
        ('max("Report Made", "amount", days=4)', 20.0),
        ('max("Report Made", "amount", days=1, before_days=1)', None),
        ('min("Report Made", "amount", days=1, before_days=1)', None),
        ('avg("Report Made", "amount", days=1, before_days=1)', None),
        ('sum("Report Made", "amount", days=1, before_days=1)', 0.0),
        ('distinct("Report Made", "amount", days=4)', 5),
        ('distinct("Report Made", "format", days=4)', 2),
        ('distinct("Report Made", "labels", days=4)', 3),
        ("active_days(days=4)", 4),
        ('trend("Report Made", days=2)', 1.5),
        ('trend("Report Made", days=4)', None),
        ('trend("Report Made", hours=24)', 1 / 3),
        ('days_since("Report Made")', 0.5),
        ('hours_since(event("Report Made", where=properties.format == "pdf"))', 36.0),
        ('days_until(latest("Report Made", "due_at"))', 1.5),
        ('days_since(latest("Report Made", "format"))', None),
        ('latest("Report Made", "format")', "pdf"),
        ('latest("Report Made", "labels")', "vip"),
        ('latest("Report Made", "nothing")', None),
        ('count(event("Report Made", where=properties.amount > 4), days=7)', 3),
        ('count(event("Report Made", where=not properties.amount > 4), days=7)', 2),
        ('count(event("Report Made", where=has(properties.labels, 1)), days=7)', 2),
        ("count(event(any, where=missing(properties.format)), days=7)", 2),
        ("idle_days", 0.5),
        ("tenure_days", 3.5),
    ],
)
def test_a_function_has_the_value_that_the_page_says(text: str, expected: Value) -> None:
    assert value(text, REPORTS, at(4.5)) == expected


def test_of_the_latest_the_newest_counts_and_on_a_tie_the_later_arrival() -> None:
    late = [event(3, format="a"), event(2, format="b"), event(3, format="c"), event(4)]
    assert value('latest("Report Made", "format")', late, at(5)) == "c"


def test_has_tells_kinds_apart_in_a_list_and_alone() -> None:
    held = [event(1, labels=["vip", 1], alone="vip")]
    asked = {'"vip"': True, "1": True, '"1"': False, "true": False, '"VIP"': False}
    for wanted, found in asked.items():
        assert holds(f'has(latest(any, "labels"), {wanted})', held, at(2)) is found
    assert holds('has(latest(any, "alone"), "vip")', held, at(2))
    assert not holds('has(latest(any, "nothing"), "vip")', held, at(2))


def lifecycle(**levels: str) -> Tier:
    asked = tuple(Level(name, parse_condition(text)) for name, text in levels.items())
    return Tier("lifecycle", (*asked, Level("active", Always(True))))


def only(changes: list[Expected]) -> list[tuple[str, str | None, int]]:
    return [(change.segment, change.previous, change.occurred_at) for change in changes]


def test_a_tier_gives_the_first_level_that_holds_and_changes_it_to_the_millisecond() -> None:
    book = Rulebook((lifecycle(new="tenure_days < 2", dormant="idle_days >= 3"),))
    changes = judge(book, [event(1), event(4.5)], at(5))["ann"]
    assert only(changes) == [
        ("lifecycle/new", None, at(1)),
        ("lifecycle/active", "lifecycle/new", at(3)),
        ("lifecycle/dormant", "lifecycle/active", at(4)),
        ("lifecycle/active", "lifecycle/dormant", at(4.5)),
    ]
    assert [change.cause for change in changes] == ["event", "timer", "timer", "event"]
    assert [change.ordinal for change in changes] == [1, 2, 3, 4]
    assert {change.type for change in changes} == {"segment.changed"}
    assert changes[2].because == (("idle_days >= 3", 3.0, False, True), ("tenure_days < 2", 3.0, False, False))
    assert changes[2].segments == ("lifecycle/dormant",)


def rfm(fixed: Edges | None, refresh_ms: int = DAY_MS) -> Scores:
    frequency, monetary = parse_value("active_days(days=30)"), parse_value("mrr")
    return Scores("rfm", parse_value("idle_days"), frequency, monetary, fixed, refresh_ms)


def test_a_score_steps_one_millisecond_after_the_edge_that_is_still_on_the_better_side() -> None:
    changes = judge(Rulebook((rfm(FIXED),)), [event(1), event(2)], at(30))["ann"]
    assert only(changes) == [
        ("rfm/potential_loyalists", None, at(1)),
        ("rfm/need_attention", "rfm/potential_loyalists", at(5, 1)),
        ("rfm/at_risk", "rfm/need_attention", at(9, 1)),
    ]
    assert changes[1].because[0] == ("rfm.r >= 4", 3.0, True, False)


def test_missing_recency_scores_one_and_missing_frequency_counts_as_zero() -> None:
    never = Scores("rfm", parse_value('days_since("Never")'), parse_value("seats"), parse_value("seats"), FIXED)
    asked = Segment("s", parse_condition('rfm.score == "111" and not missing(rfm.r)', scores=["rfm"]))
    assert only(judge(Rulebook((never, asked)), [event(1)], at(2))["ann"]) == [
        ("rfm/hibernating", None, at(1)),
        ("s", None, at(1)),
    ]


def test_quintiles_come_with_the_first_refresh_and_the_event_at_that_instant_after_it() -> None:
    sent = [event(1 + hours / 24, user=f"u{hours}") for hours in (1, 2, 3, 4, 5)]
    changes = judge(Rulebook((rfm(None),)), [*sent, event(2, user="u1")], at(2))
    assert only(changes["u1"]) == [("rfm/hibernating", None, at(2)), ("rfm/new_customers", "rfm/hibernating", at(2))]
    assert [change.cause for change in changes["u1"]] == ["timer", "event"]
    assert [only(changes[f"u{hours}"]) for hours in (2, 3, 4, 5)] == [
        [("rfm/hibernating", None, at(2))],
        [("rfm/about_to_sleep", None, at(2))],
        [("rfm/promising", None, at(2))],
        [("rfm/new_customers", None, at(2))],
    ]


def test_time_alone_passes_refreshes_as_the_stream_does() -> None:
    changes = judge(Rulebook((rfm(None, HOUR_MS),)), [event(1, ms=1)], at(2))["ann"]
    assert only(changes)[0] == ("rfm/new_customers", None, at(1) + HOUR_MS)


def test_an_edge_stays_while_no_more_than_two_in_a_hundred_are_in_the_way() -> None:
    edges = new_edges(None, frequencies(range(100)))
    assert edges.f == (20.0, 40.0, 60.0, 80.0)
    assert new_edges(edges, frequencies([*range(2, 100), 99, 99])).f == edges.f
    assert new_edges(edges, frequencies([*range(3, 100), 99, 99, 99])).f == (23.0, 43.0, 63.0, 83.0)
    assert new_edges(edges, frequencies([0, 0, *range(98)])).f == edges.f
    assert new_edges(edges, frequencies([0, 0, 0, 0, *range(96)])).f == (16.0, 36.0, 56.0, 76.0)


def frequencies(values: Iterable[int]) -> list[tuple[None, float, None]]:
    return [(None, float(value), None) for value in values]


@settings(max_examples=1 + settings().max_examples // 3)
@given(made.rulebooks(most=3, quintiles=True), made.arrivals(), st.sampled_from(made.TIMEZONES))
def test_a_history_in_order_of_time_is_judged_as_the_plain_list_is(
    rulebook: Rulebook, arrivals: list[Event | int], timezone: str
) -> None:
    try:
        plainly = judge(rulebook, arrivals, made.END_MS, zone_of(timezone))
    except Forgotten:
        reject()
    assert judge(rulebook, arrivals, made.END_MS, zone_of(timezone), history=Kept) == plainly
