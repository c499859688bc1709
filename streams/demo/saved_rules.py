"""Rules that are applied as they are saved, so that whoever edits them sees at once what comes of it.

Comes in: the folder, looked at twice a second. Goes out: a new version for each change that has no faults, in which
every message is on (`streams.demo.switched_on`); the same as a folder, for the processes beside; what was said of it,
for the screen.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from streams.demo.switched_on import lay, switched_on
from streams.errors import RuleError
from streams.lifecycle.applying import Moved, apply
from streams.lifecycle.checking import Checked, check_folder
from streams.lifecycle.differences import differences
from streams.lifecycle.following import login
from streams.lifecycle.versions import Version, live
from streams.rulefiles.folder import Files, read_files
from streams.settings import Settings
from streams.state.opening import opened_store
from streams.state.store import GroupStore

LOOK_EVERY_S: Final = 0.5
NOTE: Final = "saved"


async def apply_saved(settings: Settings, folder: Path, say: Callable[[str], None]) -> None:
    """Until cancelled. folder: as somebody edits it; as it is now it is version 1, which must be right. That of the
    settings is ours: what is applied of it."""
    async with opened_store(settings) as store:
        seen = check_folder(folder).files
        applied = begin(folder, settings.rules)
        await _apply(store.group, applied)
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            files = _read(folder)
            if files is None or files == seen:
                continue
            seen = files
            applied = await _saved(store.group, folder, settings.rules, applied, say)


def begin(folder: Path, ours: Path) -> Checked:
    """What is to be applied of a folder, laid into ours. RuleError: it has faults."""
    checked = switched_on(check_folder(folder))
    lay(checked.files, ours)
    return checked


async def _saved(group: GroupStore, folder: Path, ours: Path, before: Checked, say: Callable[[str], None]) -> Checked:
    """What is applied now."""
    try:
        now = begin(folder, ours)
    except RuleError as error:
        first = error.faults[0]
        place = f"{first.file}:{first.line}" if first.line else first.file
        say(f"Not applied: {place}: {first.message}. {first.hint}".rstrip())
        return before
    version = await _apply(group, now)
    told = ", ".join(f"{each.name} {each.how.value}" for each in differences(before, now))
    stands = "awaits its past, which is made now" if version.awaits else "is live"
    say(f"Version {version.number} of the rules {stands}: {told or 'nothing means anything else'}.")
    return now


async def _apply(group: GroupStore, checked: Checked) -> Version:
    """The version that has them. Here nobody else is asked: one that somebody applied meanwhile is followed by ours."""
    while True:
        after = await live(group)
        if after is not None and after.digest == checked.digest:
            return after
        try:
            at_ms = time.time_ns() // 1_000_000
            return await apply(group, checked, after=after, author=login(), note=NOTE, at_ms=at_ms)
        except Moved:
            continue


def _read(folder: Path) -> Files | None:
    """None while it is being written."""
    try:
        return read_files(folder)
    except RuleError:
        return None
