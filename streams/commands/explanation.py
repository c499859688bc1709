"""Where a user stands: what `segmenter explain` prints.

Comes in: a user's stored row and document, and the rules. Goes out: lines of text.
"""

import time
from collections.abc import Iterator

from streams import rulefiles
from streams.commands.publisher import home_partition
from streams.commands.wording import value_in_words
from streams.core.instants import format_time
from streams.core.rules import Rulebook
from streams.core.shard import Shard, Standing
from streams.core.snapshot import Head
from streams.errors import SegmenterError
from streams.runtime.app import redis_store
from streams.settings import Settings
from streams.state.store import Store


async def explanation(settings: Settings, user: str) -> list[str]:
    rulebook = rulefiles.load(settings.rules)
    store = redis_store(settings)
    try:
        shard = await _restored(store, settings, rulebook, user)
    finally:
        await store.close()
    # On a virtual clock (`segmenter dev`) time is where the worker has come to.
    at_ms = max(time.time_ns() // 1_000_000, shard.time_ms)
    lines = [f"{user}, as of {_when(at_ms)} UTC"]
    if shard.is_stale:
        lines.append("The rules are others than when this was stored; the memberships are those of then.")
    for standing in shard.explain(user, at_ms):
        lines += _lines(standing)
    return lines


async def _restored(store: Store, settings: Settings, rulebook: Rulebook, user: str) -> Shard:
    """A shard that holds this one user, as the last checkpoint left them."""
    partitions = await store.settled("partitions")
    if partitions is None:
        raise SegmenterError(f"No worker of the group {settings.group} has ever written to this Redis.")
    stored = await store.profile(home_partition(user, int(partitions)), user)
    if stored is None:
        raise SegmenterError(f"Nobody called {user} is known to the group {settings.group}.")
    rows, documents = [(user, stored.row)], {user: stored.document}
    utc_offset_ms = Head.decode(stored.head).utc_offset_ms
    return Shard.restore(rulebook, stored.head, rows, documents, utc_offset_ms, settings.private_traits)


def _lines(standing: Standing) -> Iterator[str]:
    """
    >>> from streams.core.changes import Reason
    >>> print(*_lines(Standing("quiet", True, 0, 3, (Reason("idle_days >= 7", 8.5, True, True),))), sep="\\n")
    <BLANKLINE>
    quiet: in since 1970-01-01 00:00, change 3
        yes  idle_days >= 7    (is 8.5)
    """
    since = "" if standing.since_ms is None else f" since {_when(standing.since_ms)}, change {standing.ordinal}"
    yield ""
    yield f"{standing.rule}: {'in' if standing.member else 'out'}{since}"
    width = max((len(reason.condition) for reason in standing.because), default=0)
    for reason in standing.because:
        truth = "yes" if reason.now else "no "
        yield f"    {truth}  {reason.condition:<{width}}    (is {value_in_words(reason.value)})"


def _when(ms: int) -> str:
    return format_time(ms)[:16].replace("T", " ")
