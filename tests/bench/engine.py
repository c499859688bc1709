"""The engine alone: decoded batches in, changes out, under the rules that ship.

    python -m tests.bench.engine [EVENTS]

Prints nanoseconds of CPU an event, the median of five runs, for users drawn evenly and with half of all events on
one user; what the first pass over empty profiles costs beside that of known ones; and, as ratios of runs that take
turns, what it costs that days are those of a time zone with summer time, and that users may have aliases, where none
has: then the engine is to take at most 1.02 times as long as if nobody looked for them.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

from streams.calendars import calendar
from streams.core.batch import Batch
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.identities.identities import Identities
from streams.core.rules.rulebook import Rulebook
from streams.native.build import compile_kernel
from streams.settings import cache_folder
from tests.bench.five import five_rules

USERS = 100_000
DAYS = 40
SLICE = 2_000
RUNS = 5
KEEP_MS = 90 * 86_400_000
SOURCES = ("product-events/0",)
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


def ns_an_event(
    rulebook: Rulebook, batches: list[Batch], known: bool, timezone: str = "UTC", aliases: bool = False
) -> float:
    """aliases: as a worker does, whether any of a batch has to do with them is looked for before it is applied."""
    shard = Shard(rulebook, calendar(timezone))
    identities = Identities.empty(shard, KEEP_MS)
    if known:
        shard.table.rows([f"user-{i}" for i in range(USERS)])
    count = sum(map(len, batches))
    begin = time.process_time_ns()
    for batch in batches:
        shard.step(identities.sort(batch, SOURCES).apply if aliases else batch)
    return (time.process_time_ns() - begin) / count


def ratio(one: Callable[[], float], other: Callable[[], float]) -> str:
    """The second to the first, of runs that take turns."""
    ratios = sorted(second / first for first, second in [(one(), other()) for _ in range(RUNS)])
    return f"{statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})"


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
    plain = partial(ns_an_event, rulebook, batches, True)
    print(f"days of {ZONE} to those of UTC: {ratio(plain, partial(plain, ZONE))}")
    print(f"with aliases looked for, where there are none: {ratio(plain, partial(plain, aliases=True))}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300_000)
