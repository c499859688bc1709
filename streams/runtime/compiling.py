"""The engine compiled before it is needed, with a line in the log every few seconds of how far it is.

The first time on a machine it takes some seconds, later half of one; a worker does it before the group waits for its
heartbeats.
"""

import time

from streams.log import Throttle, log, seconds
from streams.native.build import compile_kernel
from streams.settings import cache_folder

TELL_EVERY_S = 2.0


def compile_engine() -> None:
    may_tell, began = Throttle(TELL_EVERY_S), time.monotonic()

    def tell(done: int, of: int) -> None:
        if done == of:
            log.info("engine - compiled for this machine in %s; it is kept in %s", seconds(began), cache_folder())
        elif may_tell():
            log.info("engine - compiles for this machine, once: %d of %d functions", done, of)

    compile_kernel(cache_folder(), tell)
