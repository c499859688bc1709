"""What is read of an event, by its name and whether it is activity."""

from math import inf, isnan, nan

import pytest

from streams.core.calendar import Calendar
from streams.core.compiler.catalog import Catalog
from streams.core.compiler.extraction import Extraction, KeptLatest, KeptSeen, as_amount, reading
from streams.core.events import Value
from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.rules.nodes import EventSet, Latest
from tests.rulebooks import rulebook


def read(catalog: Catalog, name: str | None = "A", *, active: bool = True) -> Extraction:
    found = reading(catalog, name, active)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("value", "amount"), [(3, 3.0), (-2.5, -2.5), (1e10, 1e10), (-1e10, -1e10), (0, 0.0), (10**10, 1e10)]
)
def test_a_number_is_an_amount(value: Value, amount: float) -> None:
    assert as_amount(value) == amount


@pytest.mark.parametrize("value", [None, "5", True, [1], 1e10 + 1, -(10**11), 10**400, inf, nan])
def test_what_is_none_or_too_large_to_add_up_is_missing(value: Value) -> None:
    assert isnan(as_amount(value))


@pytest.mark.parametrize(
    ("text", "name", "active"),
    [
        ('count("A") > 1', "A", True),
        ('sum("A", "p", days=3) > 1', "B", True),
        ('sum("A", "p", days=3) > 1', None, True),
        ('sum(any, "p", days=3) > 1', "A", False),
        ("seats > idle_days", "A", True),
    ],
)
def test_most_events_bear_nothing_that_rules_read(text: str, name: str | None, active: bool) -> None:
    assert reading(Catalog(rulebook(asked=text)), name, active) is None


def test_the_numbers_are_those_of_the_rings_that_the_event_is_of_each_once_with_its_column() -> None:
    catalog = Catalog(
        rulebook(
            a='sum("A", "p", days=3) > min("A", "p", hours=3)',
            b='max(any, "q", days=3) > avg("B", "r", days=3)',
            c='distinct("A", "s", days=3) > 1',
        )
    )
    columns = catalog.columns
    assert read(catalog).numbers == (("p", columns["p"]), ("q", columns["q"]))
    assert read(catalog, active=False).numbers == (("p", columns["p"]),)
    assert read(catalog, "B").numbers == (("q", columns["q"]), ("r", columns["r"]))


def test_whether_a_where_holds_is_asked_of_the_events_own_properties() -> None:
    catalog = Catalog(rulebook(a='count(event("A", where=properties.x > 1)) > 1', b="count(any) > 1"))
    ((ask, column),) = read(catalog).truths
    assert [ask({"x": 2.0}), ask({"x": 1.0}), ask({})] == [True, False, False]
    (where,) = {events.where for events in catalog.event_sets if events.where is not None}
    assert column == catalog.columns[where]


def test_what_the_document_keeps_is_told_with_its_field_and_where_it_is_written() -> None:
    catalog = Catalog(
        rulebook(
            a='latest("A", "p") == 1 and latest("B", "p") == 1',
            b='distinct(event("A", where=properties.x > 1), "q", hours=3) > 1',
        )
    )
    found = read(catalog)
    (ring,), (where, *_) = catalog.distinct, [events.where for events in catalog.event_sets if events.where is not None]
    asked = catalog.columns[where]
    assert found.latest == (KeptLatest("latest 'A' 'p'", "p", None, catalog.places(Latest(EventSet(("A",)), "p"))),)
    assert found.seen == (KeptSeen(ring.name, "q", asked, catalog.columns[ring], "hour"),)
    assert found.keeps
    assert found.asked_of_kept == {asked}


def test_what_is_only_counted_is_not_kept() -> None:
    found = read(Catalog(rulebook(a='sum("A", "p", days=3) > 1')))
    assert (found.keeps, found.asked_of_kept) == (False, set())


@pytest.mark.parametrize(("unit", "bucket"), [("day", 20_001), ("hour", 24 * 20_001 - 2)])
def test_a_value_was_seen_on_a_day_of_the_offset_or_in_an_hour(unit: str, bucket: int) -> None:
    catalog = Catalog(rulebook(a=f'distinct("A", "q", {unit}s=3) > 1'))
    (seen,) = read(catalog).seen
    assert seen.bucket(20_001 * DAY_MS - 2 * HOUR_MS, Calendar.fixed(3 * HOUR_MS)) == bucket
