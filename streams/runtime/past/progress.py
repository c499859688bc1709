"""What is told of a past while it is made: how far it is, whether it is ready, whom its rules would move.

Comes in: the shard that is made, and where the running one stands. Goes out: a `Made`, which holds of one claim of what
is kept of it, and of no other: where Redis has lost that, all of it is said anew.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

from faust.types import TP
from msgspec.structs import replace

from streams.core.engine.foreseen import Foreseen
from streams.core.engine.past import Past
from streams.core.engine.shard import Shard
from streams.lifecycle.awaiting import Made
from streams.lifecycle.moves import Move
from streams.runtime.pace import Unhurried
from streams.runtime.shard_loop import ShardLoop, Stand
from streams.runtime.worker import Worker

COUNTED_AT_ONCE: Final = 200  # profiles
NEAR: Final = 5_000  # records: read in a moment while the shard waits


class Progress:
    """Of one past. worker: under the rules that await it. pace: of whoever makes it."""

    def __init__(self, worker: Worker, pace: Unhurried):
        self.made = Made(0, 0)
        self._worker, self._pace = worker, pace
        self._from: tuple[float, int] | None = None
        self._first: Mapping[TP, int] = {}
        self._foreseen: Foreseen | None = None  # while it is counted
        self._moves: dict[str, Move] | None = None

    def begin(self, epoch: int, first: Mapping[TP, int], *, is_anew: bool) -> None:
        """epoch: of the claim by which it is made from now on. first: where the inputs begin. is_anew: whether nothing
        is kept of it: perhaps it was there, and Redis has lost it."""
        if is_anew:
            self.made, self._moves = Made(0, 0, error=self.made.error), None
        self.made, self._first, self._foreseen = replace(self.made, epoch=epoch), first, None

    def failed(self, error: str) -> None:
        """In words; until that is over."""
        self.made = replace(self.made, error=error)

    def look(self, loop: ShardLoop, newest: Stand, *, rebuilds: bool) -> None:
        """rebuilds: then it is not ready, as others may become somebody here once more."""
        inputs = loop.inputs()
        left = sum(max(0, end - inputs[tp]) for tp, end in newest.positions.items())
        of = sum(end - self._first.get(tp, 0) for tp, end in newest.positions.items())
        is_kept = loop.saved is not None  # else a crash would leave nothing of it
        is_near = left <= NEAR and not loop.shard.is_stale and is_kept and not rebuilds
        self.made = Made(
            of - left,
            of,
            self.made.is_ready or is_near,
            max(loop.shard.kept_since.values(), default=None),
            a_second=self._speed(of - left),
            error="" if is_near else self.made.error,
            moves=self._moves,
            epoch=self.made.epoch,
        )

    def _speed(self, read: int) -> float:
        """How many records it reads in a second, since it was looked at first."""
        now_s = time.monotonic()
        since_s, before = self._from = self._from or (now_s, read)
        return max(0, read - before) / (now_s - since_s) if now_s > since_s else 0.0

    async def count(self, running: Shard, past: Callable[[], Past] | None) -> bool:
        """Go on to count whom the rules would move, where that has a limit; whether there was anything to count. past:
        as it is, where it can be begun."""
        if not self._worker.has_limit or self._moves is not None:
            return False
        if self._foreseen is None or self._foreseen.shard is not running:
            if past is None or running.is_stale:
                return False
            self._foreseen = Foreseen(running, self._worker.rulebook, past())
        since = time.monotonic()
        self._foreseen.look_at(COUNTED_AT_ONCE)
        await self._pace.rest(time.monotonic() - since)
        if self._foreseen.is_done:
            self._moves = {segment: Move(*counts) for segment, counts in self._foreseen.moves.items()}
            self._foreseen = None
        return True
