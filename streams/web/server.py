"""The web process: listens, until SIGTERM or Ctrl-C.

Comes in: the settings, the parts that are on. Goes out: nothing, or an error of ours. Told to stop, it answers what is
under way, ends the streams, and is gone within `GONE_WITHIN_S`, whatever hangs: Docker kills after ten seconds.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import Final, NoReturn

import uvicorn
import uvloop

from streams.errors import InternalError, SegmenterError, UsageError, origin
from streams.log import log
from streams.setting_values import HostPort
from streams.settings import Settings
from streams.web.app import WebApp
from streams.web.connections import BoundedConnection
from streams.web.parts import Part
from streams.web.proxies import BehindProxies

GONE_WITHIN_S: Final = 9.5
# Requests under way have so long, then they are cut off.
ANSWERED_WITHIN_S: Final = 5
# Between two requests of a connection: longer than proxies', which would else send one into a connection just closed.
IDLE_WITHIN_S: Final = 75
BACKLOG: Final = 2048
# A request leaves next to no cycles behind; to look for them every 700 objects takes a fifth of the time.
GARBAGE_THRESHOLDS: Final = (50_000, 20, 20)


def serve(settings: Settings, parts: Sequence[Part]) -> None:
    """Serve in this process until it is told to stop. The process may be ended in here."""
    listening = bound(settings.web)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(_serve(settings, parts, listening))
        except BaseExceptionGroup as group:
            raise _ours(_first(group)) from group


async def _serve(settings: Settings, parts: Sequence[Part], listening: socket.socket) -> None:
    app = WebApp(settings, parts)
    server = Server(app, settings)
    # Before uvicorn does, which sends itself the signal once more when it has ended: then it comes here again.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, server.handle_exit)
    async with app.running():
        names = ", ".join(part.name for part in parts) or "health alone"
        log.info("web - listens at http://%s%s: %s", _shown(listening), settings.web_root_path, names)
        leave_garbage_alone()
        await server.serve(sockets=[listening])
    log.info("web - ended")


class Server(uvicorn.Server):
    """uvicorn's, which also tells streams that the process is to stop, and does not wait for ever."""

    def __init__(self, app: WebApp, settings: Settings):
        super().__init__(
            uvicorn.Config(
                BehindProxies(app, settings),
                http=BoundedConnection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_keep_alive=IDLE_WITHIN_S,
                timeout_graceful_shutdown=ANSWERED_WITHIN_S,
            )
        )
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self.should_exit:
            # A thread's, as the loop itself may be what is held up.
            leaving = threading.Timer(GONE_WITHIN_S, _leave)
            leaving.daemon = True
            leaving.start()
            self._app.stopping.begin()
        super().handle_exit(sig, frame)


def bound(address: HostPort) -> socket.socket:
    """A socket that listens there."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise UsageError(f"SEGMENTER_WEB: cannot listen at {address}: {error.strerror or error}") from None


def leave_garbage_alone() -> None:
    """What was made until now stays; of what comes there is much, and it goes by itself."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """What went wrong, of parts that run side by side."""
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _ours(error: BaseException) -> SegmenterError:
    if isinstance(error, SegmenterError):
        return error
    return InternalError(f"A fault of segmenter's own ended it: {origin(error)}. Please report this line.")


def _shown(listening: socket.socket) -> str:
    host, port, *_ = listening.getsockname()
    return str(HostPort(host, port))


def _leave() -> NoReturn:
    """End the process, whatever still runs in it."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)
