"""The versions of the rulebook, as they were applied.

Comes in: a `Window`. Goes out: `Versions`, the newest first; of one, what it changed.
"""

from difflib import unified_diff

import msgspec

from streams.lifecycle.versions import Version, files_of, find, history, live
from streams.web.views.times import Instant, told
from streams.web.views.window import Window


class VersionShown(msgspec.Struct, frozen=True, gc=False):
    """digest: of its files. awaits_past: whether it is not live, as its past is still to be made, or was given up."""

    number: int
    applied_at: Instant
    author: str
    note: str
    digest: str
    awaits_past: bool = False


class Versions(msgspec.Struct, frozen=True, gc=False):
    """live: the number of the one in force; null while it is a folder, as nothing was ever applied."""

    live: int | None
    versions: tuple[VersionShown, ...]


async def versions(window: Window) -> Versions:
    found = tuple(map(_shown, await history(window.store.group)))
    return Versions(next((each.number for each in found if not each.awaits_past), None), found)


def _shown(one: Version) -> VersionShown:
    return VersionShown(one.number, told(one.at_ms), one.author, one.note, one.digest, one.awaits)


class FileDifference(msgspec.Struct, frozen=True, gc=False):
    """lines: of a unified diff, each with its sign."""

    path: str
    lines: tuple[str, ...]


class VersionView(msgspec.Struct, frozen=True, gc=False):
    """version: with what it changed of the one before. live: the number of the one in force."""

    version: VersionShown
    live: int
    files: tuple[FileDifference, ...]


async def version(window: Window, number: int) -> VersionView:
    group = window.store.group
    found = await find(group, number)
    files = await files_of(group, found)
    before = await files_of(group, await find(group, number - 1)) if number > 1 else {}
    newest = await live(group)
    changed = sorted(path for path in {*files, *before} if files.get(path) != before.get(path))
    shown = tuple(FileDifference(path, _lines(before.get(path, ""), files.get(path, ""))) for path in changed)
    return VersionView(_shown(found), newest.number if newest else number, shown)


def _lines(before: str, after: str) -> tuple[str, ...]:
    return tuple(unified_diff(before.splitlines(), after.splitlines(), lineterm=""))[2:]
