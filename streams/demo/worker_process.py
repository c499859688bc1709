"""A worker beside us, in a process of its own, on a clock that we move.

Comes in: settings, a clock and a file to log into. Goes out: a running worker; it ends with the block, and with us.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.demo.clock import SharedClock
from streams.errors import SegmenterError
from streams.settings import Settings

# A fresh interpreter: nothing of our event loop is in it.
CONTEXT: SpawnContext = multiprocessing.get_context("spawn")
LETS_GO_WITHIN_S = 20.0
LOG_TAIL_LINES = 15


class WorkerProcess:
    """The worker's process, for the length of a block."""

    def __init__(self, settings: Settings, clock: SharedClock, log: Path):
        self._log = log
        self._reports, reporter = CONTEXT.Pipe(duplex=False)
        self._process = CONTEXT.Process(target=work, args=(settings, clock, log, reporter), name="segmenter worker")

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        self._process.join(LETS_GO_WITHIN_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._reports.close()

    async def ready(self) -> None:
        """Wait until its engine is compiled."""
        await _readable(self._reports.fileno())

    async def watch(self) -> None:
        """Complain when it ends by itself."""
        await _readable(self._process.sentinel)
        self._process.join()
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
        raise SegmenterError(f"The worker ended with status {self._process.exitcode}. Its log ends with:\n{tail}")


def work(settings: Settings, clock: SharedClock, log: Path, reporter: Connection) -> None:
    """What the process does."""
    _write_into(log)
    threading.Thread(target=_end_with_parent, daemon=True).start()

    # What only a worker needs: whoever imports this module shows its first lines sooner.
    from streams import rulefiles
    from streams.kafka.connection import EMBEDDED
    from streams.log import configure
    from streams.runtime.app import create_app, run_worker
    from streams.runtime.compiling import compile_engine
    from streams.state.opening import redis_store

    configure("info")
    rulebook = rulefiles.load(settings.rules)
    compile_engine()
    reporter.send_bytes(b"ready")
    run_worker(lambda: create_app(settings, rulebook, redis_store(settings), clock=clock, broker=EMBEDDED))


async def _readable(file: int) -> None:
    """Wait until there is something to read, or the end."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(file, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(file)


def _write_into(log: Path) -> None:
    """All that it says, a traceback included, is for the log: the terminal is ours."""
    with log.open("ab") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())


def _end_with_parent() -> None:
    """However the parent ended: a worker that nobody watches is a process left behind."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
