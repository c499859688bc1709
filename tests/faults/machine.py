"""A machine of a world: on it a process runs, by its clock and its lines to the servers.

Comes in: a file for its clock, a network, and servers. Goes out: `Machine`.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from streams.embedded.server import HOST, free_port
from tests.e2e.apache_kafka import ApacheKafka
from tests.faults.drifting import Clock
from tests.faults.network import Line, Network


class WiredKafka(ApacheKafka):
    """A Kafka that tells each machine to come by its own line: it has a listener for each, which it advertises as the
    line's end on the machine."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[tuple[int, Line]] = []

    def wired(self, network: Network) -> Line:
        """A line to it, before it is started."""
        port = free_port()
        line = network.line("Kafka", port)
        self._lines.append((port, line))
        return line

    def properties(self) -> str:
        said = dict(line.split("=", 1) for line in super().properties().splitlines() if "listeners=" in line)
        names = [f"M{number}" for number in range(len(self._lines))]
        listens, leads = (
            [f"{name}://{HOST}:{port}" for name, port in zip(names, ports, strict=True)]
            for ports in ([port for port, _ in self._lines], [line.port for _, line in self._lines])
        )
        protocols = [f"{name}:PLAINTEXT" for name in ("PLAINTEXT", "CONTROLLER", *names)]
        return super().properties() + "\n".join(
            (
                f"listeners={','.join((said['listeners'], *listens))}",
                f"advertised.listeners={','.join((said['advertised.listeners'], *leads))}",
                f"listener.security.protocol.map={','.join(protocols)}",
            )
        )


@dataclass
class Machine:
    """clock_file: what its clock reads how wrong it is."""

    clock_file: Path
    kafka: Line
    redis: Line
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = Clock(self.clock_file)
        self.clock.is_wrong_by(0)

    @classmethod
    def wired(cls, clock_file: Path, network: Network, kafka: WiredKafka, redis_port: int) -> Self:
        return cls(clock_file, kafka.wired(network), network.line("Redis", redis_port))

    @property
    def lines(self) -> tuple[Line, Line]:
        return self.kafka, self.redis

    @property
    def servers(self) -> dict[str, str]:
        """Settings: how it reaches them."""
        return {"kafka": f"{HOST}:{self.kafka.port}", "redis": redis_url(self.redis)}


def redis_url(line: Line) -> str:
    return f"redis://{HOST}:{line.port}/0"
