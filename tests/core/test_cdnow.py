"""Real purchases, recomputed: what our features say of each customer of CDNOW, and what the library Lifetimes says.

Lifetimes counts the days with a purchase after the first one, and calls recency what lies between the first and the
last. Both can be said in features: looking from T days after the first purchase, a window of T days holds all the
others. So customers who first bought on the same day share a rule.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from streams.core.engine.shard import Shard
from streams.core.instants import DAY_MS
from streams.core.language.parser import parse_condition
from streams.core.rules.rulebook import Rulebook, Segment
from streams.sources import InputOptions
from streams.testing import Record, decoded, instant, track

CDNOW = Path(__file__).parent / "cdnow"
DAYS = ("1997-02-14", "1997-06-30", "1997-12-31", "1998-06-30")


class Summary(NamedTuple):
    """One customer as of one day, in days and dollars. The mean has nothing to say of who never bought again."""

    frequency: float
    recency: float
    tenure: float
    mean_spent: float | None


def read(name: str) -> list[dict[str, str]]:
    with (CDNOW / name).open(newline="") as file:
        return list(csv.DictReader(file))


def by_lifetimes(day: str) -> dict[str, Summary]:
    found = {}
    for row in read("lifetimes.csv"):
        if row["day"] == day:
            frequency, mean_spent = float(row["frequency"]), round(float(row["monetary_value"]), 6)
            found[row["customer"]] = Summary(
                frequency, float(row["recency"]), float(row["T"]), mean_spent if frequency else None
            )
    return found


def by_us(day: str) -> dict[str, Summary]:
    found = {}
    for first_day, purchases in cohorts(row for row in read("purchases.csv") if row["day"] <= day).items():
        found.update(summaries(purchases, (instant(day) - instant(first_day)) // DAY_MS, instant(day)))
    return found


def cohorts(purchases: Iterable[Mapping[str, str]]) -> dict[str, list[Record]]:
    """First day -> all that was ever bought by those who first bought on it."""
    first_day: dict[str, str] = {}
    found = defaultdict(list)
    for row in sorted(purchases, key=lambda row: row["day"]):
        customer, day = row["customer"], row["day"]
        cohort = first_day.setdefault(customer, day)
        found[cohort].append(track(customer, "Purchased", day, dollars=float(row["dollars"])))
    return found


def summaries(purchases: list[Record], tenure: int, at_ms: int) -> dict[str, Summary]:
    """What the engine shows of each customer: the values that its conditions compare."""
    conditions = [f"{expression} >= 0" for expression in expressions(tenure)]
    rulebook = Rulebook((Segment("summary", parse_condition(" and ".join(conditions))),))
    shard = Shard(rulebook)
    shard.step(decoded(rulebook, purchases, InputOptions(earliest_ms=instant("1997-01-01"))))
    found = {}
    for customer in {purchase["userId"] for purchase in purchases}:
        (standing,) = shard.explain(customer, at_ms)
        shown = {reason.condition: reason.value for reason in standing.because}
        frequency, recency, seen, mean_spent = (shown[condition] for condition in conditions)
        found[customer] = Summary(frequency, recency, seen, None if mean_spent is None else round(mean_spent, 6))
    return found


def expressions(tenure: int) -> tuple[str, str, str, str]:
    """A summary's four values in our language, for those who first bought `tenure` days ago."""
    frequency = f'active_days("Purchased", days={tenure + 1}) - 1'
    # There is no window of 0 days, but for who first bought today there is nothing to divide by either.
    spent_again = f'sum("Purchased", "dollars", days={max(tenure, 1)})'
    return frequency, 'tenure_days - days_since("Purchased")', "tenure_days", f"{spent_again} / ({frequency})"


@pytest.mark.parametrize("day", DAYS)
def test_we_say_of_every_customer_what_lifetimes_says(day: str) -> None:
    assert by_us(day) == by_lifetimes(day)


def test_the_days_looked_from_see_customers_come_and_come_back() -> None:
    assert [len(by_lifetimes(day)) for day in DAYS] == [1_207, 2_357, 2_357, 2_357]
    assert [sum(one.frequency > 0 for one in by_lifetimes(day).values()) for day in DAYS] == [161, 805, 1_040, 1_139]
