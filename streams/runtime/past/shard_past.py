"""The past of a shard as its owner has to do with it: made beside it, waited for as it takes other rules over, and
forgotten once nobody needs it.

Comes in: the rules that await it; then those that are live, and where the shard was let go. Goes out: the past, where
one is kept, or where the shard lacks what these rules read and they come with a past. Where Redis has lost that, or it
was never made, it is made then, from the topics, and events wait for it: no shard begins empty what others know.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from faust.types import TP

from streams.core.compiler.catalog import Catalog
from streams.core.engine.past import Past
from streams.core.profiles.filling import lacking
from streams.core.profiles.snapshot import Head
from streams.lifecycle.awaiting import Made
from streams.log import counted, log, seconds
from streams.retry import Retry
from streams.runtime.pace import Unhurried
from streams.runtime.past.maker import TOLD_EVERY_S, PastMaker, Running
from streams.runtime.shard_loop import Stand
from streams.runtime.worker import Worker
from streams.state.format import past_room
from streams.state.store import ShardStore


class ShardPast:
    """Of one shard: as of `PastMaker`. is_awaited: whether the shard waits for it, to go on."""

    def __init__(
        self,
        number: int,
        tps: Sequence[TP],
        is_ours: Callable[[], Awaitable[bool]],
        running: Callable[[], Running | None],
        retry: Retry,
        pace: Unhurried,
    ):
        self._number, self._tps, self._is_ours, self._running = number, tps, is_ours, running
        self._retry, self._pace = retry, pace
        self._maker: PastMaker | None = None
        self._is_left = self.is_awaited = False

    @property
    def made(self) -> Made | None:
        """How far it is, if any is made here."""
        return self._maker.made if self._maker is not None else None

    async def make(self, worker: Worker | None, next_version: int) -> None:
        """Make that of its rules; None: none is awaited any more. next_version: that of the rules which the shard runs,
        or is about to."""
        version, maker = worker.version if worker is not None else 0, self._maker
        if maker is not None and (maker.version not in (version, next_version) or _is_of_others(maker, worker)):
            await self.end(forget=True)
        elif maker is not None and maker.is_over and maker.version == version != next_version:
            await self.end(forget=False)  # it was taken over, and Redis has lost that: the rules of before are back
        if self._maker is None and worker is not None and not self._is_left and worker.version != next_version:
            self._maker = self._make(worker)

    async def settled(self, worker: Worker) -> None:
        """Until little is left of that of its rules, if it is made here."""
        if self._maker is not None and self._maker.version == worker.version:
            await self._maker.settled()

    async def finish(self, worker: Worker, stands: Stand, head: Head, is_needed: Callable[[], bool]) -> Past | None:
        """That of its rules, brought to where the shard stands at its last checkpoint, of which `head` is. None where
        there is none, and none is lacking, or where the shard is to be let go meanwhile, or other rules are live, so
        that it is needed no more: what it waits for may never be there then."""
        self.is_awaited = True
        try:
            return await self._finish(worker, stands, head, is_needed)
        finally:
            self.is_awaited = False

    async def _finish(self, worker: Worker, stands: Stand, head: Head, is_needed: Callable[[], bool]) -> Past | None:
        if self._maker is None or not self._maker.can_finish(worker):
            if not await self._is_kept(worker):
                if not (worker.has_past and _lacks(head, worker)):
                    return None
                said = "shard %d, past under version %d - is not there, and is made now: events wait for it"
                log.warning(said, self._number, worker.version)
            await self.end(forget=False)
        if self._is_left:
            return None
        self._maker = self._maker or self._make(worker)
        telling = asyncio.create_task(self._tell(self._maker))
        try:
            return await self._maker.finish(stands, head, is_needed)
        finally:
            telling.cancel()

    async def _tell(self, maker: PastMaker) -> None:
        """Again and again how far it is, while events wait for it: it is seldom for long."""
        since = time.monotonic()
        while True:
            await asyncio.sleep(TOLD_EVERY_S)
            read = f"{maker.made.read:,} of {counted(maker.made.of, 'record')}"
            log.warning("%s - events have waited for it for %s: %s read", maker.subject, seconds(since), read)

    async def _is_kept(self, worker: Worker) -> bool:
        room: ShardStore = worker.store.beside(past_room(worker.version))
        return await self._retry(f"shard {self._number}, loading", partial(room.progress, self._number)) is not None

    def leave(self) -> None:
        """The shard is to be let go: nobody waits for it here any more."""
        self._is_left = True
        if self._maker is not None:
            self._maker.abandon()

    async def forget(self, worker: Worker, version: int) -> None:
        """Nobody needs it any more."""
        if self._maker is not None and self._maker.version == version:
            await self.end(forget=True)
        else:
            await worker.store.beside(past_room(version)).forget(self._number)

    async def end(self, *, forget: bool) -> None:
        """Make it no further. forget: nor is it gone on with from its last checkpoint, here or elsewhere."""
        maker, self._maker = self._maker, None
        if maker is not None:
            await maker.stop()
            if forget:
                await maker.store.forget(self._number)

    def _make(self, worker: Worker) -> PastMaker:
        return PastMaker(worker, self._number, self._tps, self._is_ours, self._running, self._pace)


def _is_of_others(maker: PastMaker, worker: Worker | None) -> bool:
    """Whether other rules had the number of these, until Redis was emptied and these were put back."""
    if worker is None or maker.version != worker.version or maker.rulebook is worker.rulebook:
        return False
    return not maker.rulebook.means_the_same_as(worker.rulebook)


def _lacks(head: Head, worker: Worker) -> bool:
    """Whether rows may be stored without what its rules read."""
    today = Catalog(worker.rulebook).fields
    return any(lacking(schema, today) for schema in head.schemas.values())
