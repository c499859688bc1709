"""A backtest on all cores: processes look through the history together, a piece each; then each reads all of it, and
plays its own users.

Comes in: a `Question`. Goes out: a `Part` of each process. What each user's changes are is a matter of their own events
alone, so that users can be shared out; who is linked with or merged into another goes with them. Edges of quintiles are
everybody's: where a rulebook has some, one process plays all.

One thing is not as in a replay where a file is not in order of time and is merged with another: a user's records then
wait for fewer others, and a late one may be taken the earlier.
"""

import gc
import multiprocessing
import os
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from streams.backtest.histories import Piece, pieces
from streams.backtest.question import Question, has_quintiles
from streams.backtest.records import HistoryDecoder
from streams.backtest.survey import Survey, Surveyor
from streams.backtest.whose import Shares
from streams.backtest.worker import Part, Work
from streams.core.events import Reads
from streams.errors import SegmenterError, UsageError
from streams.eventfiles.lines import STDIN
from streams.settings import cache_folder
from streams.sources import Decoder, InputOptions

WORTH_A_PROCESS: Final = 32 << 20  # bytes of history
LOOKED_AT_EVERY_S: Final = 0.25
NEVER_CHECKED: Final = 1_000_000  # objects before Python looks for circles among them: events and changes have none


class Stopped(SegmenterError):
    """Whoever is told of the progress wants it to end."""


Progress = Callable[[int, int], object]
"""Told how many bytes have been read, and of how many; may raise `Stopped`."""


def processes_for(question: Question, size: int) -> int:
    """How many are worth it."""
    if has_quintiles(question):
        return 1
    return max(1, min(os.cpu_count() or 1, size // WORTH_A_PROCESS))


def size_of(question: Question) -> int:
    """Of the history, in bytes."""
    return sum(Path(name).stat().st_size for name in question.files if Path(name).exists())


def play(question: Question, processes: int, progress: Progress) -> list[Part]:
    """SegmenterError where a process ends before its work is done."""
    size = size_of(question)
    if processes == 1:
        return [_in_this_process(question, lambda read: progress(read, size))]
    if STDIN in question.files:
        raise UsageError("Several processes read a history more than once: name a file, or say --jobs 1.")
    context = multiprocessing.get_context(_way_to_start())
    met = _Meeting(context, processes)
    with ProcessPoolExecutor(processes, context, _begin, (met,)) as pool:
        _start_all(pool, processes)
        try:
            shares = _shared_out(question, pool, processes, lambda: progress(0, size))
            parts = [pool.submit(_work, question, number, shares) for number in range(processes)]
            _follow(parts, lambda: progress(met.read // processes, size))
            return [part.result() for part in parts]
        except Stopped:
            met.give_up()
            pool.shutdown(cancel_futures=True)
            raise
        except BrokenProcessPool as error:
            raise SegmenterError(
                "A process of the backtest was killed; perhaps there was too little memory. Fewer rules, or a shorter"
                " history, take less."
            ) from error


def _way_to_start() -> str:
    """A forked process is there at once, with all that is loaded and compiled here; but no lock is to be held by a
    thread that it has not."""
    return "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"


def _start_all(pool: ProcessPoolExecutor, processes: int) -> None:
    """The pool starts what it has work for; forked ones all at once, before it has a thread of its own."""
    with warnings.catch_warnings():
        # Python counts the threads of numpy and pyarrow, too, which are made for being forked.
        warnings.simplefilter("ignore", DeprecationWarning)
        for _ in range(processes):
            pool.submit(_begun)


def _in_this_process(question: Question, progress: Callable[[int], object]) -> Part:
    threshold = gc.get_threshold()
    gc.set_threshold(NEVER_CHECKED)
    try:
        return Work(question).run(progress, lambda first, newest: (first, newest))
    finally:
        gc.set_threshold(*threshold)


def _shared_out(question: Question, pool: ProcessPoolExecutor, processes: int, tell: Callable[[], object]) -> Shares:
    to_look_through = [piece for name in dict.fromkeys(question.files) for piece in pieces(name)]
    surveys = [pool.submit(_survey, question, piece) for piece in to_look_through]
    _follow(surveys, tell)
    return Shares(processes, dict(zip(to_look_through, (each.result() for each in surveys), strict=True)))


def surveyor(question: Question) -> Surveyor:
    decoder = Decoder(Reads({}), InputOptions.of(question.settings))
    return Surveyor(HistoryDecoder(decoder, question.erased), question.settings)


class _Meeting:
    """What the processes share: how far each has read, and the first and newest instants, once all have read."""

    def __init__(self, context: Any, processes: int) -> None:
        self._read = context.Array("q", processes)
        self._firsts, self._newest = context.Array("q", processes), context.Array("q", processes)
        self._barrier = context.Barrier(processes)

    @property
    def read(self) -> int:
        return sum(self._read)

    def has_read(self, number: int, read: int) -> None:
        self._read[number] = read
        if self._barrier.broken:
            raise threading.BrokenBarrierError

    def meet(self, number: int, first_ms: int, newest_ms: int) -> tuple[int, int]:
        self._firsts[number], self._newest[number] = first_ms, newest_ms
        self._barrier.wait()
        return min(self._firsts), max(self._newest)

    def give_up(self) -> None:
        """Who waits for others need not any more."""
        self._barrier.abort()


@dataclass
class _Here:
    """Of this process, where it is one of several."""

    meeting: _Meeting | None = None


_here: Final = _Here()


def _begin(meeting: _Meeting) -> None:
    threading.Thread(target=_end_with_who_asks, daemon=True).start()
    from streams.native.build import compile_kernel  # noqa: PLC0415 - whoever asks needs no compiler

    compile_kernel(cache_folder())
    gc.set_threshold(NEVER_CHECKED)
    _here.meeting = meeting


def _end_with_who_asks() -> None:
    asks = multiprocessing.parent_process()
    assert asks is not None
    asks.join()
    os._exit(1)


def _begun() -> None:
    """Nothing more."""


def _survey(question: Question, piece: Piece) -> Survey:
    return surveyor(question).look_through(piece)


def _work(question: Question, number: int, shares: Shares) -> Part:
    meeting = _here.meeting
    assert meeting is not None
    try:
        return Work(question, number, shares).run(partial(meeting.has_read, number), partial(meeting.meet, number))
    except threading.BrokenBarrierError:
        raise SegmenterError("Another process of the backtest failed.") from None
    except BaseException:
        meeting.give_up()
        raise


def _follow(parts: Sequence[Future[Any]], tell: Callable[[], object]) -> None:
    """Until all are done, or one has failed."""
    waiting = set(parts)
    while waiting:
        done, waiting = wait(waiting, LOOKED_AT_EVERY_S)
        tell()
        if any(each.exception() is not None for each in done):
            return
