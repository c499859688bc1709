"""The process of a job (`streams.backtest.job`): python -m streams.backtest FOLDER"""

import os
import sys
import time
from pathlib import Path

import msgspec

from streams.backtest.job import (
    NICE,
    PAGE,
    REQUEST,
    RESULT,
    Progress,
    Request,
    Stage,
    is_to_stop,
    look,
    write_progress,
)
from streams.backtest.page import page
from streams.backtest.processes import Stopped, play, processes_for, size_of
from streams.backtest.question import Question, outcome_rules
from streams.backtest.report import report
from streams.errors import SegmenterError
from streams.native.build import compile_kernel
from streams.rulefiles import load_files
from streams.settings import Settings, cache_folder

TOLD_EVERY_S = 0.5


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

    def end(self, stage: Stage, error: str | None = None) -> None:
        self._progress.stage, self._progress.error = stage, error
        write_progress(self._folder, self._progress)


def question_of(request: Request, settings: Settings) -> Question:
    return Question(
        settings,
        request.history,
        load_files(request.new),
        None if request.old is None else load_files(request.old),
        request.until_ms,
        None if request.outcome is None else outcome_rules(request.outcome),
        request.outcome or "",
        request.within_ms,
    )


def main(folder: Path) -> None:
    os.nice(NICE)
    told = Told(folder)
    try:
        request = msgspec.json.decode((folder / REQUEST).read_bytes(), type=Request)
        question = question_of(request, Settings.current())
        processes = request.jobs or processes_for(question, size_of(question))
        if processes == 1:
            compile_kernel(cache_folder())
        found = report(question, play(question, processes, told))
        (folder / RESULT).write_bytes(msgspec.json.encode(found))
        (folder / PAGE).write_text(page(found), encoding="utf-8")
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
