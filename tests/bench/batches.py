"""What a fetch's bytes cost until they are records: by our reader, and by aiokafka's own.

    python -m tests.bench.batches [ROUNDS]

Prints nanoseconds of CPU a record, the medians of all rounds (21 if not said), in which both take turns on the same
bytes, and the median of the rounds' ratios. aiokafka reads as it would for a worker: with checksums, and nothing of
transactions that were aborted; it makes no `ConsumerRecord`, as no worker needs one.
"""

import gc
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, Final

from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from streams.kafka.batches.reader import read
from streams.kafka.batches.record import PlainRecord
from tests.kafka.batches.written import batch

RECORDS: Final = 5_000  # in a round: what one fetch brings of a partition with a backlog
A_BATCH: Final = (5_000, 20, 1)
VALUE: Final = bytes(range(32, 127)) * 2  # about as long as a track event
TP: Final = TopicPartition("product-events", 0)


class TheirRecords(PartitionRecords):  # type: ignore[misc] # published without types
    def _consumer_record(self, tp: TopicPartition, record: Any) -> Any:
        return record


def by_us(raw: bytes) -> list[Any]:
    return read(raw, 0, RECORDS).records


def by_aiokafka(raw: bytes) -> list[Any]:
    found = []
    for record in TheirRecords(TP, MemoryRecords(raw), [], 0, None, None, True, READ_COMMITTED):
        found.append(record)  # noqa: PERF402 - as `FetchResult.getall` does
    return found


WAYS: Final[dict[str, Callable[[bytes], list[Any]]]] = {"ours": by_us, "aiokafka": by_aiokafka}


def fetches(a_batch: int, a_fetch: int) -> list[bytes]:
    """The bytes of as many fetches as it takes."""
    records = [PlainRecord(at, 1_700_000_000_000 + at, b"user-%d" % (at % 700), VALUE) for at in range(RECORDS)]
    batches = [batch(records[at : at + a_batch]) for at in range(0, RECORDS, a_batch)]
    return [b"".join(batches[at : at + a_fetch // a_batch]) for at in range(0, len(batches), a_fetch // a_batch)]


def ns_a_record(way: Callable[[bytes], list[Any]], raws: Sequence[bytes]) -> float:
    copies = [bytes(bytearray(raw)) for raw in raws]
    gc.collect()
    begin = time.process_time_ns()
    count = sum(len(way(raw)) for raw in copies)
    spent = time.process_time_ns() - begin
    assert count == RECORDS
    return spent / count


def main(rounds: int) -> None:
    for a_batch in A_BATCH:
        raws = fetches(a_batch, RECORDS)
        turns = [list(WAYS), list(WAYS)[::-1]]
        runs = [{title: ns_a_record(WAYS[title], raws) for title in turns[turn % 2]} for turn in range(rounds)]
        ours, theirs = (median(run[title] for run in runs) for title in WAYS)
        ratio = median(run["ours"] / run["aiokafka"] for run in runs)
        print(f"{a_batch:5,} a batch: {ours:5,.0f} ns a record, aiokafka {theirs:5,.0f}: {ratio:.2f} x")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 21)
