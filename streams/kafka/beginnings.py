"""How far topics reach back: since when the records of each stand there of which the beginning is gone.

Comes in: the settings, and the names of topics. Goes out: instants, by topic.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiokafka import TopicPartition

from streams.kafka.clients import LOOK_EVERY_S, opened
from streams.kafka.connection import client_options
from streams.kafka.consumer import Consumer
from streams.kafka.errors import in_our_words
from streams.kafka.provisioning import existing
from streams.settings import Settings

WITHIN_S: Final = 10.0
OPTIONS: Final[dict[str, Any]] = {"enable_auto_commit": False, "auto_offset_reset": "earliest", "exact_ends": False}


async def reach_back(settings: Settings, topics: Iterable[str]) -> Mapping[str, int | None]:
    """Of each topic that does not begin where it began the time (ms) of the first record that is there in all of its
    partitions; None where nothing is there any more. Unreachable: Kafka does not answer."""
    counts = await existing(settings)
    tps = [TopicPartition(topic, number) for topic in topics for number in range(counts.get(topic, 0))]
    if not tps:
        return {}
    consumer = Consumer(**client_options(settings), **OPTIONS)
    async with in_our_words(settings), asyncio.timeout(WITHIN_S), opened(consumer) as it:
        begins, ends = await it.beginning_offsets(tps), await it.end_offsets(tps)
        cut = {tp for tp in tps if begins[tp] > 0}
        firsts = await _first_times(it, {tp: ends[tp] for tp in cut if begins[tp] < ends[tp]}, begins)
    found: dict[str, int | None] = {}
    for topic in sorted({tp.topic for tp in cut}):
        times = [firsts.get(tp) for tp in cut if tp.topic == topic]
        known = [time for time in times if time is not None]
        found[topic] = max(known) if len(known) == len(times) else None
    return found


async def _first_times(
    consumer: Consumer, ends: Mapping[TopicPartition, int], begins: Mapping[TopicPartition, int]
) -> Mapping[TopicPartition, int]:
    found: dict[TopicPartition, int] = {}
    consumer.assign(list(ends))
    for tp in ends:
        consumer.seek(tp, begins[tp])
    waiting = set(ends)
    while waiting:
        for tp, portion in (await consumer.portions(waiting, LOOK_EVERY_S)).items():
            times = [record.timestamp for record in portion.records if record.timestamp is not None]
            if times:
                found[tp] = times[0]
            if times or portion.next_offset >= ends[tp]:
                waiting.discard(tp)
                consumer.pause(tp)
    return found
