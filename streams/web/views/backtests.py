"""Backtests that are asked for by a page or by the API: rules as they would be held against those in force.

Comes in: a `Window`, what is asked. Goes out: how far each is, and what it found. Each is a process of its own on the
machine that serves (`streams.backtest.job`), so that it goes on when the page is closed or the server ends. Which files
may be a history the operator says, by a folder: a name that is none of those in it is nobody's.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec

from streams.backtest.job import Request, Stage
from streams.backtest.jobs import Job, Jobs
from streams.backtest.question import outcome_rules
from streams.backtest.report import Report
from streams.core.instants import DAY_MS
from streams.errors import RuleError, UsageError
from streams.lifecycle.checking import check_files
from streams.rulefiles.folder import Files
from streams.settings import Settings, cache_folder
from streams.web.views.drafts import Written, files_with
from streams.web.views.times import Instant, told
from streams.web.views.window import Window

SUFFIXES: Final = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".ndjson", ".ndjson.gz", ".ndjson.zst", ".parquet")
MOST_FILES: Final = 200  # that a page offers


class BacktestAsked(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """files: of rules, by their path in the folder of rules, in the place of those in force; an empty text takes one
    away. rule: this one alone, those that ask for it, and what they read. history: some of `histories`. topics: instead
    what the input topics hold. outcome: an event to foretell, by its name or as rules write it."""

    files: dict[str, str] = {}
    rule: str | None = None
    history: tuple[str, ...] = ()
    topics: bool = False
    outcome: str | None = None
    within_days: Annotated[float, msgspec.Meta(gt=0, le=3_650)] = 30


class BacktestShown(msgspec.Struct, frozen=True, gc=False):
    """share: of the history that is read, 0 to 1. reads_topics: whether they are still being read. history: its files;
    none where it is the topics. error: of one that failed."""

    id: str
    rule: str | None
    author: str
    history: tuple[str, ...]
    started_at: Instant
    stage: Stage
    reads_topics: bool
    share: float
    error: str | None


class BacktestsShown(msgspec.Struct, frozen=True, gc=False):
    """histories: the files that may be one. backtests: the newest first."""

    histories: tuple[str, ...]
    backtests: tuple[BacktestShown, ...]


class BacktestView(msgspec.Struct, frozen=True, gc=False):
    """found: null until it is done."""

    backtest: BacktestShown
    found: Report | None


class Backtests:
    def __init__(self, window: Window):
        self._window = window
        self._settings = window.settings
        self._jobs = Jobs(folder_of(window.settings))

    async def all(self) -> BacktestsShown:
        return await asyncio.to_thread(self._all)

    async def one(self, job_id: str) -> BacktestView:
        """Unknown: there is none."""
        return await asyncio.to_thread(lambda: _view(self._jobs.find(job_id)))

    async def job(self, job_id: str) -> Job:
        return await asyncio.to_thread(self._jobs.find, job_id)

    async def start(self, asked: BacktestAsked, author: str, written: Written | None = None) -> BacktestShown:
        """written: on the page of a rule, as what that has it is found again. UsageError: it cannot be asked, as where
        rules have faults. Busy: others run."""
        if asked.topics == bool(asked.history):
            raise UsageError("Choose files as the history, or the topics.")
        if asked.outcome is not None:
            outcome_rules(asked.outcome)
        rules = await self._window.rules()
        new = laid_over(rules.files, asked.files) if written is None else files_with(rules, written)
        request = Request(
            new=await asyncio.to_thread(_checked, new),
            old=rules.files,
            history=asked.history,
            folder=self._folder(asked.history),
            topics=asked.topics,
            outcome=asked.outcome,
            within_ms=round(asked.within_days * DAY_MS),
            rule=asked.rule,
            author=author,
            base=0 if written is None else written.base,
        )
        return _shown(await asyncio.to_thread(self._jobs.start, request, self._settings, self._window.clock()))

    async def stop(self, job_id: str) -> BacktestShown:
        return _shown(await asyncio.to_thread(self._jobs.stop, job_id))

    def _all(self) -> BacktestsShown:
        return BacktestsShown(histories(self._settings), tuple(map(_shown, self._jobs.all())))

    def _folder(self, history: Sequence[str]) -> str:
        """In which these are; empty where none is asked for."""
        there = histories(self._settings)
        if unknown := [name for name in history if name not in there]:
            raise UsageError(f"There is no history {unknown[0]} in the folder of SEGMENTER_WEB_HISTORIES.")
        folder = self._settings.web_histories
        return str(folder.resolve()) if folder is not None and history else ""


def folder_of(settings: Settings) -> Path:
    """Where the backtests of the group are kept."""
    return (settings.web_backtests or cache_folder() / "backtests").resolve() / settings.group


def histories(settings: Settings) -> tuple[str, ...]:
    """The files that may be chosen, by their path in the folder; none where no folder is set."""
    folder = settings.web_histories
    if folder is None or not folder.is_dir():
        return ()
    found = (each.relative_to(folder) for each in folder.rglob("*") if each.name.endswith(SUFFIXES) and each.is_file())
    return tuple(sorted(each.as_posix() for each in found if not any(part.startswith(".") for part in each.parts)))[
        :MOST_FILES
    ]


def laid_over(in_force: Files, files: Mapping[str, str]) -> Files:
    return {path: text for path, text in {**in_force, **files}.items() if text.strip()}


def _checked(files: Files) -> Files:
    try:
        return check_files(files).files
    except RuleError as error:
        raise UsageError(str(error)) from None


def _view(job: Job) -> BacktestView:
    return BacktestView(_shown(job), job.report)


def _shown(job: Job) -> BacktestShown:
    request, progress = job.request, job.progress
    return BacktestShown(
        job.id,
        request.rule,
        request.author,
        request.history,
        told(progress.started_ms),
        progress.stage,
        progress.reads_topics,
        progress.read / progress.of if progress.of else 0.0,
        progress.error,
    )
