"""Whoever looks at the shards of a worker about every second, and tells what has become of them.

Comes in: the shards of one app after another, and what Kafka says of where their inputs end. Goes out: `health` and
`figures`, for the log, the metrics and the health checks; a line of the log when an open transaction keeps a shard, and
when it goes on; and the end of a worker that is stuck.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from streams.core.kernel.layout import FAR
from streams.errors import Stuck, places
from streams.kafka.ends import Ends
from streams.lifecycle.following import Followed
from streams.log import log
from streams.monitoring.health import Cause, Health, Observer, Seen, ShardHealth, State
from streams.monitoring.lag import Lags
from streams.monitoring.watchdog import Watchdog
from streams.retry import Retry
from streams.runtime.assignment import Assignment
from streams.runtime.counters import Counters
from streams.runtime.shard_lifecycle import ShardLifecycle
from streams.runtime.shard_loop import ShardLoop
from streams.settings import Settings

LOOK_EVERY_S: Final = 1.0
LOOKED_WITHIN_S: Final = 5.0  # a process that stood still for longer has lost time, and is not stuck for that


class InputLag(NamedTuple):
    topic: str
    records: int
    seconds: float


class Figures(NamedTuple):
    """What a loaded shard is like. late_s: how long ago the deadline came that has not been worked off. unevaluated:
    how many profiles wait to be evaluated under rules that were applied.

    aliases, alias_bytes: under how many something waits, and what that takes. past: how much of it is made under rules
    that await their past, 0 to 1; None where none do. saved_at, published_at: Unix times (s), None where it has not
    been yet.
    """

    shard: int
    profiles: int
    row_bytes: int
    aliases: int
    alias_bytes: int
    late_s: float
    saved_at: float | None
    published_at: float | None
    members: Mapping[str, int]
    lags: Sequence[InputLag]
    past: float | None = None
    unevaluated: int = 0


class Monitor:
    """One in a process, whatever apps come and go. starting: tries what an app needs before it can have shards.
    rules: those in force; None before an app has found them."""

    program = "worker"

    def __init__(self, settings: Settings, watchdog: Watchdog | None = None) -> None:
        self.counters = Counters()
        self.health = Health()
        self.figures: Sequence[Figures] = ()
        self.starting = Retry()
        self.partitions = 0
        self.rules: Followed | None = None
        self.lags = Lags(Ends(settings))
        self._watchdog = watchdog
        self._looked_at = time.monotonic()
        self._awake_s = 0.0
        self._observer = Observer()

    @property
    def lives(self) -> int:
        return self.counters.lives

    def ask(self) -> tuple[Health, float]:
        """The health as it was last seen, and how long ago that was (s). From any thread."""
        obstacle, health = self.starting.obstacle, self.health
        if obstacle is not None:
            health = health._replace(waiting=f"waits for {obstacle.cause}: {obstacle.why}")
        if self.rules is not None:
            health = health._replace(rules=self.rules.number, differs=self.rules.differs, refused=self.rules.refused)
        return health, time.monotonic() - self._looked_at

    async def watch(self, shards: Assignment, fail: Callable[[str, Exception], Awaitable[None]]) -> None:
        """Until cancelled. `fail` is told of a shard that is stuck."""
        try:
            while True:
                stuck = [each for each in self.look(shards).shards if each.state is State.STUCK]
                if stuck:
                    await fail(f"shard {stuck[0].shard}", Stuck(_told(stuck[0])))
                    return
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            self.health, self.figures = Health(), ()
            if self._watchdog is not None:
                self._watchdog.rest()
            await self.lags.close()

    def look(self, shards: Assignment) -> Health:
        """Once, at all of them."""
        now_s, owners = time.monotonic(), shards.owners()
        self._awake_s += min(now_s - self._looked_at, LOOKED_WITHIN_S)
        loops = [(owner, owner.loaded) for owner in owners if owner.loaded is not None]
        self.lags.ask([tp for _, loop in loops for tp in loop.inputs()])
        before = {each.shard: each for each in self.health.shards}
        seen = [self._see(owner, shards) for owner in owners]
        self.health = self._observer.look(seen, shards.has_joined, self._awake_s)
        self.figures = [self._figures(owner, loop, shards.now_ms(), now_s) for owner, loop in loops]
        self._looked_at = now_s
        for each in self.health.shards:
            _tell(before.get(each.shard), each)
        if self._watchdog is not None:
            (self._watchdog.beat if owners else self._watchdog.rest)()
        return self.health

    def _see(self, owner: ShardLifecycle, shards: Assignment) -> Seen:
        obstacle, loop = owner.obstacle or self.lags.obstacle, owner.loaded
        if loop is None:
            return Seen(owner.number, False, None, {}, True, obstacle)
        fetched, behind, held_back, is_known = loop.lag(), {}, [], True
        for tp, position in loop.inputs().items():
            lag = self.lags.of(tp)
            behind[tp.topic] = max(fetched[tp.topic], lag.records(position) if lag else 0)
            is_known = is_known and lag is not None
            if lag and shards.is_held_back(tp, position, lag.end):
                held_back.append(tp.topic)
        has_work = not is_known or loop.has_work(shards.now_ms())
        left = loop.shard.unevaluated
        obstacle = obstacle or loop.obstacle
        return Seen(owner.number, True, (id(loop), loop.moves), behind, has_work, obstacle, held_back, left)

    def _figures(self, owner: ShardLifecycle, loop: ShardLoop, now_ms: int, now_s: float) -> Figures:
        shard = loop.shard
        late_ms = max(0, now_ms - shard.due) if shard.due < FAR else 0
        saved_at, published_at = loop.written
        lags = list(self._input_lags(loop, now_s))
        return Figures(
            owner.number,
            shard.profiles,
            shard.table.row_bytes,
            *loop.unlinked,
            late_ms / 1000,
            saved_at,
            published_at,
            dict(loop.members),
            lags,
            owner.made.share if owner.made is not None else None,
            shard.unevaluated,
        )

    def _input_lags(self, loop: ShardLoop, now_s: float) -> Iterator[InputLag]:
        for tp, position in loop.inputs().items():
            lag = self.lags.of(tp)
            if lag is not None:
                yield InputLag(tp.topic, lag.records(position), lag.seconds(position, now_s))


def _tell(before: ShardHealth | None, now: ShardHealth) -> None:
    """What Redis and Kafka do not answer is told where they are asked."""
    was, is_held = (each is not None and _is_held_back(each) for each in (before, now))
    if is_held and not was:
        log.warning("shard %d - waits: %s", now.shard, now.why)
    elif was and not is_held:
        log.warning("shard %d - goes on: the transaction has ended", now.shard)


def _is_held_back(shard: ShardHealth) -> bool:
    return shard.obstacle is not None and shard.obstacle.cause is Cause.TRANSACTION


def _told(stuck: ShardHealth) -> str:
    return (
        f"{stuck.why}, though there is something to do, and Kafka and Redis answer; it hangs at {_where(stuck.shard)}."
        " The worker ends, so that whoever started it can do so again. Please report this line."
    )


def _where(shard: int) -> str:
    """What the tasks of a shard wait for."""
    tasks = {task.get_name(): task for task in asyncio.all_tasks()}
    names = f"shard {shard}, checkpoint", f"shard {shard}"
    return " and ".join(_awaited(tasks[name]) for name in names if name in tasks) or "no place of its own"


def _awaited(task: asyncio.Task[object]) -> str:
    """The places in our code, the innermost first."""
    lines: list[tuple[str, int]] = []
    coroutine: Any = task.get_coro()
    while (frame := getattr(coroutine, "cr_frame", None)) is not None:
        lines.append((frame.f_code.co_filename, frame.f_lineno))
        coroutine = getattr(coroutine, "cr_await", None)
    return places(lines)
