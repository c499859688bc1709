"""The kernel compiled: from then on, whoever calls its entries runs machine code.

Comes in: the folder of the user's where code is kept; whom to tell how far it is. The first time on a machine that
takes some seconds, and after that half of one.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba
from numba.core import config
from numba.core.event import Event, Listener, install_listener
from numba.extending import is_jitted, register_jitable

import streams.native.prefetch  # noqa: F401 - it tells numba of itself
from streams.core.kernel.jit import ENTRIES, INNER
from streams.native.cache import cache_in
from streams.native.code import folder
from streams.native.pipeline import Pipeline
from streams.native.warm_up import warm_up

Progress = Callable[[int, int], object]
_settings: Any = config  # its published types know none of the names it makes from the environment

# The kernel makes no arrays, only looks at those it is given; so numba need not count who holds them (`_nrt`), which
# would cost more than the work itself. The same options for all: numba would compile a function once for each that its
# callers have. The pipeline gives wrappers to those that Python calls.
OPTIONS: dict[str, Any] = {
    "pipeline_class": Pipeline,
    "error_model": "numpy",
    "nogil": True,
    "no_cfunc_wrapper": True,
    "no_cpython_wrapper": True,
    "_nrt": False,
}


def compile_kernel(cache: Path, progress: Progress | None = None) -> None:
    """Compile all, or read from `cache` what has been compiled before; done already, or under NUMBA_DISABLE_JIT=1, it
    does nothing.

    progress: is told how many functions are done, and of how many; only while there is something to compile.
    """
    if _settings.DISABLE_JIT or all(is_jitted(entry.run) for entry in ENTRIES):
        return
    for function in INNER:
        register_jitable(**OPTIONS)(function)
    for entry in ENTRIES:
        compiled: Any = numba.njit(**OPTIONS)(entry.function)
        compiled._cache = cache_in(folder(cache), entry.function)
        entry.run = compiled
    counting = _Counting(progress or (lambda *_: None))
    with install_listener("numba:compile", counting), _without_garbage_collection():
        warm_up()
    counting.end()


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Most of what numba makes stays: to look again and again for what does not takes a tenth of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


class _Counting(Listener):
    """Tells of each function that has been compiled."""

    def __init__(self, progress: Progress):
        self._progress = progress
        self._waiting = {*INNER, *(entry.function for entry in ENTRIES)}
        self._of = len(self._waiting)
        self._has_begun = False

    def on_start(self, event: Event) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._progress(0, self._of)

    def on_end(self, event: Event) -> None:
        function = event.data["dispatcher"].py_func
        if function in self._waiting:
            self._waiting.remove(function)
            self._progress(self._of - len(self._waiting), self._of)

    def end(self) -> None:
        """What has been read, and not compiled, is done too."""
        if self._has_begun and self._waiting:
            self._progress(self._of, self._of)
