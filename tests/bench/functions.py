"""The engine alone under rules that use every function of the language, each the example of its own documentation.

    python -m tests.bench.functions [EVENTS]

Prints nanoseconds of CPU an event, the median of five runs, and how many changes there are to an event. The users are
known, and come several times a day; most of their events bear properties that rules read.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from streams.core.batch import Batch
from streams.core.engine.shard import Shard
from streams.core.events import Event, Value
from streams.core.language.parser import parse_condition, parse_value
from streams.core.language.vocabulary import FUNCTIONS, SCORES
from streams.core.rules.nodes import Always
from streams.core.rules.rulebook import Edges, Level, Rulebook, Scores, Segment, Tier
from streams.native.build import compile_kernel
from streams.settings import cache_folder
from tests.bench.engine import DAYS, RUNS, SLICE, START_MS

USERS = 2_000
EXAMPLES = [each.example for each in FUNCTIONS.values()] + [each.example for each in SCORES.values()]
TOGETHER = 3  # of them are a segment, as people's segments have several conditions

# What each event bears, and how often it comes.
PROPERTIES: dict[str, Callable[[random.Random], dict[str, Value]]] = {
    "Signed In": lambda _: {},
    "Report Created": lambda draw: {"template": draw.choice(("sales", "traffic", "costs", "people"))},
    "Report Exported": lambda draw: {"format": draw.choice(("pdf", "png", "csv"))},
    "Order Placed": lambda draw: {"amount": draw.randrange(1, 2_000), "Coupon Code": draw.choice(("SPRING", "NONE"))},
    "Survey Answered": lambda draw: {"rating": draw.randrange(1, 6)},
    "Plan Chosen": lambda draw: {"plan": draw.choice(("free", "team", "pro"))},
    "Invoice Paid": lambda draw: {"amount": draw.randrange(10, 500)},
    "Payment Failed": lambda _: {},
}


def every_function() -> Rulebook:
    scores = Scores(
        name="rfm",
        recency=parse_value("idle_days"),
        frequency=parse_value("active_days(days=90)"),
        monetary=parse_value('sum("Order Placed", "amount", days=90)'),
        fixed=Edges((3.0, 7.0, 14.0, 30.0), (2.0, 4.0, 8.0, 16.0), (1.0, 100.0, 500.0, 2_000.0)),
    )
    new, regular = parse_condition("tenure_days < 14"), parse_condition("active_days(days=30) >= 8")
    tier = Tier("lifecycle", (Level("new", new), Level("regular", regular), Level("other", Always(True))))
    segments = [Segment("churn-risk", parse_condition("idle_days >= 7 and active_days(days=30) >= 8"))]
    for place in range(0, len(EXAMPLES), TOGETHER):
        text = " and ".join(EXAMPLES[place : place + TOGETHER])
        segments.append(Segment(f"segment-{place:02}", parse_condition(text, scores=["rfm"])))
    return Rulebook(tuple(sorted([*segments, tier, scores], key=lambda rule: rule.name)))


def events(count: int) -> list[Event]:
    draw = random.Random(7)
    times = sorted(draw.randrange(DAYS * 86_400_000) for _ in range(count))
    found = []
    for i, ts in enumerate(times):
        user, name = f"user-{draw.randrange(USERS)}", draw.choice((*PROPERTIES,))
        found.append(Event(user, START_MS + ts, name, True, f"message-{i}", PROPERTIES[name](draw), {}))
    return found


def run(known: Sequence[Batch], batches: Sequence[Batch]) -> tuple[float, float]:
    """Nanoseconds, and changes, an event."""
    shard = Shard(every_function())
    for batch in known:
        shard.step(batch)
    begin, count = time.process_time_ns(), sum(map(len, batches))
    changes = sum(len(shard.step(batch)) for batch in batches)
    return (time.process_time_ns() - begin) / count, changes / count


def main(count: int) -> None:
    compile_kernel(cache_folder())
    stream = events(count)
    batches = [Batch.of(stream[i : i + SLICE]) for i in range(0, count, SLICE)]
    half = len(batches) // 2
    run([], batches[:1])
    runs = [run(batches[:half], batches[half:]) for _ in range(RUNS)]
    ns = [ns for ns, _ in runs]
    print(f"{statistics.median(ns):,.0f} ns an event ({min(ns):,.0f} to {max(ns):,.0f}), {runs[0][1]:.2f} changes")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300_000)
