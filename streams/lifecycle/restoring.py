"""Redis was emptied under a group that runs: what its workers know is put back, each version under its number, and what
somebody applied meanwhile, as if nothing had ever been, follows as the next one, with a past.

Comes in: the versions that a worker knows, with their files. Goes out: the same in Redis, whatever stands there by now.

Of two by one number the one that was applied first keeps it, whoever looks: so workers of which one had not seen yet
what another ran come to one end. What came meanwhile is put where it is to stand before its place is taken, so that it
is lost in no step between. A folder that a worker applied as it began just then does not follow: where others run it is
nobody's wish.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from msgspec.structs import replace

from streams.errors import RuleError, StateError
from streams.lifecycle.awaiting import reads_more
from streams.lifecycle.checking import Checked, check_files
from streams.lifecycle.versions import FIRST_NOTE, Version, files_of, history, put
from streams.log import log
from streams.printable import printable
from streams.rulefiles.folder import Files
from streams.state.store import GroupStore

Known = tuple[Version, Checked]
Found = Mapping[int, Version]


async def restore(group: GroupStore, known: Sequence[Known]) -> bool:
    """Put back what Redis has lost of these; whether it had. known: what is live, then what awaits its past, if
    anything does."""
    was_lost = False
    while True:
        found = {each.number: each for each in await history(group)}
        if not any(_is_lost(version, found) for version, _ in known):
            return was_lost
        was_lost, came = True, _came([version for version, _ in known], found)
        greatest = await _have_follow(group, known, found, came)
        if greatest is not None:
            await _put_back(group, known, found, greatest, has_come=bool(came))


def _is_lost(known: Version, found: Found) -> bool:
    return known.number not in found or _is_in_place_of(found[known.number], known)


def _is_in_place_of(other: Version, known: Version) -> bool:
    """Whether it was applied as if that had never been."""
    if other.number == known.number:
        return other.applied > known.applied
    return other.number < known.number and other.at_ms > known.at_ms


def _came(known: Sequence[Version], found: Found) -> list[Version]:
    """What was applied to a Redis that had lost what is known: in the place of that, and what followed there; the
    newest last."""
    came = {number for number, other in found.items() if any(_is_in_place_of(other, each) for each in known)}
    followed = {number for number in found if number > known[-1].number} if came else set[int]()
    return [found[number] for number in sorted(came | followed)]


async def _have_follow(group: GroupStore, known: Sequence[Known], found: Found, came: Sequence[Version]) -> int | None:
    """Have the newest of what came follow what is known. Gives the greatest number there; None where somebody else was
    quicker."""
    (live, checked), newest, greatest = known[0], known[-1][0].number, max(found, default=0)
    if not came or (came[-1].note == FIRST_NOTE and came[-1].number <= newest):
        return greatest
    last = came[-1]
    number = max(last.number, newest + 1)
    if number == last.number and last.has_past:  # somebody has done it
        return greatest
    files, theirs = await _read(group, last)
    lacks = theirs is None or reads_more(checked.rulebook, theirs.rulebook)
    if lacks or last.awaits or last.max_change is not None:
        follows = replace(last, number=number, awaits=True, past_of=0)
    else:
        follows = replace(last, number=number, past_of=live.past_version)
    for each in came:
        if newest < each.number < number and not each.awaits:  # given up for it, and not live until it is
            await put(group, replace(each, awaits=True), was=each)
    was = last if number == last.number else None
    if not await _is_put(group, follows, was, greatest, files):
        return None
    said = "rules - Redis was empty when %s applied %s; that is %s now, and follows %s, which runs here"
    log.error(said, printable(last.author), last, follows, live)
    return max(greatest, number)


async def _put_back(group: GroupStore, known: Sequence[Known], found: Found, greatest: int, *, has_come: bool) -> None:
    """As far as nobody else was quicker."""
    live = known[0][0]
    for version, checked in known:
        if not _is_lost(version, found):
            continue
        # Shards may have begun under what came, without what these rules read.
        back = replace(version, past_of=version.past_version) if version is live and has_come else version
        if not await _is_put(group, back, found.get(version.number), greatest, checked.files):
            return
        greatest = max(greatest, version.number)
        if version is live:
            log.error("rules - Redis has lost them; %s, which runs here, is put back", version)
        else:
            log.error("rules - Redis has lost %s, which awaits its past; it is put back, that is made anew", version)


async def _is_put(group: GroupStore, version: Version, was: Version | None, greatest: int, files: Files | None) -> bool:
    """greatest: of the numbers that were there, where nothing was in its place."""
    found = await put(group, version, was=was, most=greatest if was is None else None, files=files)
    return found == (b"" if was is None else was.encode())


async def _read(group: GroupStore, version: Version) -> tuple[Files | None, Checked | None]:
    """As far as its files are there, and can be read here."""
    files = None
    with suppress(RuleError, StateError):
        files = await files_of(group, version)
        return files, await asyncio.to_thread(check_files, files)
    return files, None
