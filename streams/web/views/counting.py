"""What takes a while to be counted: in a thread of its own, one at a time, and kept for a minute.

Comes in: what is counted, of which version, and how. Goes out: what was found; None while it is being counted, or where
it cannot be.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Generic, NamedTuple, TypeVar

from streams.errors import SegmenterError
from streams.log import log
from streams.state.store import Store
from streams.web.answers import tell_of
from streams.web.views.window import Window

KEPT_S: Final = 60.0
WAITS_S: Final = 0.2  # so long a page is held up; it looks again by itself
WAITS_FOR_ALL_S: Final = 60.0  # so long whoever asks for nothing else

Found = TypeVar("Found")


class _Kept(NamedTuple, Generic[Found]):
    version: str
    until_s: float
    task: "asyncio.Task[Found | None]"


class Counting(Generic[Found]):
    """what: what is counted, as the log calls it."""

    def __init__(self, window: Window, what: str):
        self._window = window
        self._what = what
        self._kept: dict[str, _Kept[Found]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def of(
        self, name: str, version: str, count: Callable[[Store], Awaitable[Found]], waits_s: float | None = None
    ) -> Found | None:
        kept = self._kept.get(name)
        if kept is None or kept.version != version or kept.until_s < time.monotonic():
            task = asyncio.create_task(self._counted(name, count))
            kept = self._kept[name] = _Kept(version, time.monotonic() + KEPT_S, task)
        await asyncio.wait([kept.task], timeout=WAITS_S if waits_s is None else waits_s)
        return kept.task.result() if kept.task.done() else None

    async def _counted(self, name: str, count: Callable[[Store], Awaitable[Found]]) -> Found | None:
        """It is the least of what a page shows: where it cannot be counted, the rest is there all the same."""
        async with self._one_at_a_time:
            try:
                return await self._window.apart(count)
            except SegmenterError as error:
                log.warning("web - the %s of %s are not counted: %s", self._what, name, error)
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing of it may be told but its place
                tell_of(error)
            return None
