"""A clock that moves when it is told to, read by several processes: the virtual time of `segmenter dev`.

Comes in: how far time has come, from whoever plays the world. Goes out: the same, to whoever lives in it.
"""

from multiprocessing.context import BaseContext


class SharedClock:
    """Virtual time in ms. It may be handed to processes of the same context, and only ever goes forward."""

    def __init__(self, start_ms: int, context: BaseContext):
        # One aligned 8-byte word, written by one process: readers need no lock.
        self._now = context.Value("q", start_ms, lock=False)

    def __call__(self) -> int:
        return int(self._now.value)

    def advance(self, to_ms: int) -> None:
        self._now.value = max(self._now.value, to_ms)
