"""A consumer of a group that owns what it reads: partitions come and go, and with them what they feed.

Comes in: the settings, the group, the topics, and who owns partitions. Goes out: records, of partitions that are owned.

All topics have equally many partitions, and whoever is given number n of one is given number n of all.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, NamedTuple, Protocol

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError

from streams.kafka.batches.reader import Portion
from streams.kafka.clients import tell_unreadable
from streams.kafka.connection import client_options
from streams.kafka.consumer import Consumer
from streams.kafka.errors import in_our_words, in_words
from streams.kafka.membership import is_current
from streams.log import log
from streams.settings import Settings

FETCH_S: Final = 0.1
# What one fetch brings of one partition: some 500 changes.
FETCH_BYTES: Final = 256 << 10
NO_TIME: Final = -1
Partition = TopicPartition


class Record(NamedTuple):
    """timestamp_ms: Kafka's."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int


class Fetched(NamedTuple):
    """Of one partition number: by topic the records and the offset after them; whether that is all there is."""

    records: Mapping[str, Sequence[Record]]
    positions: Mapping[str, int]
    is_all: bool


class Place(NamedTuple):
    """position: the offset after what was read. is_stable: all that is committed was read; what may follow is part of a
    transaction."""

    position: int
    is_stable: bool


class Owner(Protocol):
    """Who is told of partitions, by number."""

    async def own(self, number: int, is_ours: Callable[[], Awaitable[bool]]) -> Mapping[str, int]:
        """It was given to us; `is_ours` asks Kafka whether it still is. Gives by topic where to begin; the beginning
        where it has none."""

    async def let_go(self, numbers: Sequence[int]) -> None:
        """They are ours no more once this returns."""


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is published without types
    def __init__(self, consumer: Consumer, owner: Owner):
        self._consumer, self._owner = consumer, owner
        self.has_joined = False

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self.has_joined = False
        await self._owner.let_go(sorted({each.partition for each in revoked}))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        # aiokafka has no public name for who we are in the group.
        coordinator = self._consumer._coordinator
        membership = coordinator.generation, coordinator.member_id

        async def is_ours() -> bool:
            return await is_current(coordinator, *membership)

        for number in sorted({each.partition for each in assigned}):
            positions = await self._owner.own(number, is_ours)
            # Nothing is awaited before all is sought: else what was fetched from elsewhere would be taken for its own.
            of_number = [tp for tp in assigned if tp.partition == number]
            for tp in (each for each in of_number if each.topic in positions):
                self._consumer.seek(tp, positions[tp.topic])
            if new := [tp for tp in of_number if tp.topic not in positions]:
                await self._consumer.seek_to_beginning(*new)
        self.has_joined = True


class GroupConsumer:
    """Made by `reading`."""

    def __init__(self, consumer: Consumer, listener: _Listener):
        self._consumer = consumer
        self._listener = listener

    @property
    def has_joined(self) -> bool:
        """Whether the group has told which partitions are ours, perhaps none, and their owner has them."""
        return self._listener.has_joined

    def partitions(self, topic: str) -> int:
        """How many a topic has; 0 where Kafka has not told."""
        return len(self._consumer.partitions_for_topic(topic) or ())

    def places(self) -> dict[TopicPartition, Place | None]:
        """How far each partition of ours has been read; None where that has not begun."""
        return {tp: self._place(tp) for tp in self._consumer.assignment()}

    def _place(self, tp: TopicPartition) -> Place | None:
        state = self._consumer._subscription.subscription.assignment.state_value(tp)
        if state is None or not state.has_valid_position:
            return None
        return Place(state.position, state.lso is not None and state.position >= state.lso)

    async def fetch(self) -> dict[int, Fetched]:
        """What came within a moment, by partition number; of those of which nothing came it tells whether all is
        read."""
        got = await self._consumer.portions(set(), FETCH_S)
        for tp, portion in got.items():
            tell_unreadable(tp, portion)
        numbers: dict[int, list[TopicPartition]] = {}
        for tp in self._consumer.assignment():
            numbers.setdefault(tp.partition, []).append(tp)
        return {number: self._fetched(tps, got) for number, tps in numbers.items()}

    def _fetched(self, tps: Sequence[TopicPartition], got: Mapping[TopicPartition, Portion]) -> Fetched:
        brought = {tp.topic: got[tp] for tp in tps if tp in got and got[tp].records}
        records = {
            topic: [Record(each.offset, each.key, each.value, each.timestamp or NO_TIME) for each in portion.records]
            for topic, portion in brought.items()
        }
        positions = {topic: portion.next_offset for topic, portion in brought.items()}
        return Fetched(records, positions, all(self._is_read(tp) for tp in tps))

    def _is_read(self, tp: TopicPartition) -> bool:
        """Whether the consumer has given out all that the broker last told of."""
        state = self._consumer._subscription.subscription.assignment.state_value(tp)
        if not state.has_valid_position or state.highwater is None:
            return False
        return bool(state.position >= state.highwater)

    async def commit(self, number: int, positions: Mapping[str, int]) -> None:
        """For tools that show how far a group is behind; where to go on, the state says."""
        try:
            await self._consumer.commit({TopicPartition(topic, number): at for topic, at in positions.items()})
        except KafkaError as error:
            log.debug("partition %d - offsets were not committed: %s", number, in_words(error))


@asynccontextmanager
async def reading(settings: Settings, group: str, topics: Sequence[str], owner: Owner) -> AsyncIterator[GroupConsumer]:
    """A member of the group, for the length of the block."""
    consumer = Consumer(
        **client_options(settings),
        exact_ends=False,  # not of every broker
        max_partition_fetch_bytes=FETCH_BYTES,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        session_timeout_ms=settings.session_timeout,
        heartbeat_interval_ms=settings.session_timeout // 5,
        max_poll_interval_ms=300_000,
        partition_assignment_strategy=[RangePartitionAssignor],
    )
    async with in_our_words(settings):
        listener = _Listener(consumer, owner)
        consumer.subscribe(list(topics), listener=listener)
        try:
            await consumer.start()
            yield GroupConsumer(consumer, listener)
        finally:
            await consumer.stop()
