"""The engine alone under ten and under a hundred rules over the same twenty features: what the number of rules costs.

    python -m tests.bench.rule_count [EVENTS]

Prints nanoseconds of CPU an event of users with a past, drawn evenly and with half of all events on one of them, the
median of runs that take turns, and the ratio; and changes an event, which cost the same whatever they come from, and
so are few here. Rules are segments of one to three comparisons of what people do, for one kind of people each: so many
rules are more and narrower segments, and not the same ones ten times. An event in fifty sets traits.
"""

import random
import statistics
import sys
import time

from streams.core.batch import Batch
from streams.core.engine.shard import Shard
from streams.core.events import Event, Value
from streams.core.language.parser import parse_condition
from streams.core.rules.rulebook import Rulebook, Segment
from streams.native.build import compile_kernel
from streams.settings import cache_folder
from tests.bench.engine import DAYS, NAMES, SLICE, START_MS

FEW, MANY = 10, 100
USERS = 5_000
RUNS = 3
PLANS = ("free", "team", "pro")
INDUSTRIES = ("bank", "farm", "game", "health", "law", "mining", "press", "school", "shop", "travel")

COUNTS = (1, 2, 3, 5, 8, 13)
DAYS_AGO = (1, 2, 3, 5, 7, 10, 14, 21, 30)
# Each feature, and what rules compare it with.
FEATURES: dict[str, tuple[object, ...]] = {
    **{f'count("{name}", days={days})': COUNTS for name in NAMES for days in (7, 30)},
    **{f"active_days(days={days})": COUNTS for days in (7, 30)},
    **{f'days_since("{name}")': DAYS_AGO for name in NAMES[:2]},
    "idle_days": DAYS_AGO,
    "tenure_days": DAYS_AGO,
    "seats": (2, 5, 10, 50, 100),
    "mrr": (20, 50, 100, 200, 500),
    "plan": tuple(f'"{plan}"' for plan in PLANS),
    "industry": tuple(f'"{industry}"' for industry in INDUSTRIES),
}

OF_TRAITS = ("industry", "plan", "seats", "mrr")
OF_EVENTS = [feature for feature in FEATURES if feature not in OF_TRAITS]


def comparison(draw: random.Random, feature: str) -> str:
    operator = {"industry": "==", "plan": "==", "seats": ">=", "mrr": ">="}.get(feature)
    operator = operator or draw.choice((">=", ">=", "<"))
    return f"{feature} {operator} {draw.choice(FEATURES[feature])}"


def rules(count: int) -> Rulebook:
    """So many segments, each of a few people: what they are, and what they do."""
    draw = random.Random(7)
    segments = []
    for i in range(count):
        read = [*OF_TRAITS, *draw.sample(OF_EVENTS, draw.randrange(1, 4))]
        condition = " and ".join(comparison(draw, feature) for feature in read)
        segments.append(Segment(f"segment-{i:03}", parse_condition(condition)))
    return Rulebook(tuple(segments))


def events(count: int, hot: float) -> list[Event]:
    draw = random.Random(7)
    times = sorted(draw.randrange(DAYS * 86_400_000) for _ in range(count))
    found = []
    for i, ts in enumerate(times):
        user = "user-0" if draw.random() < hot else f"user-{draw.randrange(USERS)}"
        traits: dict[str, Value] = {}
        if draw.randrange(50) == 0:
            traits = {"plan": draw.choice(PLANS), "seats": draw.randrange(1, 120), "mrr": draw.randrange(600)}
            traits["industry"] = draw.choice(INDUSTRIES)
        name = "" if traits else draw.choice(NAMES)
        found.append(Event(user, START_MS + ts, name, bool(name), f"message-{i}", {}, traits))
    return found


def cost(book: Rulebook, stream: list[Event]) -> tuple[float, float]:
    """ns and changes an event of the second half of a stream."""
    shard, half = Shard(book), len(stream) // 2
    batches = [Batch.of(stream[i : i + SLICE]) for i in range(half, len(stream), SLICE)]
    shard.step(Batch.of(stream[:half]))
    begin = time.process_time_ns()
    changes = sum(len(shard.step(batch)) for batch in batches)
    return (time.process_time_ns() - begin) / half, changes / half


def main(count: int) -> None:
    compile_kernel(cache_folder())
    books = {FEW: rules(FEW), MANY: rules(MANY)}
    for title, hot in (("uniform", 0.0), ("half on one user", 0.5)):
        stream = events(count, hot)
        runs = [{number: cost(book, stream) for number, book in books.items()} for _ in range(RUNS)]
        taken = {number: statistics.median(run[number][0] for run in runs) for number in books}
        for number in books:
            print(f"{title}, {number} rules: {taken[number]:,.0f} ns and {runs[0][number][1]:.3f} changes an event")
        print(f"{title}: {taken[MANY] / taken[FEW]:.2f} x")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
