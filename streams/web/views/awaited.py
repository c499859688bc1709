"""A version of the rules that awaits its past: how far that is, and what is to come with it.

Comes in: a `Window`. Goes out: an `AwaitedShown`, while one is awaited.
"""

import msgspec

from streams.core.rules.rulebook import Rulebook
from streams.lifecycle.awaiting import awaited
from streams.web.views.times import Instant, told, told_or_none
from streams.web.views.window import Window


class AwaitedShown(msgspec.Struct, frozen=True, gc=False):
    """What is live once its past is made. rules: those that mean something else by it, or are new. share: of the past
    that is read, 0 to 1. left_s: about how long it takes; null where nobody knows. reaches_back_to: from when on it has
    everything; null where that is from the beginning, or not known yet. text: all of it, in words."""

    version: int
    applied_at: Instant
    author: str
    note: str
    rules: tuple[str, ...]
    share: float
    shards_ready: int
    shards: int
    left_s: float | None
    reaches_back_to: Instant | None
    text: str


async def awaited_now(window: Window) -> AwaitedShown | None:
    found = await awaited(window.store.group)
    if found is None:
        return None
    version, progress = found
    before, after = (await window.rules()).rulebook, (await window.latest()).rulebook
    return AwaitedShown(
        version=version.number,
        applied_at=told(version.at_ms),
        author=version.author,
        note=version.note,
        rules=other_rules(before, after),
        share=round(progress.share, 4),
        shards_ready=progress.ready,
        shards=progress.shards,
        left_s=progress.left_s,
        reaches_back_to=told_or_none(progress.since_ms),
        text=str(progress),
    )


def other_rules(before: Rulebook, after: Rulebook) -> tuple[str, ...]:
    """Those of the one that mean something else than in the other, or are not there, by name."""
    known = {rule.name: rule.version for rule in before.rules}
    return tuple(sorted(rule.name for rule in after.rules if known.get(rule.name) != rule.version))
