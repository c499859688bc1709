"""Where all web processes of a group see each other's backtests: in Redis, as each tells of those of its own machine.

Comes in: the backtests of this machine (`streams.backtest.jobs`). Goes out: those of all, as they were last told of;
and what they found, where that is small enough to be kept for all. Who runs one tells of it every few seconds: of what
nobody tells any more it is said that its machine went away.
"""

import asyncio
import math
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Final

import msgspec

from streams.admin.reports import erased_since, packed, take_out, take_out_of_all, unpacked
from streams.backtest.job import Stage
from streams.backtest.jobs import KEPT_MS, MOST_KEPT, Job, Jobs
from streams.backtest.report import Report
from streams.errors import SegmenterError, Unknown
from streams.rulefiles.folder import STORIES
from streams.settings import Settings, cache_folder
from streams.state.format import BACKTEST_STOPS, BACKTESTS, REPORTS
from streams.state.store import Store

TELLS_EVERY_S: Final = 5.0
FREES_EVERY_S: Final = 3_600.0
SILENT_MS: Final = 30_000  # so long after it was told of a running one counts as gone
MOST_BYTES: Final = 1 << 20  # of a report, compressed
STOPPED_WITHIN_S: Final = 3_600


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """A backtest, as a process on its machine told of it at `told_ms`. host: the name of that machine. files, base: the
    rule and its stories as they were written, for whoever goes on with them. has_report: whether what it found is kept
    for all. share: of the history that is read, 0 to 1."""

    id: str
    host: str
    told_ms: int
    started_ms: int
    stage: Stage
    author: str
    rule: str | None = None
    history: tuple[str, ...] = ()
    share: float = 0.0
    reads_topics: bool = False
    error: str | None = None
    files: Mapping[str, str] = {}
    base: int = 0
    has_report: bool = False

    def same_but_for_when(self, other: "Told") -> bool:
        return msgspec.structs.replace(self, told_ms=0) == msgspec.structs.replace(other, told_ms=0)

    def as_of(self, now_ms: int) -> "Told":
        """With what its silence means."""
        if self.stage != "running" or now_ms - self.told_ms < SILENT_MS:
            return self
        error = f"Nobody tells of it any more: the web process on {self.host} has ended, or its machine is away."
        return msgspec.structs.replace(self, stage="failed", error=error)


class Board:
    """jobs: those of this machine."""

    def __init__(self, store: Store, settings: Settings):
        self.jobs = Jobs((settings.web_backtests or cache_folder() / "backtests").resolve() / settings.group)
        self._store, self._settings = store, settings
        self._group = store.group
        self._freed_s = -math.inf
        self._host = socket.gethostname()
        self._lock = asyncio.Lock()

    async def follow(self) -> None:
        """Until cancelled: tell of ours, and stop those of ours that somebody wants stopped."""
        while True:
            with suppress(SegmenterError):  # Redis is away: whoever looks is told
                await self.tell()
                if time.monotonic() - self._freed_s > FREES_EVERY_S:
                    await self.free()
                    self._freed_s = time.monotonic()
            await asyncio.sleep(TELLS_EVERY_S)

    async def tell(self) -> None:
        """Of all on this machine, where anything is new."""
        async with self._lock:
            ours = await asyncio.to_thread(self.jobs.all)
            if not ours:
                return
            known = await self._read()
            for job in ours:
                if job.is_running and await self._group.remembers(BACKTEST_STOPS, job.id):
                    await asyncio.to_thread(self.jobs.stop, job.id)
                await self._tell(job, known)

    async def all(self) -> list[Told]:
        """The newest first."""
        await self.tell()
        now_ms = _now_ms()
        found = [told.as_of(now_ms) for _, told in (await self._read()).values()]
        return sorted((each for each in found if each.started_ms > now_ms - KEPT_MS), key=_started, reverse=True)

    async def find(self, job_id: str) -> Told:
        """Unknown: there is none, or not any more."""
        found = next((each for each in await self.all() if each.id == job_id), None)
        if found is None:
            raise Unknown("There is no such backtest, or not any more: they are kept for a week.")
        return found

    async def report(self, job_id: str) -> Report | None:
        """What it found; None where it is not done, or where only its machine has it."""
        ours = await asyncio.to_thread(lambda: next((job for job in self.jobs.all() if job.id == job_id), None))
        if ours is not None:
            return await self._of_ours(ours)
        number, told = (await self._read()).get(job_id, (0, None))
        raw = await self._group.get(REPORTS, number)
        if raw is None or told is None:
            return None
        report = unpacked(raw)
        if gone := await erased_since(self._store, self._settings, report, told.started_ms):
            await take_out_of_all(self._group, gone)
            take_out(report, gone)
        return report

    async def free(self) -> None:
        """What is kept on this machine and in Redis of users who were erased since: also where nobody looks at it."""
        ours = await asyncio.to_thread(self.jobs.all)
        for job_id in {*(job.id for job in ours), *await self._read()}:
            await self.report(job_id)

    async def _of_ours(self, job: Job) -> Report | None:
        report = await asyncio.to_thread(lambda: job.report)
        if report is None:
            return None
        if gone := await erased_since(self._store, self._settings, report, job.progress.started_ms):
            take_out(report, gone)
            await asyncio.to_thread(job.rewrite, report)
            await take_out_of_all(self._group, gone)
        return report

    async def stop(self, job_id: str) -> None:
        """Whoever runs it sees it within seconds."""
        await self._group.remember(BACKTEST_STOPS, job_id, STOPPED_WITHIN_S)
        await self.tell()

    async def _read(self) -> dict[str, tuple[int, Told]]:
        kept = await self._group.read(BACKTESTS)
        found = {number: msgspec.json.decode(raw, type=Told) for number, raw in kept.items()}
        return {told.id: (number, told) for number, told in found.items()}

    async def _tell(self, job: Job, known: Mapping[str, tuple[int, Told]]) -> None:
        number, before = known.get(job.id, (0, None))
        now = await asyncio.to_thread(_told, job, self._host)
        if before is not None and now.stage == before.stage != "running":
            return
        if before is not None and now.same_but_for_when(before) and now.told_ms - before.told_ms < SILENT_MS // 3:
            return
        number = number or await self._claim(now)
        if now.stage == "done":
            now = await self._keep(job, number, now)
        await self._group.put(BACKTESTS, number, msgspec.json.encode(now))

    async def _claim(self, now: Told) -> int:
        """A number of its own: another process of the machine may tell of it, too."""
        while True:
            known = await self._read()
            if now.id in known:
                return known[now.id][0]
            number = max((number for number, _ in known.values()), default=0) + 1
            raw = msgspec.json.encode(now)
            if not await self._group.replace(BACKTESTS, number, b"", raw, newest=MOST_KEPT):
                return number

    async def _keep(self, job: Job, number: int, now: Told) -> Told:
        report = await self._of_ours(job)
        raw = b"" if report is None else await asyncio.to_thread(packed, report)
        if not 0 < len(raw) <= MOST_BYTES:
            return now
        await self._group.replace(REPORTS, number, b"", raw, newest=MOST_KEPT)
        return msgspec.structs.replace(now, has_report=True)


def _told(job: Job, host: str) -> Told:
    request, progress = job.request, job.progress
    share = progress.read / progress.of if progress.of else 0.0
    return Told(
        id=job.id,
        host=host,
        told_ms=_now_ms(),
        started_ms=progress.started_ms,
        stage=progress.stage,
        author=request.author,
        rule=request.rule,
        history=request.history,
        share=share,
        reads_topics=progress.reads_topics,
        error=progress.error,
        files={path: text for path, text in request.new.items() if _is_of(path, request.rule)},
        base=request.base,
    )


def _is_of(path: str, rule: str | None) -> bool:
    return rule is not None and PurePosixPath(path).stem in (rule, f"{rule}{STORIES}")


def _started(told: Told) -> int:
    return told.started_ms


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
