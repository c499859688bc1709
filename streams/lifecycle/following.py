"""Whoever runs the rules of a group sees when another version is live.

Comes in: what Redis keeps of versions, looked at every second or so, and a folder, which a worker applies as version 1
where nothing ever was. Goes out: the rules and messages in force, and whether the folder says anything else.

A version that cannot be read here (a newer segmenter took it) is told and not taken over: what runs goes on. Where its
files are not there they may be on their way, as where Redis was emptied a moment ago, and are looked for again.
"""

import asyncio
import getpass
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from streams.errors import RuleError, StateError
from streams.lifecycle.applying import Moved, apply
from streams.lifecycle.checking import Checked, InForce, check_files, check_folder
from streams.lifecycle.restoring import restore
from streams.lifecycle.versions import FIRST_NOTE, Ahead, Version, ahead, files_of, live
from streams.log import log
from streams.printable import command_line
from streams.rulefiles.folder import read_files
from streams.settings import Settings
from streams.state.format import SETTLED
from streams.state.store import GroupStore

NOTHING: Final[Mapping[str, bytes]] = MappingProxyType({})
NEVER_APPLIED: Final = Ahead(None)


class Followed:
    """version, checked: what is in force, once it has begun; no version while nothing was ever applied. awaited: what
    is to take its place once its past is there. refused: why what was applied last never does, empty where it may.
    differs: what is to be said of the folder, empty where it says what is in force, or where it is not there and nobody
    named it. fixed: what is known beforehand of what was fixed at first start."""

    checked: Checked

    def __init__(self, group: GroupStore, settings: Settings, fixed: Mapping[str, bytes] = NOTHING):
        self._group = group
        self._folder = settings.rules
        self._is_named = settings.is_set("rules")
        self._refused, self._told = set[Version](), set[Version]()  # told: that they cannot be read
        self._applies = False
        self._settled = dict(fixed)
        self.version: Version | None = None
        self.awaited: InForce | None = None
        self.refused = self.differs = ""

    @property
    def number(self) -> int:
        """Of the version in force; 0 while nothing was ever applied."""
        return self.version.number if self.version else 0

    @property
    def past_version(self) -> int:
        """As `Version` has it, of the one in force."""
        return self.version.past_version if self.version else 0

    @property
    def has_past(self) -> bool:
        """The same."""
        return self.version is not None and self.version.has_past

    async def begin(self, at_ms: int | None = None) -> None:
        """at_ms: the time at which the folder is applied where nothing ever was; None to leave that to others.

        RuleError: the folder has faults and nothing was ever applied; or what is live has some here.
        """
        self._applies = at_ms is not None
        if self._applies:
            await self._keep_settled()
        found = await ahead(self._group)
        version = found.live
        if version is None:
            self.checked = check_folder(self._folder)
            if at_ms is not None and found == NEVER_APPLIED:
                version = await self._apply_first(self.checked, at_ms)
        if version is not None:
            self.checked = await self._read(version)
        self.version = version
        self._compare()

    async def look(self) -> bool:
        """Whether another version is live, and in force from now on."""
        if self._applies:
            await self._keep_settled()
        found = await ahead(self._group, self.version)
        if await self._restored(found):
            found = await ahead(self._group, self.version)
        version, awaited, refused = found
        self.refused = refused.refused if refused is not None else ""
        await self._look_ahead(awaited)
        if version is None or version == self.version or version in self._refused:
            return False
        checked = await self._read_or_tell(version, "is live and cannot be read here; what runs goes on: ")
        if checked is None:
            return False
        self.version, self.checked = version, checked
        self._compare()
        return True

    async def _look_ahead(self, awaited: Version | None) -> None:
        if awaited is None or awaited in self._refused:
            self.awaited = None
        elif self.awaited is None or self.awaited.version != awaited:
            checked = await self._read_or_tell(awaited, "awaits its past and cannot be read here: ")
            self.awaited = None if checked is None else InForce(awaited, checked)

    async def _restored(self, found: Ahead) -> bool:
        """A worker knows what a Redis has lost that was emptied under it: else the next that starts would apply its
        folder, in which nothing need be that was applied since. What was fixed at first start is there by then: by that
        whoever applies rules knows that there is a past."""
        if not self._applies or self.version is None or (self.awaited is None and found == Ahead(self.version)):
            return False
        known = [(self.version, self.checked)]
        if self.awaited is not None and self.awaited.version is not None:
            known.append((self.awaited.version, self.awaited.checked))
        return await restore(self._group, known)

    async def _keep_settled(self) -> None:
        """Also where Redis was emptied again while things were put back, so that the versions are there without it."""
        found = await self._group.read(SETTLED)
        for name in self._settled.keys() - found.keys():
            await self._group.replace(SETTLED, name, b"", self._settled[name])
        self._settled |= found

    async def _read_or_tell(self, version: Version, said: str) -> Checked | None:
        """None where it cannot be read, which is told once."""
        try:
            return await self._read(version)
        except (RuleError, StateError) as error:
            if isinstance(error, RuleError):
                self._refused.add(version)
            if version not in self._told:
                log.error("rules - %s %s%s", version, said, error)
            self._told.add(version)
            return None

    async def _read(self, version: Version) -> Checked:
        files = await files_of(self._group, version)
        return await asyncio.to_thread(check_files, files)

    async def _apply_first(self, checked: Checked, at_ms: int) -> Version | None:
        try:
            version = await apply(self._group, checked, after=None, author=login(), note=FIRST_NOTE, at_ms=at_ms)
        except Moved:
            return await live(self._group)
        log.info("rules - %s is live: the folder %s, as nothing was applied before", version, self._folder)
        return version

    def _compare(self) -> None:
        self.differs = ""
        if self.version is None or not (self._is_named or self._folder.exists()):
            return
        try:
            if read_files(self._folder) == self.checked.files:
                return
            self.differs = f"the folder {self._folder} differs from {self.version}, which is live"
        except RuleError as error:
            self.differs = f"the folder {self._folder} cannot be read: {error.faults[0].message}"
        self.differs += f"; to make it live: {command_line('rules', 'apply', str(self._folder))}"
        log.warning("rules - %s", self.differs)


def login() -> str:
    """Who runs this process, as far as the machine knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
