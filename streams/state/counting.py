"""What is counted in each shard, put together: sizes and flows of segments.

Comes in: of each shard the size of a segment, and its flows as they lie there. Goes out: a `Count`.
"""

from collections.abc import Iterable
from typing import Final

from streams.core.flows import NONE, Flow
from streams.state.store import Count

SINCE: Final = "since"  # the name under which `COUNTED` says it


def contains(user: str, searched: str) -> bool:
    """Whether this stands in an id; nothing stands in all.

    >>> contains("Ann@x.example", "ann"), contains("bob", "ann"), contains("bob", "")
    (True, False, True)
    """
    return not searched or searched.casefold() in user.casefold()


class Summed:
    """A segment, over all shards."""

    def __init__(self) -> None:
        self.count = Count(0, {})

    def add(self, size: int, flows: Iterable[tuple[str, bytes | None]]) -> None:
        """Those of a shard; None of a period in which nothing was counted."""
        summed = dict(self.count.flows)
        for period, raw in flows:
            if raw is not None:
                summed[period] = added(summed.get(period, NONE), Flow.decode(raw))
        self.count = Count(self.count.size + size, summed)


def added(one: Flow, other: Flow) -> Flow:
    return Flow(one.entries + other.entries, one.exits + other.exits)
