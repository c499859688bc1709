"""The thread in which the consumer lives, and what it fetches.

Comes in: Kafka. Goes out: `Fetched` values, one for all records that one fetch brought from one partition, and answers
about partitions: where they begin and end, what was committed.
"""

import asyncio
import time
from collections.abc import Awaitable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, cast

from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    KafkaTimeoutError,
    NodeNotReadyError,
)
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.errors import UsageError
from streams.kafka.batches.reader import Portion, read
from streams.kafka.batches.record import Unreadable
from streams.kafka.connection import client_options
from streams.kafka.consumer import Consumer
from streams.kafka.errors import in_words
from streams.kafka.membership import is_current
from streams.kafka.outcomes import TRIES, ending, may_pass
from streams.log import log
from streams.runtime.transport.driver import Driver
from streams.sources.records import Record

# How long a broker may hold back an answer for lack of records. A broker that does not wake a waiting fetch
# makes this the latency; much less would be busy waiting.
FETCH_WAIT_MS: Final = 30
# How often partitions that bring no records are looked at: markers move positions, and ends become known.
LOOK_EVERY_S: Final = 0.05
# What one fetch brings of one partition: 5,000 events of 200 bytes, 20 ms of work.
FETCH_BYTES: Final = 1 << 20
READ_COMMITTED: Final = 1
# Partitions without news are fetched many times a second: one that was not for so long is not read.
STABLE_FOR_MS: Final = 15_000
FETCHES_TO_FIND_AN_END: Final = 16
WAITS_FOR_AN_ANSWER_MS: Final = 100
ANSWER_WITHIN_S: Final = 5.0
# What may pass of the reasons for which a broker does not let a partition be read.
REFUSED_FOR_S: Final = 60.0
BROKEN_LOG: Final = (
    "the broker cannot read what it has stored there: restore the partition from another replica; or delete its records"
    " up to what is broken (kafka-delete-records), and go on without them with --accept-partial-history"
)
FOREVER_MS: Final = 2**31 - 1
NOTHING: Final = Portion([], [], 0)


class NumberedRecord(Record, Protocol):
    """A record, and its place in its partition."""

    @property
    def offset(self) -> int: ...


class FetchedRecord(NumberedRecord, Protocol):
    """A record of a fetch, which says of which partition."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one fetch brought of one partition.

    reading: the number that `start_reading` gave; what an earlier one brought late is of no use.
    first_offset: where it began, which is where the one before ended.
    next_offset: all records below it are here or were brought before (markers and compacted records are none).
    unreadable: those of them, or whole batches, of which no record can be made.
    end: where the partition ended when the broker last said so.
    caught_up: the broker said that there is nothing beyond `next_offset`.
    """

    tp: TP
    reading: int
    first_offset: int
    records: Sequence[FetchedRecord]
    next_offset: int
    end: int
    caught_up: bool
    unreadable: Sequence[Unreadable] = ()


class Membership(NamedTuple):
    """That of a consumer in its group, by which it was given partitions."""

    generation: int
    member: str


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread in which aiokafka's consumer lives; what it does there is in methods that begin with `_`."""

    logger = driver.logger

    def _create_worker_consumer(self, transport: driver.Transport) -> Consumer:
        settings = cast(Driver, transport).settings
        self._reading: dict[TP, int] = {}
        self._read_to: dict[TP, int] = {}
        self._reported: dict[TP, tuple[int, bool]] = {}
        self._moved_ms: dict[TP, int] = {}
        self._open_from: dict[TP, tuple[int | None, int]] = {}
        self._commit_fails: type[KafkaError] | None = None
        return Consumer(
            **client_options(settings),
            exact_ends=cast(Driver, transport).broker.exact_ends,
            client_id=self.app.conf.broker_client_id,
            group_id=self.app.conf.id,
            # Gives one member the same partitions of all input topics: a shard.
            partition_assignment_strategy=[RangePartitionAssignor],
            enable_auto_commit=False,
            # Never jump over records that are gone: `start_reading` decides, or the worker stops.
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=FETCH_BYTES,
            session_timeout_ms=settings.session_timeout,
            heartbeat_interval_ms=settings.session_timeout // 4,
            # Partitions may be paused for as long as Redis is away; the heartbeat tells that we live.
            max_poll_interval_ms=FOREVER_MS,
            rebalance_timeout_ms=max(30_000, settings.session_timeout),
        )

    async def fetch(self, tps: Set[TP]) -> list[Fetched]:
        return cast(list[Fetched], await self.call_thread(self._fetch, tps))

    async def _fetch(self, tps: Set[TP]) -> list[Fetched]:
        if not self.consumer.flow_active:
            return []
        consumer = self._ensure_consumer()
        drained = await consumer.portions(tps, LOOK_EVERY_S)
        # Nothing is awaited from here on, so that records and positions are of one instant.
        found = [self._look(tp, drained.get(tp, NOTHING)) for tp in tps]
        return [fetched for fetched in found if fetched is not None]

    async def check(self) -> None:
        """Raise what ended a part of aiokafka, or makes it wait until we take notice."""
        # Not behind whatever else is asked of the thread: that may wait for what has ended.
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._check(), self.thread_loop))

    async def _check(self) -> None:
        consumer = self._ensure_consumer()
        consumer.check()
        for tp, position, error, since_s in consumer.refusals():
            place = f"topic {tp.topic}, partition {tp.partition}, offset {position}"
            if isinstance(error, CorruptRecordException):
                raise UsageError(f"{place}: {BROKEN_LOG}")
            if not may_pass(error, TRIES if time.monotonic() - since_s > REFUSED_FOR_S else 1):
                raise ending(error, place)

    def _look(self, tp: TP, brought: Portion) -> Fetched | None:
        """What there is to say of a partition, None where it has been said."""
        assignment = self._ensure_consumer()._subscription.subscription.assignment
        state = assignment.state_value(tp)
        if state is None or not state.has_valid_position:
            return None
        if state.lso is not None:
            self._open_from[tp] = open_from(state.lso, state.highwater), state.timestamp
        records, unreadable, _ = brought
        if records:
            self._moved_ms[tp] = _now_ms()
        seen = (state.position, self._caught_up(tp, state))
        if not records and not unreadable and self._reported.get(tp) == seen:
            return None
        self._reported[tp] = seen
        position, caught_up = seen
        first, self._read_to[tp] = self._read_to[tp], position
        end = max(position, -1 if state.lso is None else state.lso)
        return Fetched(tp, self._reading[tp], first, records, position, end, caught_up, unreadable)

    def _caught_up(self, tp: TP, state: Any) -> bool:
        if cast(Driver, self.transport).broker.exact_ends:
            return state.lso is not None and bool(state.position >= state.lso)
        # An answer that came after the position moved and left nothing behind was an empty one.
        unread = tp in self._ensure_consumer()._fetcher._records
        return not unread and state.timestamp is not None and bool(state.timestamp > self._moved_ms.get(tp, 0))

    def open_from(self, tp: TP) -> int | None:
        """Where the first transaction that is open begins, as a fetch has just said; None where none said so lately."""
        begin, told_ms = self._open_from.get(tp, (None, 0))
        is_news = cast(Driver, self.transport).broker.exact_ends and _now_ms() - told_ms <= STABLE_FOR_MS
        return begin if is_news else None

    async def start_reading(self, offsets: Mapping[TP, int], reading: int) -> None:
        await self.call_thread(self._start_reading, offsets, reading)

    async def _start_reading(self, offsets: Mapping[TP, int], reading: int) -> None:
        for tp, offset in offsets.items():
            self._ensure_consumer().seek(_plain(tp), offset)
            self._reading[tp] = reading
            self._read_to[tp] = offset
            self._moved_ms[tp] = _now_ms()
            self._reported.pop(tp, None)

    async def partitions(self, topics: Sequence[str]) -> Mapping[str, int]:
        """How many each of them has, by the broker's word."""
        return cast(Mapping[str, int], await self.call_thread(self._partitions, topics))

    async def _partitions(self, topics: Sequence[str]) -> Mapping[str, int]:
        # Not by way of the client's own picture of the cluster: a change in that would have the group balanced anew.
        client = self._ensure_consumer()._client
        node = client.get_random_node()
        if node is None:
            raise NodeNotReadyError("no broker can be reached")
        answer = await _soon(client.send(node, MetadataRequest(list(topics), False)))
        return {name: len(partitions) for error, name, *_, partitions in answer.topics if not error}

    @property
    def membership(self) -> Membership:
        coordinator = self._ensure_consumer()._coordinator
        return Membership(coordinator.generation, coordinator.member_id)

    async def is_current(self, membership: Membership) -> bool:
        return cast(bool, await self.call_thread(self._is_current, membership))

    async def _is_current(self, membership: Membership) -> bool:
        return cast(bool, await _soon(is_current(self._ensure_consumer()._coordinator, *membership)))

    async def committed(self, tps: Iterable[TP]) -> Mapping[TP, int | None]:
        # For all of them at once: the consumer's own method asks for one partition a request.
        coordinator = self._ensure_consumer()._coordinator
        found = await self.call_thread(coordinator.fetch_committed_offsets, [_plain(tp) for tp in tps])
        return {tp: found[_plain(tp)].offset if _plain(tp) in found else None for tp in tps}

    async def offsets_at(self, tps: Iterable[TP], time_ms: int) -> Mapping[TP, int | None]:
        """The first offset of each partition with a record of that time or later."""
        wanted = {_plain(tp): time_ms for tp in tps}
        found = await self.call_thread(self._ensure_consumer().offsets_for_times, wanted)
        return {tp: at.offset if (at := found[_plain(tp)]) else None for tp in tps}

    async def ends(self, positions: Mapping[TP, int]) -> Mapping[TP, int]:
        """Where each partition ended when asked; one whose end could not be found is left out."""
        if cast(Driver, self.transport).broker.exact_ends:
            return await self.highwaters(*positions)
        return cast(Mapping[TP, int], await self.call_thread(self._empty_fetches, positions))

    async def _empty_fetches(self, positions: Mapping[TP, int]) -> Mapping[TP, int]:
        ends = {tp: await self._empty_fetch(tp, position) for tp, position in positions.items()}
        return {tp: end for tp, end in ends.items() if end is not None}

    async def _empty_fetch(self, tp: TP, position: int) -> int | None:
        """Fetch on from `position` until nothing comes: that is the end, whatever the broker says of ends."""
        client, wait_ms = self._ensure_consumer()._client, 1
        for _ in range(FETCHES_TO_FIND_AN_END):
            wanted = [(tp.topic, [(tp.partition, position, FETCH_BYTES)])]
            request = FetchRequest(wait_ms, 1, FETCH_BYTES, READ_COMMITTED, wanted)
            answer = await client.send(client.cluster.leader_for_partition(_plain(tp)), request)
            told = [partition for _, partitions in answer.topics for partition in partitions]
            if not told:
                # So the embedded broker answers a fetch whose time was over before it had looked.
                wait_ms = WAITS_FOR_AN_ANSWER_MS
                continue
            ((_, error, *_, raw),) = told
            if error:
                return None
            if not raw:
                return position
            position = read(raw, position).next_offset
        return None

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """For those who watch the lag; that it fails is no reason to stop, and told once."""
        mine = {_plain(tp): OffsetAndMetadata(at, "") for tp, at in offsets.items() if tp in self.assignment()}
        told, self._commit_fails = self._commit_fails, None
        try:
            await self._ensure_consumer().commit(mine)
        except KafkaError as error:
            self._commit_fails = type(error)
            if told is not self._commit_fails:
                log.warning("commit - for lag monitors only, will be tried again: %s", in_words(error))
            return False
        if told is not None:
            log.warning("commit - works again")
        return True


async def _soon(answer: Awaitable[Any]) -> Any:
    """Whatever else is asked of the thread waits behind this."""
    try:
        return await asyncio.wait_for(answer, ANSWER_WITHIN_S)
    except TimeoutError as error:
        raise KafkaTimeoutError("Kafka does not answer") from error


def _plain(tp: TP) -> TopicPartition:
    return TopicPartition(tp.topic, tp.partition)


def _now_ms() -> int:
    # The clock of aiokafka's own stamps, with which it is compared.
    return int(time.time() * 1000)


def open_from(stable_end: int, end: int) -> int | None:
    """Of both ends in one answer of a broker's: where the first open transaction begins, None where none is. An end in
    another answer may be of later."""
    return stable_end if stable_end < end else None
