"""A Python process of our own beside us: it writes into a log, speaks with us through a pipe, and never outlives us.

Comes in: a function for it to run. Goes out: what it tells us, as it comes; it ends with the block.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from streams.errors import SegmenterError

# A fresh interpreter: nothing of our event loop is in it.
CONTEXT: SpawnContext = multiprocessing.get_context("spawn")
ENDS_WITHIN_S = 20.0
LOG_TAIL_LINES = 15

Work = Callable[..., None]


class Child:
    """A process that runs `work(connection, *args)`, for the length of a block. `name` is what it is called in a fault;
    `work` is a function of a module, which the process imports."""

    def __init__(self, name: str, work: Work, args: tuple[Any, ...], log: Path):
        self._name = name
        self._log = log
        self._ours, self._theirs = CONTEXT.Pipe()
        self._process = CONTEXT.Process(target=_run, args=(work, args, log, self._theirs), name=f"segmenter {name}")

    def __enter__(self) -> Self:
        # Ctrl-C goes to all processes of a terminal, and how this one ends is for us to say: it is born deaf to it.
        # What multiprocessing starts with its first process would undo that.
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._theirs.close()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        self._process.join(ENDS_WITHIN_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._ours.close()

    def tell(self, message: object) -> None:
        self._ours.send(message)

    async def messages(self) -> AsyncGenerator[Any]:
        """What it tells us, until it has ended well; a SegmenterError with the end of its log if it ends otherwise."""
        loop, readable = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._ours.fileno(), readable.set)
        try:
            while True:
                await readable.wait()
                readable.clear()
                while self._ours.poll():
                    yield self._ours.recv()
        except EOFError:
            self._complain_unless_well()
        finally:
            loop.remove_reader(self._ours.fileno())

    def _complain_unless_well(self) -> None:
        self._process.join()
        if self._process.exitcode:
            tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
            raise SegmenterError(
                f"The {self._name} ended with status {self._process.exitcode}. Its log ends with:\n{tail}"
            )


def _run(work: Work, args: tuple[Any, ...], log: Path, connection: Connection) -> None:
    """What the process does."""
    _write_into(log)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    work(connection, *args)


def _write_into(log: Path) -> None:
    """All that it says, a traceback included, is for the log: the terminal is ours."""
    with log.open("ab") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())


def _end_with_parent() -> None:
    """However the parent ended: a process that nobody watches is left behind."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
