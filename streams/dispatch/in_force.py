"""Which messages are in force: those of the rulebook's live version; of the folder, where nothing was ever applied.

Comes in: what the group has stored (`streams.lifecycle.following`). Goes out: messages and endpoints, those of a new
version within seconds.
"""

import asyncio
from typing import Final

from streams.delivery.message import Messages
from streams.errors import Unreachable
from streams.lifecycle.following import Followed
from streams.log import counted, log
from streams.settings import Settings
from streams.state.store import GroupStore

LOOK_EVERY_S: Final = 2.0


class MessagesInForce:
    """everything: whether messages count that are off, too."""

    def __init__(self, group: GroupStore, settings: Settings, everything: bool = False):
        self._followed = Followed(group, settings)
        self._folder = settings.rules
        self._everything = everything
        self._messages = Messages()

    def __call__(self) -> Messages:
        return self._messages

    async def begin(self) -> None:
        """Before this nothing is in force. RuleError: the files have faults."""
        await self._followed.begin()
        self._take()

    async def follow(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Once: whether another version is live."""
        try:
            if await self._followed.look():
                self._take()
        except Unreachable:
            return  # whoever needs Redis tells it

    def _take(self) -> None:
        found, version = self._followed.checked.messages, self._followed.version
        self._messages = found.all_live() if self._everything else found
        count, on = len(found.messages), sum(message.is_live for message in self._messages.messages)
        log.info("deliver - %s, %d of them live, of %s", counted(count, "message"), on, version or self._folder)
