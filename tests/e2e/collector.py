"""A collector in a process of its own, which keeps its address when it is killed and started again.

Comes in: a pipeline. Goes out: a URL, and the records that came of what was sent there.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

from streams.embedded.server import HOST, free_port
from tests.e2e.pipeline import WITHIN_S, Pipeline, WorkerProcess, until

KEYS: Final = "web:WEB,server:SERVER"


class CollectorProcess:
    def __init__(self, pipeline: Pipeline, **settings: str):
        self._pipeline = pipeline
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self._settings = {"web": f"{HOST}:{self.port}", "write_keys": KEYS, **settings}
        self._process: WorkerProcess | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> Self:
        command: Sequence[str] = ("-m", "streams", "web", "--parts", "collect")
        self._process = self._pipeline.worker(*command, **self._settings)
        self._process.says("web - listens at")
        return self

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()

    def stop(self) -> int:
        assert self._process is not None
        return self._process.stop()

    def said(self) -> str:
        """Since it was started the last time."""
        assert self._process is not None
        return self._process.said()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process is not None
        self._process.__exit__()

    def post(self, path: str, said: Any, within_s: float = WITHIN_S, **headers: str) -> tuple[int, dict[str, Any]]:
        """The status, and what is told beside it."""
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        named = {"X-Write-Key": "SERVER"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return asked(urllib.request.Request(f"{self.url}{path}", body, named), within_s)

    def takes(self, path: str, said: Any, **headers: str) -> None:
        """Post it until it is taken, as SDKs do: what Kafka confirms late is answered with 503, and may be there."""
        until(lambda: self.post(path, said, WITHIN_S, **headers)[0], 200)

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        return asked(urllib.request.Request(f"{self.url}{path}"))

    def events(self, ids: set[str], topic: str = "product-events") -> list[dict[str, Any]]:
        """All events of the topic, once those of these ids are there."""
        seen = self._pipeline.read(topic, lambda seen: ids <= {one.json.get("messageId") for one in seen})
        return [one.json for one in seen]


def asked(request: urllib.request.Request, within_s: float = WITHIN_S) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(request, timeout=within_s) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)
