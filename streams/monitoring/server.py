"""The HTTP port of a worker, or of a `deliver`, for whoever watches it.

    /metrics   all figures, as Prometheus reads them
    /healthz   200, or 503 while a shard that has something to do does not move, or the group gives none; JSON that says
               which, and why
    /readyz    200 once the worker's shards are loaded, or 503; the same JSON, whose status says this

Comes in: an address, the metrics, and a way to ask for the health. Goes out: answers, from threads of their own: they
also come while the event loop is busy, and say for how long it has not moved.
"""

import errno
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Final

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from streams.errors import UsageError, origin
from streams.log import log
from streams.monitoring.health import JOINED_WITHIN_S, UNHEALTHY_AFTER_S, Health, ShardHealth
from streams.setting_values import HostPort
from streams.settings import Settings

# How many ports above a default one are tried: several workers on a machine are nothing special.
PORTS_TRIED: Final = 100
# How long who has connected may take to say what is wanted: as long as the most patient of those who scrape. On a busy
# machine who asks may stand still for many seconds in between.
ASKED_WITHIN_S: Final = 60.0

# The health as it was last seen, and how long ago that was (s); None where nobody has looked yet.
Ask = Callable[[], tuple[Health, float]]


class Monitoring(ThreadingHTTPServer):
    """`address` is where it listens."""

    daemon_threads = True

    def __init__(self, host: str, port: int, registry: CollectorRegistry, ask: Ask):
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)
        self.registry = registry
        self.ask = ask

    @property
    def address(self) -> HostPort:
        host, port = self.server_address[:2]
        return HostPort(str(host), port)

    def server_bind(self) -> None:
        """Without a look into DNS for a name that nobody needs."""
        TCPServer.server_bind(self)

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, name="monitoring", daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked has gone: nobody's concern, and no traceback."""


def listen(at: HostPort, is_default: bool, registry: CollectorRegistry, ask: Ask) -> Monitoring:
    """UsageError: the port is taken, and was asked for. Where it is the default, the next one that is free is taken."""
    last = at.port + PORTS_TRIED if is_default else at.port
    for port in range(at.port, last + 1):
        try:
            return Monitoring(at.host, port, registry, ask)
        except OSError as error:
            if port < last and error.errno == errno.EADDRINUSE:
                continue
            why = error.strerror or str(error)
            break
    raise UsageError(
        f"SEGMENTER_METRICS: cannot listen at {at}: {why}. Another process of ours may have it: give each a port of"
        f" its own, or {HostPort(at.host, 0)} for any that is free (the log says which), or off for none."
    )


def tell(settings: Settings, registry: CollectorRegistry, ask: Ask, who: str) -> None:
    """Listen where the settings say, if they do. UsageError: the port that was asked for is taken."""
    at = settings.metrics
    if at is None:
        return
    server = listen(at, not settings.is_set("metrics"), registry, ask)
    server.start()
    taken = f"; port {at.port} is taken" if at.port not in (0, server.address.port) else ""
    log.info("%s - tells /metrics, /healthz and /readyz at http://%s%s", who, server.address, taken)


class _Handler(BaseHTTPRequestHandler):
    server: Monitoring
    timeout = ASKED_WITHIN_S
    server_version = "segmenter"
    sys_version = ""

    def do_GET(self) -> None:
        answers = {"/metrics": self._metrics, "/healthz": self._health, "/readyz": self._ready}
        answer = answers.get(self.path.partition("?")[0], self._unknown)
        try:
            answer()
        except OSError:
            raise  # whoever asked has gone
        except Exception as error:  # noqa: BLE001 - whatever it is, who watches must see that figures are missing, and why
            log.error("monitoring - a fault of segmenter's own, please report this line: %s", origin(error))
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", b"A fault of segmenter's own: see its log.\n")

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, message: str, *args: Any) -> None:
        """A scrape is no news."""

    def _unknown(self) -> None:
        self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"/metrics, /healthz, /readyz\n")

    def _metrics(self) -> None:
        encode, content_type = choose_encoder(self.headers.get("Accept", ""))
        self._answer(HTTPStatus.OK, content_type, encode(self.server.registry))

    def _health(self) -> None:
        health, ago_s = self.server.ask()
        said = describe(health, ago_s)
        self._say(not said["failing"], said)

    def _ready(self) -> None:
        health, ago_s = self.server.ask()
        self._say(health.is_ready, describe(health, ago_s) | {"status": "ready" if health.is_ready else "not ready"})

    def _say(self, is_well: bool, said: dict[str, Any]) -> None:
        body = msgspec.json.format(msgspec.json.encode(said), indent=2) + b"\n"
        status = HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE
        self._answer(status, "application/json", body)

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def describe(health: Health, ago_s: float) -> dict[str, Any]:
    """What the checks answer. failing: what is wrong, in words; nothing where all is well."""
    failing = [f"shard {each.shard}: {each.why or _still(each)}" for each in health.failing]
    if health.unjoined_s >= JOINED_WITHIN_S:
        failing.append(f"the consumer group has given it no shards for {health.unjoined_s:.0f} s")
    if health.shards and ago_s >= UNHEALTHY_AFTER_S:
        failing.append(f"the event loop has not moved for {ago_s:.0f} s")
    return {
        "status": "failing" if failing else "ok",
        "summary": str(health),
        "ready": health.is_ready,
        "failing": failing,
        "rules": {
            "version": health.rules or None,
            "differs": health.differs or None,
            "refused": health.refused or None,
        },
        "shards": [_described(each) for each in health.shards],
    }


def _still(shard: ShardHealth) -> str:
    return f"nothing has moved for {shard.still_s:.0f} s"


def _described(shard: ShardHealth) -> dict[str, Any]:
    return {
        "shard": shard.shard,
        "state": shard.state,
        "why": shard.why,
        "behind": {topic: records for topic, records in shard.behind.items() if records},
        "still_s": round(shard.still_s, 1),
    }
