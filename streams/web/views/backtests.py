"""Backtests that are asked for by a page or by the API: rules as they would be held against those in force.

Comes in: a `Window`, what is asked. Goes out: how far each is, and what it found. Each is a process of its own on the
machine that serves (`streams.backtest.job`), so that it goes on when the page is closed or the server ends; those of
all machines are seen by `streams.web.views.board`. Which files may be a history the operator says, by a folder: a name
that is none of those in it is nobody's.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import msgspec

from streams.backtest.job import Request, Stage
from streams.backtest.question import outcome_rules
from streams.backtest.report import Report
from streams.core.instants import DAY_MS
from streams.errors import RuleError, UsageError
from streams.lifecycle.checking import check_files
from streams.rulefiles.folder import Files
from streams.settings import Settings
from streams.web.views.board import Told
from streams.web.views.drafts import Written, files_with, written_in
from streams.web.views.times import Instant, told
from streams.web.views.window import Window, wall_clock

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
    none where it is the topics. error: of one that failed. host: the machine on which it runs, or ran."""

    id: str
    rule: str | None
    author: str
    history: tuple[str, ...]
    started_at: Instant
    stage: Stage
    reads_topics: bool
    share: float
    error: str | None
    host: str


class BacktestsShown(msgspec.Struct, frozen=True, gc=False):
    """histories: the files that may be one. backtests: the newest first."""

    histories: tuple[str, ...]
    backtests: tuple[BacktestShown, ...]


class BacktestView(msgspec.Struct, frozen=True, gc=False):
    """found: null until it is done, or where it is too big to be kept for other machines than its own."""

    backtest: BacktestShown
    found: Report | None


class Backtests:
    def __init__(self, window: Window):
        self._window = window
        self._settings = window.settings
        self._board = window.backtests

    async def all(self) -> BacktestsShown:
        there = await asyncio.to_thread(histories, self._settings)
        return BacktestsShown(there, tuple(map(_shown, await self._board.all())))

    async def one(self, job_id: str) -> BacktestView:
        """Unknown: there is none."""
        told = await self._board.find(job_id)
        return BacktestView(_shown(told), await self._board.report(job_id) if told.stage == "done" else None)

    async def written(self, job_id: str, rule: str) -> Written | None:
        """What was written of that rule, when the backtest was begun."""
        told = await self._board.find(job_id)
        return written_in(told.files, rule, told.base)

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
        job = await asyncio.to_thread(self._board.jobs.start, request, self._settings, wall_clock())
        return _shown(await self._board.find(job.id))

    async def stop(self, job_id: str) -> BacktestShown:
        """Whoever runs it sees it within seconds."""
        if (await self._board.find(job_id)).stage == "running":
            await self._board.stop(job_id)
        return _shown(await self._board.find(job_id))

    def _folder(self, history: Sequence[str]) -> str:
        """In which these are; empty where none is asked for."""
        there = histories(self._settings)
        if unknown := [name for name in history if name not in there]:
            raise UsageError(f"There is no history {unknown[0]} in the folder of SEGMENTER_WEB_HISTORIES.")
        folder = self._settings.web_histories
        return str(folder.resolve()) if folder is not None and history else ""


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


def _shown(of: Told) -> BacktestShown:
    return BacktestShown(
        of.id,
        of.rule,
        of.author,
        of.history,
        told(of.started_ms),
        of.stage,
        of.reads_topics,
        of.share,
        of.error,
        of.host,
    )
