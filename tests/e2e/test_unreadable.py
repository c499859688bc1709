"""Batches that cannot be read, as a producer can send them and as a broker's disk can make of them.

Each is a dead letter that says why, and all around it is applied, once, though the worker is killed.
"""

import asyncio
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import LeaderNotAvailableError, for_code
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.structs import TopicPartition

from streams.kafka.batches.compression import MOST_BYTES
from streams.kafka.batches.record import PlainRecord
from streams.kafka.publisher import home_partition
from streams.retry import Retry
from streams.testing import to_bytes, track
from tests.conftest import Kafka
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.histories import NEWEST_MS
from tests.e2e.pipeline import PARTITIONS, WITHIN_S, Pipeline
from tests.kafka.batches.written import batch, with_crc

USERS: Final = [user for number in range(40) if home_partition(user := f"user-{number}", PARTITIONS) == 0]
ROUNDS: Final = 6
CODEC_AT: Final = 22
SOMEBODYS: Final = PlainRecord(0, NEWEST_MS, b"somebody", b"of one whose record is not read")


def spoil_checksum(raw: bytearray) -> None:
    raw[-1] ^= 1


def spoil_codec(raw: bytearray) -> None:
    raw[CODEC_AT] |= 6
    raw[:] = with_crc(raw)


def spoil_packed(raw: bytearray) -> None:
    raw[61:70] = b"nonsense!"
    raw[:] = with_crc(raw)


# What is done to a batch on the broker's disk, and the reason that is given.
ON_DISK: Final[dict[Callable[[bytearray], None], str]] = {
    spoil_checksum: "its bytes are not what its checksum (CRC) says",
    spoil_codec: "it is compressed by a codec that Kafka does not know, number 6",
    spoil_packed: "it says that it is compressed with zstd, and cannot be unpacked",
}
BOMB: Final = "it unpacks to more than 64 MiB of records"
NAME: Final = "the name of one of its headers is not UTF-8"


def test_what_cannot_be_read_is_told_and_all_else_is_applied_once(pipeline: Pipeline, kafka: Kafka) -> None:
    if not isinstance(kafka, ApacheKafka):
        pytest.skip("the embedded broker stores in memory")
    pipeline.use({"exactly": f"enter: count(any) == {ROUNDS}"})
    pipeline.publish([])
    tp = TopicPartition(pipeline.settings.topic("product-events"), 0)
    asyncio.run(produce(kafka, tp))
    kafka.stop()
    (log,) = (kafka.folder / "data" / f"{tp.topic}-0").glob("*.log")
    spoil(log)
    kafka.start()

    with pipeline.worker() as worker:
        worker.says("cannot be read and is a dead letter")
        worker.kill()
    with pipeline.worker() as worker:
        letters = pipeline.read("dead-letters", lambda seen: len({one.headers["offset"] for one in seen}) == 5)
        changes = pipeline.read("segment-changes", lambda seen: len({one.key for one in seen}) == len(USERS))
        assert worker.stop() == 0
    assert {one.json["type"] for one in changes} == {"segment.entered"}, "none is missing, none counted twice"
    reasons = {int(one.headers["offset"]): one.headers["reason"].decode() for one in letters}
    told = [reasons[offset] for offset in sorted(reasons)]
    assert all(wanted in said for wanted, said in zip([*ON_DISK.values(), BOMB, NAME], told, strict=True))
    assert {one.headers["reason_code"] for one in letters} == {b"unreadable"}
    assert {one.headers["topic"].decode() for one in letters} == {tp.topic}
    by_name = next(one for one in letters if NAME in one.headers["reason"].decode())
    assert by_name.value == SOMEBODYS.value
    assert "Traceback" not in worker.said()
    asyncio.run(remove(kafka, tp.topic))


async def produce(kafka: ApacheKafka, tp: TopicPartition) -> None:
    """A round of good events before, between and after the batches that are bad, or will be."""
    client = AIOKafkaClient(bootstrap_servers=kafka.address)
    await client.bootstrap()
    await client.force_metadata_update()
    await client.add_topic(tp.topic)
    bad = [batch([SOMEBODYS], 4 if spoilt is spoil_packed else 0) for spoilt in ON_DISK]
    bad.append(batch([PlainRecord(0, NEWEST_MS, b"somebody", bytes(MOST_BYTES + 1))], codec=1))
    named = [event(user, ROUNDS - 2) for user in USERS]
    named.insert(1, SOMEBODYS._replace(headers=(("höhe", b"1"),)))
    rounds = [batch(numbered([event(user, turn) for user in USERS])) for turn in range(ROUNDS)]
    rounds[-2] = batch(numbered(named), names=lambda name: name.encode("latin-1"))
    for turn in range(ROUNDS):
        for raw in [rounds[turn], *bad[turn : turn + 1]]:
            async with asyncio.timeout(WITHIN_S):
                await Retry()("Kafka", partial(send, client, tp, raw))
    await client.close()


async def send(client: AIOKafkaClient, tp: TopicPartition, raw: bytes) -> None:
    """KafkaError: the partition has not got it, as one that is so new that nobody leads it."""
    if (leader := client.cluster.leader_for_partition(tp)) in (None, -1):
        await client.force_metadata_update()
        raise LeaderNotAvailableError
    answer = await client.send(leader, ProduceRequest(None, -1, 10_000, [(tp.topic, [(tp.partition, raw)])]))
    ((_, ((_, error, *_),)),) = answer.topics
    if error:
        raise for_code(error)


async def remove(kafka: ApacheKafka, topic: str) -> None:
    """Other tests kill this broker, which would mend its log when it begins anew."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    await admin.delete_topics([topic])
    await admin.close()


def event(user: str, turn: int) -> PlainRecord:
    record = (
        track(user, "Signed In", NEWEST_MS, f"m-{turn}") if user != "somebody" else track(user, "Signed In", NEWEST_MS)
    )
    return PlainRecord(0, NEWEST_MS, user.encode(), to_bytes(record))


def numbered(records: list[PlainRecord]) -> list[PlainRecord]:
    return [each._replace(offset=at) for at, each in enumerate(records)]


def spoil(log: Path) -> None:
    """Every batch of one record without compression or with zstd, in the order of `ON_DISK`."""
    raw, at = bytearray(log.read_bytes()), 0
    waiting = list(ON_DISK)
    while at < len(raw) and waiting:
        until = at + 12 + struct.unpack_from(">i", raw, at + 8)[0]
        if struct.unpack_from(">i", raw, at + 57)[0] == 1:
            one = raw[at:until]
            waiting.pop(0)(one)
            raw[at:until] = one
        at = until
    assert not waiting
    log.write_bytes(raw)
