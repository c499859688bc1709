"""The pace of work: how much is done at once, and how others have their turn.

Comes in: how long each slice of work took. Goes out: a pause after it. What is urgent just lets others look; what is
not rests three times as long, one after another for all who take part: so all of them together have a quarter of a
worker's time, in slices of some milliseconds. What would hold up all if all did it at once is done by one at a time
(`Line`).
"""

import asyncio
from typing import Final, Protocol

SLICE: Final = 2_000  # events, or profiles to migrate, that the engine is given at once: some milliseconds
SMALL_SLICE: Final = 500
SHARE: Final = 0.25
LONGEST_S: Final = 0.2


class Line:
    """Whose turn it is, of those who stand in line: each by the event that wakes it."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Event, None] = {}

    def is_turn_of(self, who: asyncio.Event) -> bool:
        """Whether the turn is hers, until she leaves; she is in line from now on."""
        self._waiting.setdefault(who)
        return next(iter(self._waiting)) is who

    def leave(self, who: asyncio.Event) -> None:
        """She is in line no more, whether it was her turn or not. The next one is woken."""
        self._waiting.pop(who, None)
        if self._waiting:
            next(iter(self._waiting)).set()


class Pace(Protocol):
    """at_once: how many events are a slice."""

    @property
    def at_once(self) -> int: ...

    async def rest(self, took_s: float) -> None:
        """After a slice that took so long."""


class Eager:
    at_once = SLICE

    async def rest(self, took_s: float) -> None:
        await asyncio.sleep(0)


class Unhurried:
    """One for all that is not urgent in a worker."""

    at_once = SMALL_SLICE

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def rest(self, took_s: float) -> None:
        async with self._turn:
            await asyncio.sleep(min(took_s * (1 / SHARE - 1), LONGEST_S))


EAGER: Final = Eager()
