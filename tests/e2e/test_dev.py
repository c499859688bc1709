"""`segmenter dev`, as a newcomer runs it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

FIRST_WORD_WITHIN_S = 2.0
NEWS_WITHIN_S = 120.0  # a fresh machine compiles the engine first
STOPS_WITHIN_S = 30.0


class Dev:
    """The command in a session of its own; all that it starts lives in `folder`."""

    def __init__(self, folder: Path, *arguments: str):
        self._folder = folder
        self._out = folder.with_suffix(".out")
        command = [sys.executable, "-m", "streams", "dev", "--users", "500", "--speed", "12h", *arguments]
        with self._out.open("wb") as out:
            self.process = subprocess.Popen(
                command,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._out.read_text()

    def wait_until(self, condition: Callable[[], bool], within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, self.said[-4_000:]
            assert self.process.poll() is None, self.said[-4_000:]
            time.sleep(0.05)

    def leaves_nothing_behind(self) -> bool:
        """Python's own helpers end a moment after it."""
        deadline = time.monotonic() + STOPS_WITHIN_S
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.processes() == []

    def processes(self) -> list[str]:
        """Processes of its session, and servers, which work in its folder."""
        return [path.name for path in Path("/proc").glob("[0-9]*") if self._is_ours(path)]

    def _is_ours(self, path: Path) -> bool:
        try:
            session = int((path / "stat").read_text().rpartition(")")[2].split()[3])
            return session == self.process.pid or (path / "cwd").readlink().is_relative_to(self._folder)
        except OSError:
            return False  # it has just ended, or is somebody else's


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Dev]]:
    started: list[Dev] = []

    def start_in_a_folder(*arguments: str) -> Dev:
        folder = tmp_path / "dev"
        folder.mkdir()
        started.append(Dev(folder, *arguments))
        return started[0]

    yield start_in_a_folder
    for dev in started:
        dev.process.kill()
        dev.process.wait()


def test_a_newcomer_sees_entries_and_silent_exits_and_ctrl_c_leaves_nothing_behind(start: Callable[..., Dev]) -> None:
    dev = start()
    dev.wait_until(lambda: "Starting" in dev.said, FIRST_WORD_WITHIN_S)
    dev.wait_until(lambda: " enters " in dev.said and " leaves " in dev.said, NEWS_WITHIN_S)
    # Somebody is idle for a week without doing anything.
    dev.wait_until(lambda: "idle_days >= 7 (is 7)" in dev.said, NEWS_WITHIN_S)
    assert len(dev.processes()) >= 4
    dev.process.send_signal(signal.SIGINT)
    assert dev.process.wait(STOPS_WITHIN_S) == 0
    assert dev.said.endswith("Stopped; nothing is left behind.\n")
    assert "Traceback" not in dev.said
    assert dev.leaves_nothing_behind()


def test_it_stops_by_itself_where_it_is_told_for_how_long(start: Callable[..., Dev]) -> None:
    dev = start("--for", "3")
    assert dev.process.wait(3 + STOPS_WITHIN_S) == 0
    assert dev.leaves_nothing_behind()


def test_killed_it_takes_everything_with_it(start: Callable[..., Dev]) -> None:
    dev = start()
    dev.wait_until(lambda: "500 users live" in dev.said, NEWS_WITHIN_S)
    dev.process.kill()
    dev.process.wait()
    assert dev.leaves_nothing_behind()
