"""Where users go from each level of a tier: how many went from which to which in the last 30 days.

Comes in: levels. Goes out: `MoveShown` of each two that anybody went between, the most first.
"""

from collections.abc import Sequence
from itertools import permutations
from typing import Final

import msgspec

from streams.core.calendar import Calendar
from streams.core.flows import last_days, move
from streams.core.rules.rulebook import level_name
from streams.state.format import MOVES
from streams.web.views.counts import DAYS
from streams.web.views.window import Window

MOST_LEVELS: Final = 20  # each may lead to each other


class MoveShown(msgspec.Struct, frozen=True, gc=False):
    """before, after: levels, such as `power`; their segments are `lifecycle/power` and so on. users: how often."""

    before: str
    after: str
    users: int


async def moves_of(
    window: Window, tier: str, segments: Sequence[str], calendar: Calendar, now_ms: int
) -> tuple[MoveShown, ...]:
    """Of a tier of more than 20 levels those between the first 20."""
    pairs = {move(*pair): pair for pair in permutations(segments[:MOST_LEVELS], 2)}
    days = [period.name for period in last_days(calendar, now_ms, DAYS)]
    found = await window.store.shards.flows(MOVES, list(pairs), days)
    counts = {pairs[name]: sum(flow.entries for flow in flows.values()) for name, flows in found.items() if flows}
    return tuple(
        MoveShown(level_name(tier, before), level_name(tier, after), users)
        for (before, after), users in sorted(counts.items(), key=lambda each: -each[1])
    )
