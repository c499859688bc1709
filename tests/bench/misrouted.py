"""What it costs to find that nobody in a fetch is another shard's, beside decoding the fetch.

    python -m tests.bench.misrouted [EVENTS]

Prints nanoseconds of CPU a record of each, the median of runs that take turns, and the ratio.
"""

import statistics
import sys
import time
from itertools import count, islice
from types import SimpleNamespace
from typing import Any

from faust.types import TP

from streams.core.events import Event, Reads
from streams.kafka.partitioning import homes
from streams.native.build import compile_kernel
from streams.runtime.intake.misrouted import Misrouted
from streams.settings import Settings, cache_folder
from streams.testing import to_bytes, track
from tests.anytime import ANY_TIME
from tests.decoders import Decoder
from tests.runtime.records import Read

PARTITIONS, FETCH, RUNS = 4, 5_000, 9
INPUT = TP("product-events", 0)


def fetch(first: int) -> list[Read]:
    users = (f"user-{number}" for number in count(first))
    native = islice((user for user in users if homes(user, PARTITIONS, "murmur2") == [0]), FETCH)
    records = [track(user, "Report Created", 1_767_225_600_000 + i, f"message-{i}") for i, user in enumerate(native)]
    return [Read(i, 1_767_225_600_000 + i, each["userId"].encode(), to_bytes(each)) for i, each in enumerate(records)]


def main(records: int) -> None:
    compile_kernel(cache_folder())
    decode = Decoder(Reads({}), ANY_TIME).all_product
    worker: Any = SimpleNamespace(partitions=PARTITIONS, settings=Settings())
    misrouted = Misrouted(worker, [INPUT.topic], "rerouted-events")
    taken: dict[str, list[float]] = {"decode": [], "find nobody": []}
    for _ in range(RUNS):
        spent = dict.fromkeys(taken, 0)
        for first in range(0, records, FETCH):
            fetched = fetch(first)
            begin = time.process_time_ns()
            events = [one for one in decode(fetched) if isinstance(one, Event)]
            between = time.process_time_ns()
            misrouted.take_out(INPUT, events, fetched)
            spent["decode"] += between - begin
            spent["find nobody"] += time.process_time_ns() - between
        for what, ns in spent.items():
            taken[what].append(ns / records)
    decoding, finding = (statistics.median(each) for each in taken.values())
    print(f"decode: {decoding:,.0f} ns a record; find nobody: {finding:,.0f} ns, {finding / decoding:.3f} of it")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
