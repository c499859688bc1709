"""A version of the rules that awaits its past: how far that is, and what comes with it; or why it was refused then.

Comes in: a `Window`. Goes out: an `AwaitedShown`, while one is awaited; a `RefusedShown`, until another is applied.
"""

import msgspec

from streams.core.rules.rulebook import Rulebook
from streams.lifecycle.awaiting import awaited
from streams.lifecycle.versions import ahead
from streams.web.views.times import Instant, told, told_or_none
from streams.web.views.window import Window


class WouldMove(msgspec.Struct, frozen=True, gc=False):
    """Of one segment, or level: how many are in it, and what a version would do to that."""

    segment: str
    members: int
    entering: int
    leaving: int


class AwaitedShown(msgspec.Struct, frozen=True, gc=False):
    """What is live once its past is made. rules: those that mean something else by it, or are new. share: of the past
    that is read, 0 to 1. left_s: about how long it takes; null where nobody knows. reaches_back_to: from when on it has
    everything; null where that is from the beginning, or not known yet. text: all of it, in words.

    error: what making it fails at by a fault of segmenter's own; it is tried again. max_change: the share of a segment
    that it may move; null for no limit. moves: whom it would move, where there is a limit, without the segments of new
    rules; as far as it is counted, by so many shards.
    """

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
    error: str | None = None
    max_change: float | None = None
    shards_counted: int = 0
    moves: tuple[WouldMove, ...] = ()


class RefusedShown(msgspec.Struct, frozen=True, gc=False):
    """What was applied last, and is never live, as it would have moved more than `max_change` of a segment. rules:
    those that mean something else by it, or are new. why: with the segments, and what to do."""

    version: int
    applied_at: Instant
    author: str
    note: str
    rules: tuple[str, ...]
    max_change: float | None
    why: str


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
        error=next(iter(progress.errors.values()), None),
        max_change=version.max_change,
        shards_counted=progress.counted,
        moves=tuple(WouldMove(segment, *counts) for segment, counts in progress.moves.items()),
    )


async def refused_now(window: Window) -> RefusedShown | None:
    rules = await window.rules()
    version = (await ahead(window.store.group, rules.version)).refused
    if version is None:
        return None
    refused = await window.of(version)
    return RefusedShown(
        version=version.number,
        applied_at=told(version.at_ms),
        author=version.author,
        note=version.note,
        rules=other_rules(rules.rulebook, refused.rulebook) if refused else (),
        max_change=version.max_change,
        why=version.refused,
    )


def other_rules(before: Rulebook, after: Rulebook) -> tuple[str, ...]:
    """Those of the one that mean something else than in the other, or are not there, by name."""
    known = {rule.name: rule.version for rule in before.rules}
    return tuple(sorted(rule.name for rule in after.rules if known.get(rule.name) != rule.version))
