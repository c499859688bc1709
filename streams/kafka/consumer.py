"""aiokafka's consumer, whose fetches are read by `streams.kafka.batches`.

Comes in: Kafka. Goes out: a `Portion` for what each fetch brought of one partition.

aiokafka asks, knows the leaders and keeps the positions. What an answer brings it would parse by itself, and one batch
that it cannot read would end that for good. So its client hands it an answer without the bytes, and they are put in
where it keeps what waits to be read. Nothing is awaited between the two.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterator, Set
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import FetchError, FetchResult
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.structs import TopicPartition

from streams.kafka.batches.reader import Portion, read

ASK_EVERY_S: Final = 1.0
# What aiokafka finds in place of a fetch's bytes: enough to see that there are some. As a batch it has a bad checksum.
STUB: Final = bytes(11) + b"\x31" + bytes(49)


class Consumer(AIOKafkaConsumer):  # type: ignore[misc] # published without types
    """`exact_ends`: whether the broker's ends can be trusted, so that no batch begins far beyond them.

    What was fetched comes by `portions` alone, not by `getmany` and `getone`.
    """

    def __init__(self, *topics: str, exact_ends: bool = True, **options: Any):
        super().__init__(*topics, **options)
        self._exact_ends = exact_ends
        self._asked_s = 0.0

    async def start(self) -> None:
        await super().start()
        client = _Client(self._client)
        self._fetcher._client = client
        self._fetcher._records = _Waiting(client, self._exact_ends)

    async def stop(self) -> None:
        try:
            await super().stop()
        except asyncio.CancelledError:
            # aiokafka stumbles over a fetch that it cancelled itself, if that was waiting to be tried again.
            await self._let_go()
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise

    async def _let_go(self) -> None:
        """What it had not come to yet."""
        fetches = list(self._fetcher._pending_tasks) if self._fetcher is not None else []
        for each in fetches:
            each.cancel()
        await asyncio.gather(*fetches, return_exceptions=True)
        await self._client.close()

    def check(self) -> None:
        """Raise what ended our part in the group, or the fetching: aiokafka tells its log alone, and whoever waits for
        records would wait for ever. Ask for the cluster anew where it is not known of a topic that we subscribe to how
        many partitions it has: aiokafka itself does so five minutes after an answer without brokers, and who is the
        leader of a group then gives nobody any."""
        self._coordinator.check_errors()
        if self._fetcher.error_future.done():
            self._fetcher.error_future.result()
        cluster, now_s = self._client.cluster, time.monotonic()
        if now_s >= self._asked_s + ASK_EVERY_S and not all(map(cluster.partitions_for_topic, self.subscription())):
            self._asked_s = now_s
            self._client.force_metadata_update()

    def refusals(self) -> Iterator[tuple[TopicPartition, int, KafkaError, float]]:
        """Of each partition that the broker refuses to read from: where it was asked to, why not, and since when (of
        `time.monotonic`). aiokafka asks again and again, and tells nobody."""
        for tp, (error, since_s) in self._fetcher._client.refused.items():
            if self._subscription.is_assigned(tp):
                yield tp, self._subscription.subscription.assignment.state_value(tp).position, error, since_s

    async def portions(self, tps: Set[TopicPartition], timeout_s: float) -> dict[TopicPartition, Portion]:
        """What has been fetched of these partitions, of all where none are named; positions are moved behind it."""
        self.check()
        with self._subscription.fetch_context():
            found = await self._fetcher.fetched_records(tps, timeout=timeout_s)
        return {tp: portion for tp, (portion,) in found.items()}


class _Answer(NamedTuple):
    raw: bytes
    end: int
    aborted: list[tuple[int, int]]


class _Client:
    """The client of a fetcher. Keeps the bytes of the newest answer about each partition."""

    def __init__(self, client: Any):
        self._client = client
        self.answers: dict[TopicPartition, _Answer] = {}
        self.refused: dict[TopicPartition, tuple[KafkaError, float]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def send(self, node_id: int, request: Any, **options: Any) -> Any:
        answer = await self._client.send(node_id, request, **options)
        if isinstance(request, FetchRequest):
            answer.topics = [
                (topic, [self._without_bytes(TopicPartition(topic, each[0]), each) for each in partitions])
                for topic, partitions in answer.topics
            ]
        return answer

    def _without_bytes(self, tp: TopicPartition, said: tuple[Any, ...]) -> tuple[Any, ...]:
        # partition, error, highwater, last stable offset, [log start offset], aborted transactions, [..], records
        *rest, raw = said
        if not rest[1]:
            self.refused.pop(tp, None)
        elif tp not in self.refused:
            self.refused[tp] = for_code(rest[1])(tp.topic), time.monotonic()
        if not raw:
            return said
        aborted = next((each for each in rest if isinstance(each, list)), None) or []
        self.answers[tp] = _Answer(raw, rest[2], aborted)
        return (*rest, STUB)


class _Waiting(OrderedDict[TopicPartition, FetchResult | FetchError]):
    """Of each partition what was fetched and waits to be read."""

    def __init__(self, client: _Client, exact_ends: bool):
        super().__init__()
        self._client = client
        self._exact_ends = exact_ends

    def __setitem__(self, tp: TopicPartition, result: FetchResult | FetchError) -> None:
        if isinstance(result, FetchResult):
            position = result._partition_records.next_fetch_offset
            result._partition_records = _Unread(self._client.answers.pop(tp), position, self._exact_ends)
        super().__setitem__(tp, result)


class _Unread:
    """What was fetched, read when it is asked for: one portion."""

    def __init__(self, answer: _Answer, position: int, exact_ends: bool):
        self._answer: _Answer | None = answer
        self._exact_ends = exact_ends
        self.next_fetch_offset = position

    def __iter__(self) -> Iterator[Portion]:
        return self

    def __next__(self) -> Portion:
        if self._answer is None:
            raise StopIteration
        raw, end, aborted = self._answer
        self._answer = None
        portion = read(raw, self.next_fetch_offset, end if self._exact_ends else None, aborted)
        self.next_fetch_offset = portion.next_offset
        return portion
