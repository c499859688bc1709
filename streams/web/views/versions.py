"""The versions of the rulebook, as they were applied.

Comes in: a `Window`. Goes out: `Versions`, the newest first; of one, what it changed.
"""

from difflib import unified_diff

import msgspec

from streams.lifecycle.versions import Version, ahead, files_of, find, history
from streams.web.views.awaited import AwaitedShown, RefusedShown, awaited_now, refused_now
from streams.web.views.times import Instant, told
from streams.web.views.window import Window


class VersionShown(msgspec.Struct, frozen=True, gc=False):
    """digest: of its files. awaits_past: whether it is not live, as its past is still to be made, or was given up, or
    as it is `refused`: why, and what to do. max_change: the share of a segment that it may move; null for no limit."""

    number: int
    applied_at: Instant
    author: str
    note: str
    digest: str
    awaits_past: bool = False
    max_change: float | None = None
    refused: str | None = None


class Versions(msgspec.Struct, frozen=True, gc=False):
    """live: the number of the one in force; null while it is a folder, as nothing was ever applied. awaited: the one
    that is to take its place once its past is made. refused: what was applied last, where it would move too much."""

    live: int | None
    versions: tuple[VersionShown, ...]
    awaited: AwaitedShown | None = None
    refused: RefusedShown | None = None


async def versions(window: Window) -> Versions:
    found = tuple(map(_shown, await history(window.store.group)))
    is_live = next((each.number for each in found if not each.awaits_past), None)
    return Versions(is_live, found, await awaited_now(window), await refused_now(window))


def _shown(one: Version) -> VersionShown:
    return VersionShown(
        number=one.number,
        applied_at=told(one.at_ms),
        author=one.author,
        note=one.note,
        digest=one.digest,
        awaits_past=one.awaits,
        max_change=one.max_change,
        refused=one.refused or None,
    )


class FileDifference(msgspec.Struct, frozen=True, gc=False):
    """lines: of a unified diff, each with its sign."""

    path: str
    lines: tuple[str, ...]


class VersionView(msgspec.Struct, frozen=True, gc=False):
    """version: with what it changed of the one before. live: the number of the one in force; newest: of the one that
    was applied last."""

    version: VersionShown
    live: int
    newest: int
    files: tuple[FileDifference, ...]
    awaited: AwaitedShown | None = None


async def version(window: Window, number: int) -> VersionView:
    group = window.store.group
    found, there = await find(group, number), await ahead(group)
    newest = there.awaited or there.live
    awaited = await awaited_now(window)
    return VersionView(
        _shown(found),
        there.live.number if there.live else number,
        newest.number if newest else number,
        await changed(window, number - 1, number),
        awaited if awaited is not None and awaited.version == number else None,
    )


async def changed(window: Window, old: int, new: int) -> tuple[FileDifference, ...]:
    """What one version has otherwise than another; 0 has nothing."""
    group = window.store.group
    before, after = [await files_of(group, await find(group, number)) if number else {} for number in (old, new)]
    paths = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    return tuple(FileDifference(path, _lines(before.get(path, ""), after.get(path, ""))) for path in paths)


def _lines(before: str, after: str) -> tuple[str, ...]:
    return tuple(unified_diff(before.splitlines(), after.splitlines(), lineterm=""))[2:]
