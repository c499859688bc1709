"""Looking up users: the index from users to rows beside Python's own dict.

    python -m tests.bench.index [USERS]

Prints nanoseconds of CPU a user and bytes an id, medians of runs that take turns. The users of 300,000 events are drawn
evenly and looked up in batches; between two runs other memory is used, as an engine uses it.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from itertools import repeat

import numpy as np

from streams.core.profiles.index import Index
from streams.native.build import compile_kernel
from streams.settings import cache_folder
from tests.bench.engine import RUNS, SLICE
from tests.bench.process import memory_of

EVENTS = 300_000
OTHER_BYTES = 200 << 20


def ns_a_user(look_up: Callable[[list[str]], object], batches: Sequence[list[str]], other: bytearray) -> float:
    other[:] = bytes(len(other))
    begin = time.process_time_ns()
    for batch in batches:
        look_up(batch)
    return (time.process_time_ns() - begin) / EVENTS


def main(users: int) -> None:
    compile_kernel(cache_folder())
    Index().rows(["somebody"])
    index, row_of = Index(), dict[str, int]()
    before = memory_of("self").now
    for first in range(0, users, SLICE):
        index.rows([f"user-{i}" for i in range(first, first + SLICE)])
    indexed = memory_of("self").now
    names = [f"user-{i}" for i in range(users)]
    row_of.update(zip(names, range(users), strict=True))
    ids = {"index": (indexed - before) / users, "dict and list": (memory_of("self").now - indexed) / users}
    draw = random.Random(7)
    batches = [[f"user-{draw.randrange(users)}" for _ in range(SLICE)] for _ in range(EVENTS // SLICE)]
    look_ups: dict[str, Callable[[list[str]], object]] = {
        "index": index.rows,
        "dict and list": lambda batch: np.fromiter(map(row_of.get, batch, repeat(-1)), np.int64, len(batch)),
    }
    other = bytearray(OTHER_BYTES)
    runs = [{name: ns_a_user(look_up, batches, other) for name, look_up in look_ups.items()} for _ in range(RUNS)]
    for name in look_ups:
        ns = statistics.median(run[name] for run in runs)
        print(f"{users:,} users, {name}: {ns:,.0f} ns a user, {ids[name]:,.0f} bytes an id")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
