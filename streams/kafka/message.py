"""A record that is to be published, as it is kept until then.

Whatever is said on Kafka is made into one (`streams.outputs`), and is part of the state until it is published.
"""

import msgspec

Headers = tuple[tuple[str, bytes], ...]


class Message(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`value` None is a tombstone. `shard`: to whose partition, None for the shard's own."""

    topic: str
    key: bytes
    value: bytes | None
    headers: Headers = ()
    shard: int | None = None
