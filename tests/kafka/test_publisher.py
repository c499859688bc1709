"""Where records go: the partition that Kafka's own client would choose."""

import pytest
from aiokafka.partitioner import murmur2

from streams.kafka.partitioning import homes
from streams.kafka.publisher import home_partition

# From the tests of Apache Kafka's Utils.murmur2.
KNOWN = {
    "21": -973932308,
    "foobar": -790332482,
    "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829,
    "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "abc": 479470107,
}


@pytest.mark.parametrize(("key", "hashed"), KNOWN.items())
def test_the_hash_is_the_one_of_kafka_s_java_client(key: str, hashed: int) -> None:
    assert murmur2(key.encode()) == hashed % 2**32
    assert home_partition(key, 12) == (hashed & 0x7FFFFFFF) % 12


def test_ids_of_any_script_have_a_home() -> None:
    assert 0 <= home_partition("Łukasz-日本", 7) < 7


@pytest.mark.parametrize("partitioner", ["murmur2", "crc32", "trust"])
def test_workers_find_at_home_what_is_published(partitioner: str) -> None:
    for user in ("ann", "bob", "用户一"):
        assert home_partition(user, 4, partitioner) in homes(user, 4, partitioner)
