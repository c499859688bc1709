"""A server of others' that is away for a while: it is gone, or it only answers nothing."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from streams.embedded.server import Server


@contextmanager
def stopped(server: Server) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def frozen(server: Server) -> Iterator[None]:
    """It keeps its connections and answers nothing, so that nothing tells that it is away."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)
