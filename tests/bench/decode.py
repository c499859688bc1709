"""Decoding alone: the records of fetches in, events out, under the rules that ship.

    python -m tests.bench.decode [EVENTS]

Prints nanoseconds of CPU a track event of about 200 bytes, the medians of fifteen runs in which all three take turns:
as the worker decodes a fetch, as `segmenter replay` decodes a line, and what msgspec alone takes to decode all of it.
"""

import sys
import time
from collections.abc import Callable, Sequence
from statistics import median

import msgspec

from streams.core.compiler.catalog import Catalog
from tests.anytime import ANY_TIME
from tests.bench.crowd import Crowd, Sent
from tests.bench.five import five_rules
from tests.bench.plain_reader import Body
from tests.decoders import Decoder
from tests.runtime.records import Read

Fetch = list[Read]

A_FETCH = 5_000
RUNS = 15


def fetches(sent: Sequence[Sent]) -> list[Fetch]:
    """Made anew for each run, as a fetch makes them: what has been read before lies in the processor's cache."""
    records = [Read(i, one.at_ms, one.user.encode(), bytes(bytearray(one.value))) for i, one in enumerate(sent)]
    return [records[i : i + A_FETCH] for i in range(0, len(records), A_FETCH)]


def ns_an_event(decode: Callable[[Fetch], object], sent: Sequence[Sent]) -> float:
    spent = 0
    for fetch in fetches(sent):
        begin = time.process_time_ns()
        decode(fetch)
        spent += time.process_time_ns() - begin
    return spent / len(sent)


def main(count: int) -> None:
    sent = list(Crowd(count // 10, count, identified=0.0).product_events())
    decoder = Decoder(Catalog(five_rules()).reads, ANY_TIME)
    alone = msgspec.json.Decoder(Body).decode
    ways: dict[str, Callable[[Fetch], object]] = {
        "a fetch at once": decoder.all_product,
        "one by one": lambda fetch: [decoder.product(one.value, one.key, one.timestamp) for one in fetch],
        "msgspec alone": lambda fetch: [alone(one.value or b"") for one in fetch],
    }
    runs = [{title: ns_an_event(decode, sent) for title, decode in ways.items()} for _ in range(RUNS)]
    for title in ways:
        times = median(run[title] / run["msgspec alone"] for run in runs)
        print(f"{title:>15}: {median(run[title] for run in runs):6,.0f} ns an event, {times:.1f} x msgspec alone")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
