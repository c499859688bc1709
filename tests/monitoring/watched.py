"""Workers whose health is as it is told, for tests of what the HTTP port and whoever asks it say."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

from prometheus_client import CollectorRegistry, Counter

from streams.monitoring.health import Cause, Health, Obstacle, ShardHealth, State
from streams.monitoring.server import Monitoring, listen
from streams.setting_values import HostPort

WELL = ShardHealth(0, State.CAUGHT_UP, {})
WAITING = ShardHealth(2, State.WAITING, {"product-events": 7}, 31.0, Obstacle(Cause.REDIS, "Redis is away"))


class Watched:
    """A worker whose health is as it is told."""

    def __init__(self) -> None:
        self.health, self.ago_s = Health([WELL], has_joined=True), 0.0
        self.registry = CollectorRegistry()
        Counter("segmenter_scrapes", "Of a test.", registry=self.registry).inc()

    def ask(self) -> tuple[Health, float]:
        return self.health, self.ago_s

    @contextmanager
    def served(self) -> Iterator[Monitoring]:
        with listen(HostPort("127.0.0.1", 0), False, self.registry, self.ask) as server:
            server.start()
            yield server
            server.shutdown()

    def answer(self, path: str, method: str = "GET") -> tuple[int, str, str]:
        with self.served() as server:
            connection = HTTPConnection(*server.address, timeout=60)
            connection.request(method, path)
            found = connection.getresponse()
            body = found.read().decode()
            connection.close()
        return found.status, found.headers["Content-Type"], body

    def says(self, path: str) -> tuple[int, dict[str, Any]]:
        status, _, body = self.answer(path)
        return status, json.loads(body)
