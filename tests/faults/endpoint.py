"""Whoever gets webhooks, in a thread: it keeps what came, and now and then fails.

Comes in: requests. Goes out: `webhooks`, in the order in which they were answered with 2xx.
"""

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple, Self

from streams.embedded.server import HOST, free_port

FAILS_ONE_IN: Final = 40


class Webhook(NamedTuple):
    """id: of the header `webhook-id`."""

    id: str
    body: bytes

    @property
    def change(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.body)["data"]
        return found


class Endpoint:
    """One in forty of the ids fails once, and is to come again: who is behind it waits, and nobody else."""

    def __init__(self) -> None:
        self.webhooks: list[Webhook] = []
        self._failed: set[str] = set()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer((HOST, free_port()), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://{HOST}:{self._server.server_port}/"

    def take(self, webhook: Webhook) -> int:
        """The status."""
        with self._lock:
            if int(webhook.id[:8], 16) % FAILS_ONE_IN == 0 and webhook.id not in self._failed:
                self._failed.add(webhook.id)
                return 500
            self.webhooks.append(webhook)
            return 204

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                with suppress(OSError):  # who asked may be killed by now
                    self.send_response(endpoint.take(Webhook(self.headers["webhook-id"], body)))
                    self.send_header("content-length", "0")
                    self.end_headers()

            def log_message(self, *_: object) -> None: ...

        return Handler

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
