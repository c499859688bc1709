"""The versions of the rulebook, as they were applied.

Comes in: a `Window`. Goes out: `Versions`, the newest first.
"""

import msgspec

from streams.lifecycle.versions import Version, history
from streams.web.views.times import Instant, told
from streams.web.views.window import Window


class VersionShown(msgspec.Struct, frozen=True, gc=False):
    """digest: of its files."""

    number: int
    applied_at: Instant
    author: str
    note: str
    digest: str


class Versions(msgspec.Struct, frozen=True, gc=False):
    """live: the number of the one in force; null while it is a folder, as nothing was ever applied."""

    live: int | None
    versions: tuple[VersionShown, ...]


async def versions(window: Window) -> Versions:
    found = tuple(map(_shown, await history(window.store.group)))
    return Versions(found[0].number if found else None, found)


def _shown(one: Version) -> VersionShown:
    return VersionShown(one.number, told(one.at_ms), one.author, one.note, one.digest)
