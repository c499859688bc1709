"""The backtests of a folder: so many at once, each kept for a while.

Comes in: a folder of this machine, a `Request`. Goes out: a `Job`, with how far it is and, once it is done, its answer.
Whoever looks into the folder sees all of them, whichever process asked.
"""

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from streams.backtest.job import HISTORY, REQUEST, RESULT, Lock, Progress, Request, look, start, stop
from streams.backtest.report import Report
from streams.core.instants import DAY_MS
from streams.errors import Busy, Unknown, UsageError
from streams.settings import Settings

MOST_AT_ONCE: Final = 2
MOST_KEPT: Final = 20
KEPT_MS: Final = 7 * DAY_MS
OURS_ALONE: Final = 0o700  # it holds ids of users
ID_BYTES: Final = 8


class Job(NamedTuple):
    """id: 16 hexadecimal digits."""

    id: str
    folder: Path
    progress: Progress

    @property
    def is_running(self) -> bool:
        return self.progress.stage == "running"

    @property
    def request(self) -> Request:
        return msgspec.json.decode((self.folder / REQUEST).read_bytes(), type=Request)

    @property
    def report(self) -> Report | None:
        """None until it is done."""
        if self.progress.stage != "done":
            return None
        return msgspec.json.decode((self.folder / RESULT).read_bytes(), type=Report)

    def rewrite(self, report: Report) -> None:
        """In its place, whole or not at all."""
        beside = self.folder / f"{RESULT}.new"
        beside.write_bytes(msgspec.json.encode(report))
        beside.replace(self.folder / RESULT)


class Jobs:
    def __init__(self, folder: Path):
        self._folder = folder

    def all(self) -> list[Job]:
        """The newest first."""
        return sorted(self._there(), key=lambda job: job.progress.started_ms, reverse=True)

    def find(self, job_id: str) -> Job:
        """Unknown: there is none, or not any more."""
        found = next((job for job in self._there() if job.id == job_id), None)
        if found is None:
            raise Unknown("There is no such backtest, or not any more: they are kept for a week.")
        return found

    def start(self, request: Request, settings: Settings, now_ms: int) -> Job:
        """Busy: others run. UsageError: the folder cannot be written."""
        try:
            self._folder.mkdir(mode=OURS_ALONE, parents=True, exist_ok=True)
            with Lock(self._folder):
                self._make_room(now_ms - KEPT_MS)
                job_id = secrets.token_hex(ID_BYTES)
                start(self._folder / job_id, request, settings)
        except OSError as error:
            raise UsageError(
                f"The backtest cannot be begun: {error.strerror}: {error.filename}. SEGMENTER_WEB_BACKTESTS may name"
                " another folder."
            ) from None
        return self.find(job_id)

    def stop(self, job_id: str) -> Job:
        """It ends as soon as it looks, which is within a second while it reads."""
        job = self.find(job_id)
        if job.is_running:
            stop(job.folder)
        return job

    def _there(self) -> Iterator[Job]:
        if not self._folder.is_dir():
            return
        for folder in self._folder.iterdir():
            if folder.is_dir() and (progress := look(folder)) is not None:
                yield Job(folder.name, folder, progress)

    def _make_room(self, oldest_ms: int) -> None:
        jobs = self.all()
        running = sum(job.is_running for job in jobs)
        if running >= MOST_AT_ONCE:
            raise Busy(f"{running} backtests run already: wait until one has ended, or stop one.")
        stay = {job.folder for job in jobs[: MOST_KEPT - 1] if job.is_running or job.progress.started_ms > oldest_ms}
        for folder in self._folder.iterdir():
            if folder.is_dir() and folder not in stay:
                shutil.rmtree(folder, ignore_errors=True)
        for job in jobs:
            if not job.is_running:  # one that was killed could not take it away itself
                shutil.rmtree(job.folder / HISTORY, ignore_errors=True)
