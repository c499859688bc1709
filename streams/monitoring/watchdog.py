"""The end of a worker whose event loop does not move any more: whatever blocks it also blocks all that would notice.

Comes in: `beat`, about every second, from the event loop. Goes out: the end of the process, where a minute brings none.

It is a thread, and counts how often it woke up itself: a process that was stopped, or a laptop that slept, has lost
time, and nothing else.
"""

import sys
import threading
import traceback
from collections.abc import Callable
from typing import Final

from streams.errors import places

LOOKS_EVERY_S: Final = 1.0
LOOKS: Final = 60


class Watchdog:
    """Calls `bite` with where the event loop hangs. It begins to watch with the first beat, and rests after `rest`."""

    def __init__(self, bite: Callable[[str], None], looks: int = LOOKS):
        self._bite = bite
        self._looks = looks
        self._missed: int | None = None
        self._watched = threading.main_thread().ident

    def start(self) -> None:
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def beat(self) -> None:
        self._missed = 0

    def rest(self) -> None:
        """Nobody is to be missed until the next beat."""
        self._missed = None

    def look(self) -> None:
        """What the thread does every second."""
        if self._missed is None:
            return
        self._missed += 1
        if self._missed >= self._looks:
            self._missed = None
            self._bite(self._where())

    def _where(self) -> str:
        stack = traceback.extract_stack(sys._current_frames().get(self._watched or 0))
        return places((frame.filename, frame.lineno) for frame in stack) or "no code of segmenter's own"

    def _watch(self) -> None:
        nobody = threading.Event()
        while not nobody.wait(LOOKS_EVERY_S):
            self.look()
