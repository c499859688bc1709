"""A rulebook is applied: it becomes the live version, which all workers take over.

Comes in: files without faults, the version that they are to follow, who and why. Goes out: the new version; or a
refusal where another has become live meanwhile, so that nobody undoes unseen what somebody else did.
"""

from streams.core.instants import format_time
from streams.errors import UsageError
from streams.lifecycle.checking import Checked, check_files
from streams.lifecycle.versions import Version, add, files_of, find, live
from streams.printable import printable
from streams.state.store import GroupStore


class Moved(UsageError):
    """What is live is not what it was when somebody looked at it. `live`: what is."""

    def __init__(self, live: Version, after: Version | None):
        self.live = live
        was = f"not {after} any more" if after else "and nothing was before"
        super().__init__(
            f"Nothing is applied: {live} is live, {was}; it was applied at {format_time(live.at_ms)} by"
            f" {printable(live.author)}. Look at what it changes (segmenter rules show {live.number}), then plan and"
            " apply again."
        )


async def apply(
    group: GroupStore, checked: Checked, *, after: Version | None, author: str, note: str, at_ms: int
) -> Version:
    """Make them live in the place of `after` (None: of nothing). Raises `Moved` where something else is live."""
    number = after.number + 1 if after else 1
    wanted = Version(number, at_ms, author, note, checked.digest)
    found = await add(group, checked.files, wanted)
    if found != wanted:
        raise Moved(await live(group) or found, after)
    return found


async def rollback(group: GroupStore, number: int, *, after: Version, author: str, note: str, at_ms: int) -> Version:
    """Make an old version live once more, as a new one. UsageError: there is none of this number, or today's rules of
    the language refuse it."""
    old = await find(group, number)
    checked = check_files(await files_of(group, old))
    return await apply(group, checked, after=after, author=author, note=note, at_ms=at_ms)
