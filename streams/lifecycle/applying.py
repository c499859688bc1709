"""A rulebook is applied: it becomes the live version, which all workers take over.

Comes in: files without faults, the version that they are to follow, who and why. Goes out: the new version, which may
have to await its past; or a refusal where another has become live meanwhile, so that nobody undoes unseen what somebody
else did.
"""

from msgspec.structs import replace

from streams.core.instants import format_time
from streams.errors import UsageError
from streams.lifecycle.awaiting import being_taken, has_begun, reads_more
from streams.lifecycle.checking import Checked, check_files, readable
from streams.lifecycle.versions import Version, add, files_of, find, history
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
    group: GroupStore,
    checked: Checked,
    *,
    after: Version | None,
    author: str,
    note: str,
    at_ms: int,
    at_once: bool = False,
    max_change: float | None = None,
) -> Version:
    """Make them live in the place of `after` (None: of nothing). Raises `Moved` where something else is live.

    Where they read what was not kept before, the version `awaits` its past, unless it is to be live at once; one that
    awaited its own is given up for it. max_change: as `Version` has it.
    """
    had_begun = await has_begun(group)  # asked before and after: Redis may be emptied, and filled again, in between
    found = await history(group)
    is_live = next((version for version in found if not version.awaits), None)
    if is_live is not None and is_live != after:
        raise Moved(is_live, after)
    was = readable(await files_of(group, after)) if after is not None else None
    lacks = was is not None and reads_more(was.rulebook, checked.rulebook)
    awaits = not at_once and lacks and (had_begun or await has_begun(group))
    wanted = Version(found[0].number + 1 if found else 1, at_ms, author, note, checked.digest, awaits)
    if awaits or is_live is None:  # where Redis was emptied a moment ago, it follows what ran (`restoring`)
        wanted = replace(wanted, max_change=max_change)
    if not awaits:
        wanted = replace(wanted, past_of=await being_taken(group, is_live))
    there = await add(group, checked.files, wanted)
    if there != wanted:
        raise Moved(there, after)
    return there


async def rollback(group: GroupStore, number: int, *, after: Version, author: str, note: str, at_ms: int) -> Version:
    """Make an old version live once more, as a new one. UsageError: there is none of this number, or today's rules of
    the language refuse it."""
    old = await find(group, number)
    checked = check_files(await files_of(group, old))
    return await apply(group, checked, after=after, author=author, note=note, at_ms=at_ms)
