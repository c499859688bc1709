"""A worker from its start to its end: one app after another, until it is told to stop or fails for good.

Comes in: how to make an app; SIGTERM or Ctrl-C. Goes out: nothing, or the error that ended it, as one of ours.

Faust outlives no error in a part of it, nor do we: the app ends, and another begins where the shards were saved last.
What waiting does not cure ends the worker, so that whoever watches the process sees it.
"""

import asyncio
import gc
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from aiokafka.errors import KafkaError

from streams.errors import InternalError, SegmenterError, Unreachable, origin
from streams.log import log
from streams.runtime.app import SegmenterApp

START_AGAIN_AFTER_S: Final = 2.0
# A part of Faust that hangs is left behind.
END_WITHIN_S: Final = 15.0
GARBAGE_THRESHOLDS: Final = (100_000, 50, 100)


def run_worker(make_app: Callable[[], SegmenterApp]) -> None:
    """Run a worker in this process until SIGTERM or Ctrl-C."""
    collect_garbage_rarely()

    async def main() -> None:
        stopping = asyncio.Event()
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(each, stopping.set)
        await run(make_app, stopping)

    asyncio.run(main())


async def run(make_app: Callable[[], SegmenterApp], stopping: asyncio.Event) -> None:
    """Run a worker until `stopping` is set; begin anew where Kafka was lost in a way that Faust does not survive."""
    while not stopping.is_set():
        failure = await _one_life(make_app(), stopping)
        if failure is None:
            return
        if not isinstance(failure, KafkaError | Unreachable):
            raise _ours(failure) from failure
        log.warning("worker - starts again: %r", failure)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), START_AGAIN_AFTER_S)


async def _one_life(app: SegmenterApp, stopping: asyncio.Event) -> BaseException | None:
    """Why it ended, None if it was told to."""
    living = asyncio.create_task(_live(app))
    told = [asyncio.create_task(event.wait()) for event in (stopping, app.failed)]
    await asyncio.wait([living, *told], return_when=asyncio.FIRST_COMPLETED)
    for task in (living, *told):
        task.cancel()
    outcome, *_ = await asyncio.gather(living, *told, return_exceptions=True)
    ended = await _end(app)
    if isinstance(outcome, Exception):
        return outcome
    return app.failure or app.crash_reason or ended


async def _live(app: SegmenterApp) -> None:
    await app.start()
    await app.wait_until_stopped()


async def _end(app: SegmenterApp) -> BaseException | None:
    """Stop it, in bounded time; what went wrong with that."""
    ending = asyncio.create_task(app.stop())
    done, _ = await asyncio.wait([ending], timeout=END_WITHIN_S)
    if not done:
        log.error("worker - did not end in good order within %g s, and is left behind", END_WITHIN_S)
        ending.cancel()
        return None
    return ending.exception()


def _ours(failure: BaseException) -> SegmenterError:
    if isinstance(failure, SegmenterError):
        return failure
    return InternalError(
        f"A fault of segmenter's own ended the worker: {origin(failure)}. No event is lost: what was not saved yet is"
        " read again. Please report this line."
    )


def collect_garbage_rarely() -> None:
    """Profiles are many objects and no cycles: looking through all of them for cycles again and again took a tenth of
    the worker's time."""
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)
