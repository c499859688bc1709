"""The engine alone: decoded batches in, changes out, under the rules that ship.

    python -m tests.bench.engine [EVENTS]

Prints nanoseconds of CPU an event, the median of five runs, for users drawn evenly and with half of all events on
one user; what the first pass over empty profiles costs beside that of known ones; and what it costs that days are those
of a time zone with summer time, as a ratio of runs that take turns.
"""

import random
import statistics
import sys
import time

from streams.calendars import calendar
from streams.core.batch import Batch
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.rules.rulebook import Rulebook
from streams.native.build import compile_kernel
from streams.settings import cache_folder
from tests.bench.five import five_rules

USERS = 100_000
DAYS = 40
SLICE = 2_000
RUNS = 5
ZONE = "America/New_York"
START_MS = 1_767_225_600_000  # 2026-01-01
NAMES = ("Signed In", "Report Created", "File Exported", "Comment Added", "Search Performed")


def events(count: int, hot: float) -> list[Event]:
    draw = random.Random(7)
    times = sorted(draw.randrange(DAYS * 86_400_000) for _ in range(count))
    return [
        Event(
            subject="user-0" if draw.random() < hot else f"user-{draw.randrange(USERS)}",
            ts=START_MS + ts,
            name=draw.choice(NAMES),
            active=True,
            message_id=f"message-{i}",
            properties={},
            traits={},
        )
        for i, ts in enumerate(times)
    ]


def ns_an_event(rulebook: Rulebook, batches: list[Batch], known: bool, timezone: str = "UTC") -> float:
    shard = Shard(rulebook, calendar(timezone))
    if known:
        shard.table.rows([f"user-{i}" for i in range(USERS)])
    count = sum(map(len, batches))
    begin = time.process_time_ns()
    for batch in batches:
        shard.step(batch)
    return (time.process_time_ns() - begin) / count


def main(count: int) -> None:
    compile_kernel(cache_folder())
    rulebook = five_rules()
    Shard(rulebook).step(Batch.of(events(10, 0.0)))
    for title, hot in (("uniform", 0.0), ("half on one user", 0.5)):
        stream = events(count, hot)
        batches = [Batch.of(stream[i : i + SLICE]) for i in range(0, count, SLICE)]
        for known in (False, True):
            runs = [ns_an_event(rulebook, batches, known) for _ in range(RUNS)]
            who = "known users" if known else "new users"
            print(f"{title}, {who}: {statistics.median(runs):,.0f} ns an event ({min(runs):,.0f} to {max(runs):,.0f})")
    batches = [Batch.of(stream[i : i + SLICE]) for stream in [events(count, 0.0)] for i in range(0, count, SLICE)]
    pairs = [[ns_an_event(rulebook, batches, True, zone) for zone in ("UTC", ZONE)] for _ in range(RUNS)]
    ratios = sorted(there / utc for utc, there in pairs)
    print(f"days of {ZONE} to those of UTC: {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300_000)
