"""Whose shard: the partition in which producers put the records of a user.

Comes in: a user id, the number of partitions, and how producers choose among them (`SEGMENTER_PARTITIONER`). Goes out:
the partitions in which the user may be.
"""

import zlib
from collections.abc import Sequence

from streams.core.kernel.murmur2 import murmur2_of


def homes(user: str, partitions: int, partitioner: str) -> Sequence[int]:
    """One; all of them where the partition of a record is trusted, whatever it is.

    murmur2 is what Kafka's Java client does with a key (`BuiltInPartitioner.partitionForKey`), crc32 what librdkafka
    does (`rd_kafka_msg_partitioner_consistent`).

    >>> homes("ann", 4, "murmur2"), homes("ann", 4, "crc32"), list(homes("ann", 4, "trust"))
    ([2], [3], [0, 1, 2, 3])
    """
    key = user.encode()
    match partitioner:
        case "murmur2":
            return [murmur2_of(key) % partitions]
        case "crc32":
            return [zlib.crc32(key) % partitions]
        case _:
            return range(partitions)
