"""A test that hangs fails, with where it is, and the rest goes on.

Comes in: each phase of a test (setup, call, teardown). Goes out: a failure of the phase that takes for too long, raised
wherever the main thread is then; when all is done, each of them once more in a few lines.

The coroutine of a test is cancelled first, so that it gives back what it holds. Whatever goes on to hang, be it while
it is cleaned up, gets the failure itself, again and again. A main thread that hears no signal is for pytest's
faulthandler, which ends the run (pyproject.toml).
"""

import asyncio
import faulthandler
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest

PYTHON: Final = Path(os.__file__).parent
# Twice what a single wait of a test may take (tests/e2e/pipeline.py), which fails with what it waited for.
BOUND_S: Final = 480.0
AGAIN_S: Final = 60.0
ENDS_WITHIN_S: Final = 10.0  # a thread that a test left behind would keep the process for ever
# What is told last of each: CI shows the end of all output.
PLACES, LOGS, LINES = 5, 3, 3
MORE_LINES: Final = 40

Hook = Generator[None, object, object]


class Watch:
    """A plugin of pytest. bound_s: how long a phase may take; again_s: how long what is cleaned up then may;
    ends_within_s: how long the process, once all is told."""

    def __init__(self, bound_s: float = BOUND_S, again_s: float = AGAIN_S, ends_within_s: float = ENDS_WITHIN_S):
        self._bound_s, self._again_s, self._ends_within_s = bound_s, again_s, ends_within_s
        self._told: list[str] = []
        self._status = 1

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Hook:
        with self._bounded(item, "setup"):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Hook:
        with self._bounded(item, "call"):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Hook:
        with self._bounded(item, "teardown"):
            return (yield)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._told:
            terminalreporter.section("tests that hung")
            terminalreporter.write_line("\n".join(self._told))

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        self._status = int(exitstatus)

    def pytest_unconfigure(self) -> None:
        logging.disable()  # of such a thread: what was told last is what CI shows
        ending = threading.Timer(self._ends_within_s, _end, [self._status])
        ending.daemon = True
        ending.start()

    @contextmanager
    def _bounded(self, item: pytest.Item, phase: str) -> Iterator[None]:
        since, failures = time.monotonic(), list[BaseException]()

        def hangs(_: int, frame: FrameType | None) -> None:
            __tracebackhide__ = True
            if not failures:
                waits = _waiting(item)
                places = [_place(each) for _, frames in [*waits[:1], (None, _callers(frame))] for each in frames]
                took_s = time.monotonic() - since
                failures.append(pytest.fail.Exception(f"its {phase} hangs, after {took_s:.0f} s, at {places[0]}"))
                self._tell(item, phase, places, [frames for _, frames in waits])
                if waits and _is_in(item, waits[0][1]):
                    task = waits[0][0]
                    task.get_loop().call_soon_threadsafe(task.cancel)
                    return
            raise failures[0]

        before = signal.signal(signal.SIGALRM, hangs)
        signal.setitimer(signal.ITIMER_REAL, self._bound_s, self._again_s)
        try:
            yield
        except BaseException as error:
            if failures and error is not failures[0]:
                raise failures[0] from error
            raise
        else:
            if failures:
                raise failures[0]
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def _tell(self, item: pytest.Item, phase: str, places: list[str], waits: list[list[FrameType]]) -> None:
        """In few lines for the end of all, and in many where the failure is shown."""
        logs = [*_logs(item)]
        self._told.append(f"{item.nodeid}: its {phase}")
        self._told += [f"    {each}" for each in places[:PLACES]]
        self._told += [f"    {name}: {line}" for name, lines in logs[-LOGS:] for line in lines[-LINES:]]
        for name, lines in logs:
            item.add_report_section(phase, name, "\n".join(lines[-MORE_LINES:]))
        for frames in waits:
            item.add_report_section(phase, "task", "\n".join(map(_place, frames)))
        with tempfile.TemporaryFile("w+") as stacks:
            faulthandler.dump_traceback(stacks)
            stacks.seek(0)
            item.add_report_section(phase, "threads", stacks.read())


def _end(status: int) -> None:
    """As the process of a worker ends, whatever still runs in it."""
    sys.stdout.flush()
    os._exit(status)


def _waiting(item: pytest.Item) -> list[tuple[asyncio.Task[Any], list[FrameType]]]:
    """Each task of the loop that runs in this thread, and where of ours it waits, innermost first; the test's own is
    the first, where it has one, or else the oldest."""
    try:
        tasks = [*asyncio.all_tasks()]
    except RuntimeError:
        return []
    waits = [(task, _awaited(task)) for task in sorted(tasks, key=lambda task: (len(task.get_name()), task.get_name()))]
    return sorted(waits, key=lambda each: not _is_in(item, each[1]))


def _callers(frame: FrameType | None) -> list[FrameType]:
    """It and its callers, as far as they are ours; itself where none is."""
    found = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return [each for each in found if _is_ours(each)] or found[:1]


def _awaited(task: asyncio.Task[Any]) -> list[FrameType]:
    found: list[FrameType] = []
    waits: Any = task.get_coro()
    while kind := next((each for each in ("cr", "gi", "ag") if hasattr(waits, f"{each}_frame")), None):
        frame = getattr(waits, f"{kind}_frame")
        found += [frame] if frame is not None and _is_ours(frame) else []
        waits = getattr(waits, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")
    return found[::-1]


def _is_ours(frame: FrameType) -> bool:
    """And neither Python's, nor of what is installed, nor this file's."""
    file = Path(frame.f_code.co_filename)
    return file.is_absolute() and not (
        file.is_relative_to(PYTHON) or "site-packages" in file.parts or file == Path(__file__)
    )


def _is_in(item: pytest.Item, frames: list[FrameType]) -> bool:
    """Whether the test's function is among them."""
    name = getattr(item, "originalname", None)
    return any(each.f_code.co_name == name and Path(each.f_code.co_filename) == item.path for each in frames)


def _place(frame: FrameType) -> str:
    return f"{Path(*Path(frame.f_code.co_filename).parts[-3:])}:{frame.f_lineno} {frame.f_code.co_name}"


def _logs(item: pytest.Item) -> Iterator[tuple[str, list[str]]]:
    """What the processes of a test have said, each its name and its lines, the one that spoke last at the end."""
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    logs = [*folder.glob("*.log")] if isinstance(folder, Path) else []
    for log in sorted(logs, key=lambda each: each.stat().st_mtime):
        yield log.name, log.read_text(errors="replace").splitlines()
