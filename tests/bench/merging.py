"""A merge of two users who have all that is kept of anybody, under the rules that ship.

    python -m tests.bench.merging

Their rings are full, and they have 50 subscriptions, of which both have ten, and 50 traits. Prints the median, in
microseconds of CPU, of a merge in one shard: the one packed and taken out, taken in by the other, and evaluated; beside
it what an event of such a user takes alone, by which machines can be compared.
"""

import statistics
import time
from collections.abc import Sequence
from typing import Final

from streams.core.batch import Batch
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.rules.rulebook import Rulebook
from streams.native.build import compile_kernel
from streams.settings import cache_folder
from tests.bench.five import five_rules

START_MS: Final = 1_767_225_600_000  # 2026-01-01
DAYS: Final = 100
PAIRS: Final = 200


def life(user: str, names: Sequence[str]) -> list[Event]:
    """Something of every name on every day, and as many traits and subscriptions as most never have."""
    events = [
        Event(user, START_MS + day * DAY_MS + hour * HOUR_MS, name, True, f"{user} {name} {day}", {"amount": 5.0}, {})
        for day in range(DAYS)
        for hour, name in enumerate(names)
    ]
    events += [
        Event(user, START_MS + n * HOUR_MS, "", False, f"{user} t{n}", {}, {f"trait {n}": f"value {n}"})
        for n in range(50)
    ]
    events += [
        Event(
            user,
            START_MS + n * HOUR_MS,
            "Subscription Started",
            False,
            f"{user} s{n}",
            {"subscription_id": f"{user if n < 20 else 'shared'} {n}", "plan": "pro", "mrr": 20.0 + n, "seats": n},
            {},
            touches_ledger=True,
        )
        for n in range(30)
    ]
    return sorted(events, key=lambda event: event.ts)


def shard_of_pairs(rulebook: Rulebook) -> Shard:
    shard = Shard(rulebook)
    names = shard.catalog.event_names or ("Signed In",)
    for pair in range(PAIRS):
        for user in (f"gone {pair}", f"stays {pair}"):
            shard.step(Batch.of(life(user, names[:10])))
    shard.take_dirty()
    return shard


def main() -> None:
    compile_kernel(cache_folder())
    shard = shard_of_pairs(five_rules())
    end_ms = START_MS + DAYS * DAY_MS
    merges, events = [], []
    for pair in range(PAIRS):
        gone, stays = f"gone {pair}", f"stays {pair}"
        event = Batch.of([Event(stays, end_ms, "Signed In", True, f"last {pair}", {}, {})])
        begin = time.process_time_ns()
        shard.step(event)
        middle = time.process_time_ns()
        packed, _ = shard.depart(gone, stays, end_ms, "m")
        shard.arrive(stays, packed, end_ms, "m")
        shard.take_dirty()
        merges.append((time.process_time_ns() - middle) / 1000)
        events.append((middle - begin) / 1000)
    print(f"a merge: {statistics.median(merges):,.0f} us ({min(merges):,.0f} to {max(merges):,.0f})")
    print(f"an event alone: {statistics.median(events):,.0f} us")


if __name__ == "__main__":
    main()
