"""The kernel as it is at first, and compiled once that pays.

Comes in: how to compile it, and how long to go on without. Goes out: nothing; the answers are the same either way.
"""

import time
from collections.abc import Callable
from typing import Any

from streams.core.kernel.jit import ENTRIES, Entry


def compile_once_it_pays(
    compile_kernel: Callable[[], object], after_s: float, clock: Callable[[], float] = time.process_time
) -> None:
    """Run the kernel as it is for `after_s` seconds from now; the first call after that compiles it."""
    until = clock() + after_s
    waiting = [entry for entry in ENTRIES if entry.run == entry.function]

    def run_or_compile(entry: Entry) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            if clock() >= until:
                for each in waiting:
                    each.run = each.function
                compile_kernel()
                return entry(*args)
            return entry.function(*args)

        return run

    for entry in waiting:
        entry.run = run_or_compile(entry)
