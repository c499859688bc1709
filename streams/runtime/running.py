"""A worker from its start to its end: one app after another, until it is told to stop or fails for good.

Comes in: how to make an app; SIGTERM or Ctrl-C. Goes out: nothing, or the error that ended it, as one of ours.

Faust outlives no error in a part of it, nor do we: the app ends, and another begins where the shards were saved last.
What waiting does not cure (`streams.kafka.outcomes`) ends the worker, so that whoever watches the process sees it, as
does what ends one app after another in the same way.

Whatever is away, the process is gone within `GONE_WITHIN_S` after it is told to stop: Docker kills after ten seconds.
Kafka's client and Faust's thread wait for Kafka for longer; they are left behind.
"""

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NoReturn

from aiokafka.errors import KafkaError

from streams.errors import InternalError, SegmenterError, origin
from streams.kafka.errors import in_words
from streams.kafka.outcomes import ending, may_pass
from streams.log import log
from streams.runtime.app import SegmenterApp

START_AGAIN_AFTER_S: Final = 2.0
GONE_WITHIN_S: Final = 9.5
# Its shards have been let go by then, or given up.
LET_GO_WITHIN_S: Final = 8.0
# What is left then holds nothing: Faust's services, and our membership in the group.
FAUST_STOPS_WITHIN_S: Final = 1.0
# Lives of the app in a row that end in the same way, none of which lasts for so long: half a minute at the least, ten
# minutes where each tries for long. Whatever watches the process starts it again, and sees that it has to.
SAME_ENDS: Final = 10
LONG_LIFE_S: Final = 180.0
GARBAGE_THRESHOLDS: Final = (100_000, 50, 100)


class LeftBehind(SegmenterError):
    """A part of the app goes on, in a thread or waiting for Kafka: only the end of the process ends it.

    failure: why the app had to end, None if it was told to.
    """

    def __init__(self, failure: BaseException | None):
        super().__init__(f"The worker ended, and could not stop all of its parts: {failure}")
        self.failure = failure


def run_worker(make_app: Callable[[], SegmenterApp]) -> None:
    """Run a worker in this process until SIGTERM or Ctrl-C. The process may be ended in here."""
    collect_garbage_rarely()

    async def main() -> None:
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()

        def stop(*_: object) -> None:
            # A thread's, as the loop itself may be what is held up.
            leaving = threading.Timer(GONE_WITHIN_S, leave, [0])
            leaving.daemon = True
            leaving.start()
            loop.call_soon_threadsafe(told)

        def told() -> None:
            if not stopping.is_set():
                log.info("worker - is told to stop")
            stopping.set()

        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, stop)
        try:
            await run(make_app, stopping)
            log.info("worker - ended")
        except LeftBehind as left:
            if left.failure is None:
                log.info("worker - ended")
                leave(0)
            error = _ours(left.failure)
            log.error("worker - ends: %s", error)
            leave(error.exit_status)

    asyncio.run(main())


async def run(make_app: Callable[[], SegmenterApp], stopping: asyncio.Event) -> None:
    """Run a worker until `stopping` is set; begin anew where Kafka was lost in a way that Faust does not survive."""
    lives = Lives()
    while not stopping.is_set():
        since = time.monotonic()
        failure = await _one_life(make_app(), stopping)
        if failure is None:
            return
        if not may_pass(failure):
            raise _ours(failure) from failure
        lives.ended(failure, time.monotonic() - since)
        log.warning("worker - starts again: %s", in_words(failure))
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), START_AGAIN_AFTER_S)


class Lives:
    """How many lives of the app in a row have ended in the same way."""

    def __init__(self) -> None:
        self._ended: tuple[type[BaseException], str] | None = None
        self._count = 0

    def ended(self, failure: BaseException, after_s: float) -> None:
        """SegmenterError: the next one would end no better."""
        how = type(failure), str(failure)
        self._count = 1 if after_s > LONG_LIFE_S or how != self._ended else self._count + 1
        self._ended = how
        if self._count >= SAME_ENDS:
            raise SegmenterError(
                f"the worker ended in the same way {SAME_ENDS} times in a row, each within {LONG_LIFE_S:g} s:"
                f" {in_words(failure)}"
            ) from failure


async def _one_life(app: SegmenterApp, stopping: asyncio.Event) -> BaseException | None:
    """Why it ended, None if it was told to."""
    living = asyncio.create_task(_live(app))
    told = [asyncio.create_task(event.wait()) for event in (stopping, app.failed)]
    await asyncio.wait([living, *told], return_when=asyncio.FIRST_COMPLETED)
    for task in (living, *told):
        task.cancel()
    outcome, *_ = await asyncio.gather(living, *told, return_exceptions=True)
    failure = outcome if isinstance(outcome, Exception) else app.failure or app.crash_reason
    ending = asyncio.create_task(app.stop())
    if not await _ended(app, ending):
        raise LeftBehind(failure)
    return failure or ending.exception()


async def _live(app: SegmenterApp) -> None:
    await app.start()
    await app.wait_until_stopped()


async def _ended(app: SegmenterApp, ending: asyncio.Task[None]) -> bool:
    """Whether all of it has ended in time."""
    letting_go = asyncio.create_task(app.has_let_go.wait())
    await asyncio.wait([ending, letting_go], timeout=LET_GO_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
    letting_go.cancel()
    await asyncio.wait([ending], timeout=FAUST_STOPS_WITHIN_S)
    return ending.done()


def _ours(failure: BaseException) -> SegmenterError:
    if isinstance(failure, SegmenterError):
        return failure
    if isinstance(failure, KafkaError):
        return ending(failure, "worker")
    return InternalError(
        f"A fault of segmenter's own ended the worker: {origin(failure)}. No event is lost: what was not saved yet is"
        " read again. Please report this line."
    )


def leave(status: int) -> NoReturn:
    """End the process, whatever still runs in it."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(status)


def collect_garbage_rarely() -> None:
    """Profiles are many objects and no cycles: looking through all of them for cycles again and again took a tenth of
    the worker's time."""
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)
