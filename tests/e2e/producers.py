"""Real producers of others: librdkafka, under most clients that are not Java's, and Kafka's own.

Comes in: records. Goes out: the same in the topic of product events, as the defaults of each have it.
"""

import subprocess
from collections.abc import Sequence
from typing import Final

from confluent_kafka import KafkaError, Message, Producer

from streams.testing import Record, to_bytes
from tests.e2e import apache_kafka
from tests.e2e.pipeline import WITHIN_S, Pipeline

CODECS: Final = ("gzip", "snappy", "lz4", "zstd")


def publish_by_librdkafka(
    pipeline: Pipeline, records: Sequence[Record], keyed: bool = True, codec: str = "none"
) -> None:
    """As its default partitioner has it: CRC32 of the key, random where there is none. In order also where a batch must
    be sent again, as of a new topic whose leader is not there yet: by its defaults it does not promise that."""
    said = {"bootstrap.servers": pipeline.settings.kafka, "log_level": 0, "compression.codec": codec}
    producer = Producer({**said, "enable.idempotence": True})
    topic, failed = pipeline.settings.topic("product-events"), list[str]()

    def delivered(error: KafkaError | None, _: Message) -> None:
        failed.extend([str(error)] if error else [])

    for record in records:
        key = record["userId"].encode() if keyed else None
        producer.produce(topic, to_bytes(record), key=key, on_delivery=delivered)
        producer.poll(0)
    assert producer.flush(WITHIN_S) == 0
    assert not failed, failed[:3]


def publish_by_java(
    pipeline: Pipeline, records: Sequence[Record], keyed: bool = True, codecs: Sequence[str] = ("none",)
) -> None:
    """With several codecs, all records of a user by one of them."""
    lines = [(record["userId"].encode() + b"\t" if keyed else b"") + to_bytes(record) for record in records]
    source = apache_kafka.POM.with_name("JavaProducer.java")
    topic = pipeline.settings.topic("product-events")
    command = ["java", "-cp", f"{apache_kafka.JARS}/*", str(source), pipeline.settings.kafka, topic, ",".join(codecs)]
    subprocess.run(command, input=b"\n".join(lines), check=True, capture_output=True, timeout=300)
