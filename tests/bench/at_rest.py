"""Customers at rest: how many changes a day quintiles make of people who do nothing, which should be none.

    python -m tests.bench.at_rest [FOLDER]

10,000 customers ordered in the year before, mostly with a date alone, so that many are equal; then nobody does
anything for 15 days, while edges are made anew every hour, as they were on the day before. Prints the changes of each
day as it passes. With a FOLDER it writes `events.jsonl` and `rules/` there instead, for
`segmenter replay` of another version.
"""

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.refreshing import Refreshing
from streams.core.engine.shard import Shard
from streams.core.instants import DAY_MS, format_time
from streams.native.build import compile_kernel
from streams.settings import cache_folder
from streams.testing import Record, decoded, instant, parse_rules, to_bytes, track
from tests.anytime import ANY_TIME

CUSTOMERS: Final = 10_000
REST_MS: Final = instant("2026-03-02")
DAYS: Final = 15
RULE: Final = """
scores: rfm
recency: days_since("Order Placed")
frequency: count("Order Placed")
monetary: sum("Order Placed", "total", days=3000)
method: quintiles
refresh: 1h
"""


def orders(customers: int, seed: int = 1) -> list[Record]:
    """In order of time. Most orders have a date alone, some the minute; the last ones are the more frequent."""
    draw = random.Random(seed)
    found = []
    for customer in range(customers):
        for _ in range(min(20, int(draw.expovariate(0.4)) + 1)):
            ago_ms = int(draw.expovariate(1 / 60) * DAY_MS) % (365 * DAY_MS)
            at_ms = REST_MS - 1 - ago_ms
            at_ms = at_ms // DAY_MS * DAY_MS if draw.random() < 0.8 else at_ms // 60_000 * 60_000
            found.append((at_ms, customer, draw.randrange(5, 200)))
    return [
        track(f"c-{customer}", "Order Placed", at_ms, f"m-{place}", total=total)
        for place, (at_ms, customer, total) in enumerate(sorted(found))
    ]


def at_rest(customers: int = CUSTOMERS, days: int = DAYS, rule: str = RULE) -> Iterator[list[Change]]:
    """The changes of each day, after it is settled who is who."""
    rules = parse_rules(rule)
    shard = Shard(rules)
    events = decoded(rules, orders(customers), ANY_TIME).events
    # What edges of long ago were is of no account.
    shard.step(Batch.of([event for event in events if event.ts < REST_MS - DAY_MS]))
    stream = Refreshing(shard, REST_MS - DAY_MS)
    lately = Batch.of([event for event in events if event.ts >= REST_MS - DAY_MS])
    assert [*stream.step(lately), *stream.pass_time(REST_MS)], "they have names"
    for day in range(1, days + 1):
        yield list(stream.pass_time(REST_MS + day * DAY_MS))


def write(folder: Path) -> None:
    (folder / "rules").mkdir(parents=True)
    (folder / "rules/rfm.yaml").write_text(RULE.lstrip())
    (folder / "events.jsonl").write_bytes(b"".join(to_bytes(order) + b"\n" for order in orders(CUSTOMERS)))
    print(
        f"segmenter replay {folder}/events.jsonl --rules {folder}/rules --until {format_time(REST_MS + DAYS * DAY_MS)}"
    )


def main() -> None:
    if len(sys.argv) > 1:
        write(Path(sys.argv[1]))
        return
    print(f"{CUSTOMERS:,} customers order for a year ...", flush=True)
    compile_kernel(cache_folder())
    found = []
    for day, changes in enumerate(at_rest(), 1):
        found.append(len(changes))
        print(f"day {day} of {DAYS} at rest: {len(changes):,} changes", flush=True)
    print(f"changes a day: {sum(found) / DAYS:,.1f} on average")


if __name__ == "__main__":
    main()
