"""The process of a job (`streams.backtest.job`): python -m streams.backtest FOLDER"""

import asyncio
import os
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from streams.backtest.job import (
    HISTORY,
    NICE,
    REQUEST,
    RESULT,
    Progress,
    Request,
    Stage,
    is_to_stop,
    look,
    write_progress,
)
from streams.backtest.processes import Stopped, play, processes_for, size_of
from streams.backtest.question import Question, outcome_rules
from streams.backtest.report import report
from streams.backtest.topics import fetch
from streams.core.rules.rulebook import Rulebook
from streams.core.rules.traversal import with_what_it_reads
from streams.errors import SegmenterError, UsageError
from streams.native.build import compile_kernel
from streams.rulefiles import load_files
from streams.settings import Settings, cache_folder

TOLD_EVERY_S = 0.5
LEFT_FREE_BYTES = 1 << 30  # of the disk on which what comes out of topics is laid down


class Told:
    """Writes down how far it is, now and then; ends the work where somebody wants it to stop."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._progress = look(folder) or Progress("running", time.time_ns() // 1_000_000)
        self._next_s = 0.0

    def __call__(self, read: int, of: int) -> None:
        if is_to_stop(self._folder):
            raise Stopped
        self._progress.read, self._progress.of = read, of
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + TOLD_EVERY_S
            write_progress(self._folder, self._progress)

    def of_topics(self, read: int, of: int) -> None:
        if shutil.disk_usage(self._folder).free < LEFT_FREE_BYTES:
            raise UsageError(f"What the topics hold does not fit on the disk of {self._folder.parent}.")
        self._progress.reads_topics = True
        self(read, of)
        self._progress.reads_topics = False

    def end(self, stage: Stage, error: str | None = None) -> None:
        self._progress.stage, self._progress.error = stage, error
        write_progress(self._folder, self._progress)


def question_of(request: Request, settings: Settings) -> Question:
    return Question(
        settings,
        request.history,
        narrowed(load_files(request.new), request.rule),
        None if request.old is None else narrowed(load_files(request.old), request.rule),
        request.until_ms,
        None if request.outcome is None else outcome_rules(request.outcome),
        request.outcome or "",
        request.within_ms,
    )


def narrowed(rulebook: Rulebook, rule: str | None) -> Rulebook:
    """The rule, those that ask for it, and what they read; all of them, where none is named."""
    if rule is None:
        return rulebook
    of_each = [with_what_it_reads(rulebook, name).rules for name in rulebook.names]
    wanted = {each.name for rules in of_each if rule in {each.name for each in rules} for each in rules}
    return Rulebook(tuple(each for each in rulebook.rules if each.name in wanted))


def from_topics(question: Question, folder: Path, told: Told) -> Question:
    files, erased, lost = asyncio.run(fetch(question.settings, folder, told.of_topics))
    return replace(question, files=files, erased=erased, lost=lost)


def answer(folder: Path, told: Told) -> None:
    request = msgspec.json.decode((folder / REQUEST).read_bytes(), type=Request)
    if request.folder:
        os.chdir(request.folder)  # what is told names files as whoever asked did
    question = question_of(request, Settings.current())
    (folder / HISTORY).mkdir(exist_ok=True)
    with TemporaryDirectory(dir=folder / HISTORY) as history:
        if request.topics:
            question = from_topics(question, Path(history), told)
        processes = request.jobs or processes_for(question, size_of(question))
        compile_kernel(cache_folder())
        found = report(question, play(question, processes, told))
    (folder / RESULT).write_bytes(msgspec.json.encode(found))


def main(folder: Path) -> None:
    os.nice(NICE)
    told = Told(folder)
    try:
        answer(folder, told)
    except Stopped:
        told.end("stopped")
    except SegmenterError as error:
        told.end("failed", str(error))
    except BaseException as error:
        told.end("failed", f"{type(error).__name__}: its log says more")
        raise
    else:
        told.end("done")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
