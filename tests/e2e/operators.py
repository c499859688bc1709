"""Who asks a worker's HTTP port, where its log says that it is."""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from tests.e2e.pipeline import WITHIN_S, WorkerProcess


class Operator:
    """Asks a worker where its log says that it tells."""

    def __init__(self, worker: WorkerProcess):
        self._worker = worker
        worker.says("tells /metrics, /healthz and /readyz at http://")
        [self._url] = re.findall(r"(http://\S+:\d+)", worker.said())

    def asks(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self._url + path, timeout=WITHIN_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.asks("/healthz")[1])
        return found

    def figures(self) -> dict[str, float]:
        lines = [line for line in self.asks("/metrics")[1].splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def sees(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until the health is as wanted."""
        deadline = time.monotonic() + WITHIN_S
        while not wanted(found := self.health()):
            assert time.monotonic() < deadline, f"{found}\n{self._worker.said()}"
            time.sleep(0.2)
        return found


def is_caught_up(health: dict[str, Any]) -> bool:
    return bool(health["summary"] == "caught up")
