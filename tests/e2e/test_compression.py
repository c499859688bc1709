"""Records compressed in every way that Kafka knows, by Kafka's own client and by librdkafka, after a plain install."""

import asyncio
import json
import struct
from collections.abc import Iterator
from typing import Final

import pytest
from aiokafka.admin import NewTopic

from tests.conftest import Kafka
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.changes import told
from tests.e2e.histories import actions, expected
from tests.e2e.pipeline import PARTITIONS, TIMELESS, Pipeline
from tests.e2e.producers import CODECS, publish_by_java, publish_by_librdkafka
from tests.e2e.topics import create

# How snappy-java begins what it writes; librdkafka writes one block without a frame.
XERIAL: Final = b"\x82SNAPPY\0"


@pytest.fixture
def apache(kafka: Kafka) -> ApacheKafka:
    if not isinstance(kafka, ApacheKafka):
        pytest.skip("Kafka's own client needs java, and its jars come with Apache Kafka's")
    return kafka


def test_every_codec_is_read_by_the_worker_and_by_watch(pipeline: Pipeline, apache: ApacheKafka) -> None:
    pipeline.use(TIMELESS)
    records = actions(users=80, events=3_000)
    wanted = expected(pipeline, records)
    changes = pipeline.settings.topic("segment-changes")
    # The broker compresses what comes to it, and refuses it to whoever is too old to know zstd.
    compressed = NewTopic(changes, PARTITIONS, 1, topic_configs={"compression.type": "zstd"})
    asyncio.run(create(apache.address, compressed))
    pipeline.publish([])

    users = sorted({record["userId"] for record in records})
    by_java = set(users[: len(users) // 2])
    publish_by_java(pipeline, [each for each in records if each["userId"] in by_java], codecs=CODECS)
    for turn, codec in enumerate(CODECS):
        some = set(users[len(users) // 2 + turn :: len(CODECS)])
        publish_by_librdkafka(pipeline, [each for each in records if each["userId"] in some], codec=codec)
    batches = list(batches_of(apache, pipeline.settings.topic("product-events")))
    # librdkafka leaves a batch as it is where compressing makes it no smaller, as one of a single record.
    assert {codec for codec, *_ in batches} >= {1, 2, 3, 4}
    assert sum(number for _, number, _ in batches) == len(records)
    assert {body.startswith(XERIAL) for codec, _, body in batches if codec == 2} == {True, False}, (
        "Java's and librdkafka's"
    )

    with pipeline.steady_worker() as worker:
        assert told(pipeline, wanted) == wanted
        worker.stop()
    assert {codec for codec, *_ in batches_of(apache, changes)} == {4}
    count = sum(map(len, wanted.values()))
    assert watched(pipeline, count) == count


def batches_of(kafka: ApacheKafka, topic: str) -> Iterator[tuple[int, int, bytes]]:
    """The codec, the number of records, and the records of each batch of a topic, as they lie on the broker's disk."""
    for segment in (kafka.folder / "data").glob(f"{topic}-*/*.log"):
        log, at = segment.read_bytes(), 0
        while at < len(log):
            (length,) = struct.unpack_from(">i", log, at + 8)
            (attributes,) = struct.unpack_from(">h", log, at + 21)
            (number,) = struct.unpack_from(">i", log, at + 57)
            yield attributes & 7, number, log[at + 61 : at + 12 + length]
            at += 12 + length


def watched(pipeline: Pipeline, count: int) -> int:
    """How many changes `segmenter watch` shows, once it has shown so many."""
    with pipeline.worker("-m", "streams", "watch", "--from-beginning", "--json") as watch:
        watch.says("\n", times=count)
        return len({json.loads(line)["id"] for line in watch.said().splitlines()[:count]})
