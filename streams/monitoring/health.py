"""Where each shard of a worker stands, and what that makes of the worker. The one place that knows.

Comes in: `Seen` of each shard, about every second, and the time, in seconds of a clock that only goes forward.
Goes out: `Health`, from which the log, the metrics and the health checks take all that they say.

    loading     its profiles come from Redis
    caught_up   all that the broker has is applied, and no deadline that has come waits
    behind      something is to be done, and is being done
    waiting     it cannot go on: Redis, Kafka, an open transaction or another's past keeps it, and `why` says how
    stuck       something is to be done, nothing that we know of keeps it, and nothing has moved for a minute
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from streams.log import counted

# A health check fails when a shard that has something to do has not moved for so long, whatever keeps it.
UNHEALTHY_AFTER_S: Final = 30.0
STUCK_AFTER_S: Final = 60.0
# Millions of profiles, or of changes to compare with, take a while, and nothing is heard of them before all are there.
LOADED_WITHIN_S: Final = 1_800.0
# A group is balanced anew within its session timeout, and half a minute for members that still have something to save.
JOINED_WITHIN_S: Final = 120.0
# A transaction that commits goes by unnoticed.
HELD_BACK_AFTER_S: Final = 5.0


class State(StrEnum):
    LOADING = "loading"
    CAUGHT_UP = "caught_up"
    BEHIND = "behind"
    WAITING = "waiting"
    STUCK = "stuck"


class Cause(StrEnum):
    """Whom a shard waits for."""

    REDIS = "redis"
    KAFKA = "kafka"
    TRANSACTION = "transaction"
    PAST = "past"


class Obstacle(NamedTuple):
    """What keeps a shard; `why` is for a person."""

    cause: Cause
    why: str


class Seen(NamedTuple):
    """What is seen of a shard at one moment.

    progress: anything, as long as it is another one whenever the shard has moved.
    behind: records by topic that the broker has and that are not applied.
    has_work: whether anything else waits to be done: a deadline, a checkpoint.
    obstacle: what does not answer, and is asked again and again.
    held_back: topics of which it has read all that is committed, and whose next records are part of a transaction.
    unevaluated: how many profiles wait to be evaluated under rules that were applied.
    """

    shard: int
    is_loaded: bool
    progress: object
    behind: Mapping[str, int]
    has_work: bool
    obstacle: Obstacle | None = None
    held_back: Sequence[str] = ()
    unevaluated: int = 0


class ShardHealth(NamedTuple):
    """Where a shard stands. still_s: for how long it has had something to do and has not moved. unevaluated: as `Seen`
    has it."""

    shard: int
    state: State
    behind: Mapping[str, int]
    still_s: float = 0.0
    obstacle: Obstacle | None = None
    is_loaded: bool = True
    unevaluated: int = 0

    @property
    def why(self) -> str:
        """Why it does not go on, in words; empty where it does."""
        if self.obstacle is not None:
            return self.obstacle.why
        return f"nothing has moved for {self.still_s:.0f} s" if self.state is State.STUCK else ""

    @property
    def is_failing(self) -> bool:
        if self.state is State.LOADING:
            return False  # a load that takes too long is stuck
        return self.state is State.STUCK or self.still_s >= UNHEALTHY_AFTER_S


class Health(NamedTuple):
    """That of a worker. has_joined: whether the group has told it which shards are its own, perhaps none.

    waiting: why it has not come so far, in words; unjoined_s: for how long it has not. rules: the version in force, 0
    before it is known; differs: what is to be said where the folder has others, refused why those applied last are not
    taken over: neither fails a check.
    """

    shards: Sequence[ShardHealth] = ()
    has_joined: bool = False
    waiting: str = ""
    unjoined_s: float = 0.0
    rules: int = 0
    differs: str = ""
    refused: str = ""

    @property
    def failing(self) -> Sequence[ShardHealth]:
        return [each for each in self.shards if each.is_failing]

    @property
    def is_ready(self) -> bool:
        return self.has_joined and all(each.is_loaded for each in self.shards)

    @property
    def states(self) -> Mapping[State, int]:
        """How many shards are in each state."""
        found = Counter(each.state for each in self.shards)
        return {state: found[state] for state in State}

    def __str__(self) -> str:
        """For a line of the log: `caught up` only where all of it is."""
        if not self.shards:
            return self.waiting or ("owns no shard" if self.has_joined else "starts")
        return ", ".join([*self._behind(), *self._states()]) or "caught up"

    def _behind(self) -> Iterable[str]:
        by_topic: Counter[str] = Counter()
        for each in self.shards:
            by_topic.update(each.behind)
        said = [f"{records:,} behind in {topic}" for topic, records in sorted(by_topic.items()) if records]
        left = sum(each.unevaluated for each in self.shards)
        return [*said, f"{counted(left, 'profile')} to evaluate under other rules"] if left else said

    def _states(self) -> Iterable[str]:
        said = defaultdict(list)
        for each in self.shards:
            if each.state is State.BEHIND and not any(each.behind.values()):
                said["at work"].append(str(each.shard))
            elif each.state not in (State.BEHIND, State.CAUGHT_UP):
                said[each.state.value + (f": {each.why}" if each.why else "")].append(str(each.shard))
        return [f"shard{'s' * (len(numbers) > 1)} {', '.join(numbers)} {what}" for what, numbers in said.items()]


class LastMove(NamedTuple):
    """By which progress a shard was known to have moved last, and when (s); and when something last kept it."""

    progress: object
    at_s: float
    kept_s: float


class Observer:
    """Tells from what is seen now, and from what was seen before, where each shard stands."""

    def __init__(self) -> None:
        self._moved: dict[int, LastMove] = {}
        self._held: dict[int, float] = {}
        self._unjoined_at: float | None = None

    def look(self, seen: Iterable[Seen], has_joined: bool, now_s: float) -> Health:
        """`seen`: all shards of the worker; one that is not among them any more is forgotten."""
        shards = list(seen)
        self._unjoined_at = None if has_joined else now_s if self._unjoined_at is None else self._unjoined_at
        self._moved = {each.shard: self._last_move(each, now_s) for each in shards}
        self._held = {each.shard: self._held.get(each.shard, now_s) for each in shards if each.held_back}
        unjoined_s = 0.0 if self._unjoined_at is None else now_s - self._unjoined_at
        return Health([self._of(each, now_s) for each in shards], has_joined, "waits to be given shards", unjoined_s)

    def _last_move(self, seen: Seen, now_s: float) -> LastMove:
        """Who has nothing to do need not move. What a shard still reads while something keeps it is no move: nobody
        hears of it."""
        before = self._moved.get(seen.shard) or LastMove(None, now_s, now_s)
        rests = seen.is_loaded and not seen.has_work and not any(seen.behind.values())
        has_moved = seen.obstacle is None and (rests or seen.progress != before.progress)
        is_kept = seen.obstacle is not None or seen.held_back
        return LastMove(seen.progress, now_s if has_moved else before.at_s, now_s if is_kept else before.kept_s)

    def _of(self, seen: Seen, now_s: float) -> ShardHealth:
        last = self._moved[seen.shard]
        still_s = now_s - last.at_s
        held_s = now_s - self._held.get(seen.shard, now_s)
        obstacle = seen.obstacle
        if obstacle is None and held_s >= HELD_BACK_AFTER_S:
            # Deadlines come all the same, and other inputs are read: what is held back is not any less so.
            obstacle, still_s = _transaction(seen.held_back), max(still_s, held_s)
        state = _state(seen, obstacle, now_s - max(last.at_s, last.kept_s))
        return ShardHealth(seen.shard, state, seen.behind, still_s, obstacle, seen.is_loaded, seen.unevaluated)


def _transaction(topics: Sequence[str]) -> Obstacle:
    why = f"a producer's transaction is open in {', '.join(topics)}: what follows it is not read until it ends"
    return Obstacle(Cause.TRANSACTION, why)


def _state(seen: Seen, obstacle: Obstacle | None, still_s: float) -> State:
    """still_s: for how long nothing has moved and nothing has kept it."""
    if obstacle is not None:
        return State.WAITING
    if still_s >= (STUCK_AFTER_S if seen.is_loaded else LOADED_WITHIN_S):
        return State.STUCK
    if not seen.is_loaded:
        return State.LOADING
    return State.BEHIND if seen.has_work or any(seen.behind.values()) else State.CAUGHT_UP
