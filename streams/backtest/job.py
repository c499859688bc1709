"""A backtest as a process of its own: whoever asked for it may go away, look again later, or stop it.

Comes in: a `Request`, and a folder that is the job's alone. Goes out, in the folder: `progress.json` from the
beginning, `result.json` and `result.html` at the end. The process is slower than others by its own choice (`nice`).

    start(folder, request, settings)     in the process that asks
    python -m streams.backtest FOLDER    what it starts
    look(folder), stop(folder)           in any process on the machine
"""

import fcntl
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

from streams.settings import MEANING, TO_REACH_KAFKA, Settings

Stage = Literal["running", "done", "failed", "stopped"]
REQUEST: Final = "request.json"
PROGRESS: Final = "progress.json"
RESULT: Final = "result.json"
STOP: Final = "stop"
LOCK: Final = "lock"
LOG: Final = "log.txt"
NICE: Final = 10
HISTORY: Final = "history"  # a folder: what came out of the topics, while it is played
KILLED: Final = "The process of the backtest was killed; perhaps there was too little memory."


class Request(msgspec.Struct, kw_only=True):
    """new, old: files of rules, by their path in a folder of rules; None for no comparison. history: names of files, in
    `folder` where it is named. topics: instead what the input topics hold. outcome, within_ms, until_ms: as in
    `Question`. jobs: how many processes; None for as many as are worth it. rule: of all rules this one alone, those
    that ask for it, and what they read. author, base: who asked, and which version the new rules were begun from, for
    whoever looks."""

    new: Mapping[str, str]
    old: Mapping[str, str] | None = None
    history: tuple[str, ...] = ()
    folder: str = ""
    topics: bool = False
    outcome: str | None = None
    within_ms: int = 30 * 86_400_000
    until_ms: int | None = None
    jobs: int | None = None
    rule: str | None = None
    author: str = ""
    base: int = 0


class Progress(msgspec.Struct):
    """read, of: bytes of the history; while the topics are read, their partitions. error: in words, of one that
    failed."""

    stage: Stage
    started_ms: int
    read: int = 0
    of: int = 0
    error: str | None = None
    reads_topics: bool = False


def start(folder: Path, request: Request, settings: Settings) -> None:
    """Begin it; the folder must be empty, or not be there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / REQUEST).write_bytes(msgspec.json.encode(request))
    write_progress(folder, Progress("running", time.time_ns() // 1_000_000))
    # The process inherits the open file, and with it the lock: it is held from now on, as long as the process lives.
    with (folder / LOG).open("wb") as log, Lock(folder) as lock:
        process = subprocess.Popen(
            [sys.executable, "-m", "streams.backtest", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=settings.environment_of((*MEANING, *TO_REACH_KAFKA)),
            pass_fds=[lock.fileno()],
            start_new_session=True,
        )
    # Whoever asked outlives it most often, and is to leave no dead process behind.
    threading.Thread(target=process.wait, daemon=True).start()


class Lock:
    """Held by the job's process as long as it lives; nobody has to clean up after one that was killed."""

    def __init__(self, folder: Path):
        self._file = (folder / LOCK).open("ab")

    def __enter__(self) -> "Lock":
        fcntl.flock(self._file, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def fileno(self) -> int:
        return self._file.fileno()


def look(folder: Path) -> Progress | None:
    """How far it is; None where there is no job."""
    try:
        progress = msgspec.json.decode((folder / PROGRESS).read_bytes(), type=Progress)
    except FileNotFoundError:
        return None
    if progress.stage == "running" and not _is_alive(folder):
        # It may have ended between the two looks.
        again = msgspec.json.decode((folder / PROGRESS).read_bytes(), type=Progress)
        return again if again.stage != "running" else msgspec.structs.replace(progress, stage="failed", error=KILLED)
    return progress


def stop(folder: Path) -> None:
    """It ends within a second, as soon as it is reading."""
    (folder / STOP).touch()


def is_to_stop(folder: Path) -> bool:
    return (folder / STOP).exists()


def write_progress(folder: Path, progress: Progress) -> None:
    """Whole or not at all."""
    written = folder / f"{PROGRESS}.new"
    written.write_bytes(msgspec.json.encode(progress))
    written.replace(folder / PROGRESS)


def _is_alive(folder: Path) -> bool:
    with (folder / LOCK).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
