"""The engine against the judge on real input: accounts of a social network, and rules that use every function.

The accounts are ChurnSim's (Carl Gold, "Fighting Churn with Data"). Its events have no properties: here they have the
time of day at which they happened.
"""

import csv
import gzip
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Final

import pytest

from streams.core.events import Event, Value
from streams.core.expressions import parse_condition, parse_value
from streams.core.features import DAY_MS
from streams.core.language.vocabulary import CLOCKS, FUNCTIONS, OPTIONS, SCORES
from streams.core.rules import Edges, Level, Rule, Rulebook, Scores, Segment, Tier
from streams.core.tree import Always
from tests.core.engine import owed, run

DATA: Final = Path(__file__).parents[3] / "shared" / "data" / "churnsim_socialnet7"
ACCOUNTS = 40
START_MS = 1_577_836_800_000  # 2020-01-01T00:00Z
END_MS = START_MS + 30 * DAY_MS
EVENTS = range(10, 80)  # of an account: enough to tell of, few enough for the judge

SEGMENTS = {
    "all-day": 'distinct(any, "part", days=3) >= 4 or max("like", "hour", days=5) - min("like", "hour", days=5) > 20',
    "cooling": "trend(any, days=7) < 0.5 and count(any, days=7, before_days=7) >= 5",
    "fresh": "tenure_days < 3 and not missing(country)",
    "growing": 'trend("like", hours=48) > 1.5',
    "late": 'avg(["post", "message"], "hour", days=7) > 12 and days_since(latest("message", "sent_at")) < 5',
    "lapsed": 'days_since("Subscription Started") >= 7 and hours_since("like") > 36',
    "night": 'count(event(any, where=properties.part == "night" and property("hour") >= 1), days=7) >= 3',
    "night-now": 'has(latest("like", "part"), "night") and latest("like", "hour") < 5',
    "paid": 'latest("Subscription Started", "plan") in ["basic"] and sum("MRR New", "delta", days=40) > 0',
    "settled": 'days_until(joined_at) <= -10 and trait("channel") in ["web", "appstore1"] and idle_days > 2',
    "top": 'in_segment("all-day") and rfm.r >= 4 and rfm.f >= 3 and rfm.m > 1',
    "vip": 'rfm.score in ["554", "544", "534"] or rfm.name == "champions"',
}
LEVELS = {"new": "tenure_days < 14", "power": "active_days(days=10) >= 8", "dormant": "idle_days >= 5"}
MEASURES = ("idle_days", "count(any, days=30)", "mrr")
EDGES = Edges((0.25, 1.0, 3.0, 7.0), (3.0, 10.0, 20.0, 40.0), (1.0, 5.0, 10.0, 20.0))


def rulebook() -> Rulebook:
    rules: list[Rule] = [Segment(name, parse_condition(text, ["rfm"])) for name, text in SEGMENTS.items()]
    recency, frequency, monetary = map(parse_value, MEASURES)
    rules.append(Scores("rfm", recency, frequency, monetary, EDGES))
    levels = [Level(name, parse_condition(text)) for name, text in LEVELS.items()]
    rules.append(Tier("lifecycle", (*levels, Level("active", Always(True)))))
    return Rulebook(tuple(sorted(rules, key=attrgetter("name"))))


def test_the_rules_use_every_function() -> None:
    text = " ".join([*SEGMENTS.values(), *LEVELS.values(), *MEASURES])
    words = [f"{name}(" for name in FUNCTIONS] + [f"{name}=" for name in OPTIONS]
    words += [*CLOCKS, *(f"rfm.{part}" for part in SCORES)]
    assert [word for word in words if word not in text] == []


@pytest.mark.skipif(not DATA.exists(), reason="the accounts are not on this machine")
def test_real_accounts_are_judged_alike_by_rules_of_every_function() -> None:
    events = sorted([*joined(), *done(), *billed()], key=attrgetter("ts"))
    counts = Counter(event.user for event in events if START_MS <= event.ts < END_MS)
    fitting = sorted(user for user, count in counts.items() if count in EVENTS)
    chosen = set(fitting[:: len(fitting) // ACCOUNTS][:ACCOUNTS])
    sample = [event for event in events if event.user in chosen and START_MS <= event.ts < END_MS]
    expected = owed(rulebook(), sample, until=END_MS)
    assert len(expected) == ACCOUNTS
    assert run(rulebook(), sample, until=END_MS) == expected


def joined() -> Iterator[Event]:
    for row in rows("accounts"):
        traits = {"channel": row["channel"], "country": row["country"], "joined_at": row["start_date"]}
        yield Event(row["account_id"], instant(row["start_date"]), "", False, None, {}, traits)


def done() -> Iterator[Event]:
    for number, row in enumerate(rows("events")):
        hour = int(row["timestamp"][11:13])
        part = ("night", "morning", "afternoon", "evening")[hour // 6]
        properties: dict[str, Value] = {"hour": hour, "part": part, "sent_at": row["timestamp"]}
        user, ts = row["account_id"], instant(row["timestamp"])
        yield Event(user, ts, row["event"], True, f"ev-{number}", properties, {})


def billed() -> Iterator[Event]:
    """A subscription is started with a period that follows upon none, and cancelled with one that none follows."""
    periods = [(row["account_id"], row["start_date"], row["end_date"], row) for row in rows("subscriptions")]
    starts = {(user, start) for user, start, _, _ in periods}
    ends = {(user, end) for user, _, end, _ in periods}
    for user, start, end, row in periods:
        if (user, start) not in ends:
            yield billing(user, start, "Subscription Started", float(row["mrr"]), row["plan"])
        if (user, end) not in starts:
            yield billing(user, end, "Subscription Cancelled", 0.0, row["plan"])


def billing(user: str, day: str, name: str, mrr: float, plan: str) -> Event:
    properties: dict[str, Value] = {"subscription_id": f"{user}:{plan}", "plan": plan, "mrr": mrr}
    return Event(user, instant(day), name, False, None, properties, {}, touches_ledger=True)


def rows(table: str) -> Iterator[Mapping[str, str]]:
    with gzip.open(DATA / f"{table}.csv.gz", "rt", newline="") as file:
        yield from csv.DictReader(file)


def instant(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
