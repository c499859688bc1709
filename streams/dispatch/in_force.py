"""Which messages are in force: those of the rulebook's live version; of the folder, where nothing was ever applied.

Comes in: what the group has stored. Goes out: messages and endpoints, those of a new version within seconds. One that
cannot be read is told, and what was in force goes on.
"""

import asyncio
from pathlib import Path
from typing import Final

from streams.delivery.message import Messages
from streams.errors import SegmenterError, Unreachable
from streams.lifecycle.checking import in_force
from streams.lifecycle.versions import Version, live, newest
from streams.log import counted, log
from streams.state.store import GroupStore

LOOK_EVERY_S: Final = 2.0


class MessagesInForce:
    """folder: of rules. everything: whether messages count that are off, too. Nothing is in force before `begin`."""

    def __init__(self, folder: Path, everything: bool = False):
        self._folder = folder
        self._everything = everything
        self._version: Version | None = None
        self._messages = Messages()
        self._failed = ""

    def __call__(self) -> Messages:
        return self._messages

    async def begin(self, group: GroupStore) -> None:
        """RuleError: the files have faults."""
        self._version, checked = await in_force(group, self._folder)
        found = checked.messages
        self._messages = found.all_live() if self._everything else found
        count, on = len(found.messages), sum(message.is_live for message in self._messages.messages)
        log.info("deliver - %s, %d of them live, of %s", counted(count, "message"), on, self._version or self._folder)

    async def follow(self, group: GroupStore) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look(group)

    async def look(self, group: GroupStore) -> None:
        """Once: whether another version is live."""
        try:
            found = await (live(group) if self._version is None else newest(group, self._version))
            if found != self._version:
                await self.begin(group)
            self._failed = ""
        except Unreachable:
            return  # whoever needs Redis tells it
        except SegmenterError as error:
            if str(error) != self._failed:
                log.warning("deliver - the messages that were in force go on: %s", error)
            self._failed = str(error)
