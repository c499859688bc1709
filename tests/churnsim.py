"""ChurnSim's social network (Carl Gold, "Fighting Churn with Data"), and rules that use every function.

`python -m tests.churnsim` runs the engine over all of it and holds every change against the naive judge, which takes
its time; the suite does the same with some accounts. The events have no properties: here they have the time of day at
which they happened.
"""

import csv
import gzip
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from heapq import merge
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Final

from streams.core.events import Event, Value
from streams.core.instants import DAY_MS
from streams.core.language.parser import parse_condition, parse_value
from streams.core.rules.nodes import Always
from streams.core.rules.rulebook import Edges, Level, Rule, Rulebook, Scores, Segment, Tier
from streams.native.build import compile_kernel
from streams.settings import cache_folder
from tests.core.harness import Changes, Engine, owed
from tests.oracle import Expected

DATA: Final = Path(__file__).parents[2] / "shared" / "data" / "churnsim_socialnet7"

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
    "stores": 'contains(trait("channel"), "store") and (starts_with(lower(country), "u") or ends_with(country, "E"))',
    "top": 'in_segment("all-day") and rfm.r >= 4 and rfm.f >= 3 and rfm.m > 1',
    "vip": 'rfm.score in ["554", "544", "534"] or rfm.name == "champions"',
}
LEVELS = {"new": "tenure_days < 14", "power": "active_days(days=10) >= 8", "dormant": "idle_days >= 5"}
MEASURES = ("idle_days", "count(any, days=30)", "mrr")
EDGES = Edges((0.25, 1.0, 3.0, 7.0), (3.0, 10.0, 20.0, 40.0), (1.0, 5.0, 10.0, 20.0))

BATCH = 10_000
JOBS = 40
SILENCE_MS = 60 * DAY_MS  # after the newest event: nothing happens, and everybody leaves


def rulebook() -> Rulebook:
    rules: list[Rule] = [Segment(name, parse_condition(text, ["rfm"])) for name, text in SEGMENTS.items()]
    recency, frequency, monetary = map(parse_value, MEASURES)
    rules.append(Scores("rfm", recency, frequency, monetary, EDGES))
    levels = [Level(name, parse_condition(text)) for name, text in LEVELS.items()]
    rules.append(Tier("lifecycle", (*levels, Level("active", Always(True)))))
    return Rulebook(tuple(sorted(rules, key=attrgetter("name"))))


def quintiles() -> Rulebook:
    """The same scores by the fifths of all accounts, agreed on anew every day."""
    recency, frequency, monetary = map(parse_value, MEASURES)
    return Rulebook((Scores("rfm", recency, frequency, monetary, refresh_ms=DAY_MS),))


# what the accounts did


def events() -> Iterator[Event]:
    """In order of time, which those of the file are in."""
    return merge(sorted(joined(), key=in_time), done(), sorted(billed(), key=in_time), key=in_time)


in_time = attrgetter("ts")


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
    """A subscription starts with a period that follows upon none, and is cancelled with one that none follows."""
    periods: dict[tuple[str, str], list[Mapping[str, str]]] = defaultdict(list)
    for row in sorted(rows("subscriptions"), key=itemgetter("start_date")):
        periods[row["account_id"], row["plan"]].append(row)
    for subscription in periods.values():
        paid, end = 0.0, ""
        for row in subscription:
            price = round(float(row["mrr"]) * (1 - float(row["discount"] or 0)), 2)
            if end and row["start_date"] > end:
                yield billing(row, end, "Subscription Cancelled", 0.0)
            if row["start_date"] != end:
                yield billing(row, row["start_date"], "Subscription Started", price)
            elif price != paid:
                yield billing(row, row["start_date"], "Subscription Updated", price)
            paid, end = price, row["end_date"]
        yield billing(subscription[-1], end, "Subscription Cancelled", 0.0)


def billing(row: Mapping[str, str], day: str, name: str, mrr: float) -> Event:
    user, plan = row["account_id"], row["plan"]
    properties: dict[str, Value] = {"subscription_id": f"{user}:{plan}", "plan": plan, "mrr": mrr}
    return Event(user, instant(day), name, False, None, properties, {}, touches_ledger=True)


def rows(table: str) -> Iterator[Mapping[str, str]]:
    with gzip.open(DATA / f"{table}.csv.gz", "rt", newline="") as file:
        yield from csv.DictReader(file)


def instant(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


# engine and judge


def reported(rules: Rulebook, happened: Sequence[Event], until: int) -> Changes:
    engine = Engine(rules)
    for start in range(0, len(happened), BATCH):
        engine.apply(happened[start : start + BATCH])
    engine.pass_time(until)
    return engine.reported


def shares(happened: Sequence[Event]) -> list[list[Event]]:
    """All events of some accounts each, so that the shares are about equal."""
    by_user: dict[str, list[Event]] = defaultdict(list)
    for event in happened:
        by_user[event.subject].append(event)
    parts: list[list[Event]] = [[] for _ in range(JOBS)]
    for own in sorted(by_user.values(), key=len, reverse=True):
        min(parts, key=len).extend(own)
    return parts


def differences(found: Changes, expected: Changes) -> list[tuple[Expected | None, Expected | None]]:
    """The first of each account."""
    return [
        next((left, right) for left, right in zip([*mine, None], [*theirs, None], strict=False) if left != right)
        for user in sorted({*found, *expected})
        if (mine := found.get(user, [])) != (theirs := expected.get(user, []))
    ]


def compare(what: str, found: Changes, expected: Changes) -> bool:
    different = differences(found, expected)
    number = sum(map(len, expected.values()))
    print(
        f"{what}: {number:,} changes of {len(expected)} accounts expected; {len(different)} accounts differ", flush=True
    )
    for mine, theirs in different[:10]:
        print(f"  engine {mine}\n  judge  {theirs}")
    return not different


def main() -> int:
    compile_kernel(cache_folder())
    happened, started = list(events()), time.monotonic()
    until = happened[-1].ts + SILENCE_MS
    print(f"{len(happened):,} events of {len({event.subject for event in happened})} accounts", flush=True)
    with ProcessPoolExecutor(2) as pool:
        together = pool.submit(owed, quintiles(), happened, until=until)
        apart = [pool.submit(owed, rulebook(), share, until=until) for share in shares(happened)]
        mine = reported(rulebook(), happened, until), reported(quintiles(), happened, until)
        each: Changes = {}
        for number, share in enumerate(as_completed(apart), 1):
            each |= share.result()
            print(f"judged {number} of {JOBS} shares of the accounts", flush=True)
        alike = compare("every function", mine[0], each)
        alike &= compare("quintiles over all", mine[1], together.result())
    print(f"{time.monotonic() - started:.0f} s")
    return 0 if alike else 1


if __name__ == "__main__":
    sys.exit(main())
