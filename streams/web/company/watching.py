"""What comes out of the company: each user's segments and newest changes, in words, as `segment-changes` has them.

Comes in: the topic, from its beginning. Goes out: what there is to say of a user, and some users to look at.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from streams.core.changes import Change
from streams.core.instants import format_time
from streams.outputs.change_stream import bursts
from streams.outputs.wording import story_of, verb_of
from streams.settings import Settings

NEWEST: Final = 12  # of a user
SHOWN_USERS: Final = 8


class Watching:
    """Use it inside `running`."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._segments: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._changes: defaultdict[str, deque[dict[str, str]]] = defaultdict(lambda: deque(maxlen=NEWEST))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        following = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    def of(self, user: str) -> dict[str, Any]:
        """Those who are in most segments are the ones to look at."""
        some = sorted(self._segments, key=lambda each: -len(self._segments[each]))[:SHOWN_USERS]
        changes = self._changes.get(user, ())
        return {"segments": sorted(self._segments.get(user, {})), "changes": list(reversed(changes)), "users": some}

    async def _follow(self) -> None:
        async for burst in bursts(self._settings, from_beginning=True):
            for _, change in burst:
                self._take(change)

    def _take(self, change: Change) -> None:
        segments = self._segments[change.subject]
        if (change.segment in segments) == change.entered:
            return  # a repeat
        if change.entered:
            segments[change.segment] = None
        segments.pop((change.previous if change.entered else change.segment) or "", None)
        said = {"at": format_time(change.occurred_at), "verb": verb_of(change), "segment": change.segment}
        self._changes[change.subject].append(said | {"why": story_of(change)})
