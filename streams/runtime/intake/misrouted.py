"""Misrouted: records of a shard's inputs whose users are another shard's.

Comes in: the events of a fetch, with their records. Goes out: those that are this shard's, and a message home for each
of the others, once there is an outbox for it.

To find that all are at home costs a tenth of what it costs to decode them, a hundredth of what a worker spends on them.
"""

import zlib
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from aiokafka.partitioner import murmur2
from faust.types import TP

from streams.core.arrays import Ints
from streams.core.events import Event, Reject
from streams.core.kernel import murmur2 as compiled
from streams.core.profiles.index import encoded
from streams.kafka import partitioning
from streams.kafka.message import Message
from streams.log import Throttle, log
from streams.runtime.intake.rerouting import send_home
from streams.runtime.transport.fetching import FetchedRecord
from streams.runtime.worker import Worker

TELL_EVERY_S: Final = 60.0
NOBODY: Final[Ints] = np.empty(0, np.int64)


class Misrouted:
    """Of one shard. Those found wait here in the order of their offsets."""

    def __init__(self, worker: Worker, sources: Iterable[str], topic: str):
        self._worker = worker
        self._topic = topic
        self._waiting: dict[str, deque[tuple[int, Message]]] = {source: deque() for source in sources}
        self._may_tell = Throttle(TELL_EVERY_S)

    def take_out(
        self, tp: TP, events: list[Event], records: Sequence[FetchedRecord]
    ) -> tuple[list[Event], Sequence[FetchedRecord]]:
        """Events and their records without those of misrouted."""
        places, homes = self._find(tp, events)
        if not len(places):
            return events, records
        for place, home in zip(places.tolist(), homes.tolist(), strict=True):
            self._waiting[tp.topic].append((records[place].offset, send_home(tp, records[place], self._topic, home)))
        self._worker.counters.rerouted += len(places)
        self._tell(tp, records[places[0]], events[places[0]].subject)
        left = np.delete(np.arange(len(events)), places).tolist()
        return [events[place] for place in left], [records[place] for place in left]

    def is_misrouted(self, tp: TP, event: Event) -> bool:
        return len(self._find(tp, [event])[0]) == 1

    def take(self, limit: int) -> list[Message]:
        """The next messages, at most so many of each source."""
        waiting = self._waiting.values()
        return [each.popleft()[1] for each in waiting for _ in range(min(limit, len(each)))]

    def first_offsets(self) -> dict[str, int]:
        """By source, the offset of the record that waits first, where any does."""
        return {source: waiting[0][0] for source, waiting in self._waiting.items() if waiting}

    def held(self, source: str) -> int:
        return len(self._waiting.get(source, ()))

    def _find(self, tp: TP, events: Sequence[Event]) -> tuple[Ints, Ints]:
        """The places of misrouted, and their homes."""
        partitions, partitioner = self._worker.partitions, self._worker.settings.partitioner
        if partitions == 1 or partitioner == "trust" or not events:
            return NOBODY, NOBODY
        homes = _hashes([event.subject for event in events], partitioner) % partitions
        places = np.flatnonzero(homes != tp.partition)
        return places, homes[places]

    def _tell(self, tp: TP, record: FetchedRecord, user: str) -> None:
        if self._may_tell():
            setting = likely_setting(tp, record.key, user, self._worker.partitions, self._worker.settings.partitioner)
            place = f"topic {tp.topic}, partition {tp.partition}, offset {record.offset}"
            log.warning("%s - is not its user's partition and was sent home, at a price; %s", place, setting)


def _hashes(users: Sequence[str], partitioner: str) -> Ints:
    """Of each user what the partition is taken from: `homes` for many."""
    if partitioner == "crc32":
        return np.fromiter(map(zlib.crc32, map(str.encode, users)), np.int64, len(users))
    return compiled.murmur2(*encoded(users))


def likely_setting(tp: TP, key: bytes | None, user: str, partitions: int, partitioner: str) -> str:
    """What is to be changed at the producer of a misrouted record in `tp`, most likely."""
    if key is None:
        return "the producer sends no key: let it send the user id as the key"
    if key != user.encode():
        return "the producer's key is not the user id: let it send the user id as the key"
    if partitioner == "murmur2" and zlib.crc32(key) % partitions == tp.partition:
        return "this looks like librdkafka's default: set `partitioner=murmur2_random` there"
    if partitioner == "crc32" and (murmur2(key) & 0x7FFFFFFF) % partitions == tp.partition:
        return "this looks like Kafka's Java client: let it choose partitions by CRC32, as librdkafka does"
    return f"the producer chooses partitions by itself: let it use {partitioner} of the key"


def wrong_partition(partition: int, user: str, worker: Worker, otherwise: str = "") -> Reject:
    """Of what came to a partition that is not its user's, and is not sent home. otherwise: what else may be done."""
    partitioner = worker.settings.partitioner
    home = partitioning.homes(user, worker.partitions, partitioner)[0]
    return Reject(
        "wrong_partition",
        f"partition {partition} is not the user's, which by SEGMENTER_PARTITIONER={partitioner} is {home}: send it"
        f" there{otherwise}",
    )
