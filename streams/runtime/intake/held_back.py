"""Word of users who become somebody of this shard, held back until what rules of before did not count of them is there.

Comes in: what other homes have told, of which some is of a profile that was packed under rules of before, by a home
that had not yet taken over those that run here. Goes out: the same, with what these rules alone read, as the past of
that home has left it; until that is there nothing is applied here, but who is to be erased is.

That home's past is waited for, and nothing else: it follows the home from checkpoint to checkpoint, has the rules that
run here, and needs nothing of this shard. Nothing comes any more once it stands where the home stood when it had told
that, or is in the home already: then what came is all there is. No position passes what is held back, so that the next
owner holds it back, too; and no past is forgotten before all is heard that was told by then (`ShardLifecycle`).
"""

import time
from contextlib import suppress
from typing import Final

import msgspec
from msgspec.structs import replace

from streams.core.batch import Batch
from streams.core.engine.past import complete
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.links import How
from streams.core.merges import Moved, Packed
from streams.core.profiles.filling import lacking
from streams.core.profiles.snapshot import RowSchema
from streams.errors import StateLost, Unreachable
from streams.log import Throttle, counted, log
from streams.monitoring.health import Cause, Obstacle
from streams.runtime.intake.homes import Positions, stored_homes
from streams.runtime.worker import Worker
from streams.state.format import past_room

LOOK_EVERY_S: Final = 0.02
A_MOMENT_S: Final = 5.0
TELL_EVERY_S: Final = 30.0


class HeldBack:
    """Of one shard, which has the past of its rules. source: by which others tell it something."""

    def __init__(self, worker: Worker, number: int, shard: Shard, source: str):
        self._worker, self._number, self._shard, self._source = worker, number, shard, source
        self._homes = stored_homes(worker, worker.store.beside(past_room(worker.version)), number)
        self._waiting: dict[int, Event] = {}
        self._whole: dict[tuple[str, str, int], Event] = {}
        self._stood: dict[int, Positions] = {}  # of each home that is asked for the first, where it stood
        self._look_at = self._since = 0.0
        self._may_tell = Throttle(TELL_EVERY_S)
        self._may_tell()  # it is seldom for long

    def add(self, offset: int, event: Event) -> None:
        """What came, in the order of the offsets; held back where it is a profile that lacks something."""
        if isinstance(event.identity, Moved):
            then = msgspec.json.decode(event.identity.profile.schema, type=RowSchema)
            if lacking(then, self._shard.catalog.fields):
                self._since = self._since if self._waiting else time.monotonic()
                self._waiting[offset] = event

    @property
    def obstacle(self) -> Obstacle | None:
        """What keeps the shard, once that is no matter of a moment."""
        if not self._waiting or time.monotonic() < self._since + A_MOMENT_S:
            return None
        return Obstacle(Cause.PAST, f"it is not there yet what was counted of {self._users} before a merge")

    @property
    def _users(self) -> str:
        return counted(len(self._waiting), "user")

    def bounds(self, others: dict[str, int]) -> dict[str, int]:
        """As `Inbox.take` has them, with those of others."""
        if not self._waiting:
            return others
        first = next(iter(self._waiting))
        return {**others, self._source: min(first, others.get(self._source, first))}

    def complete(self, batch: Batch) -> Batch:
        """With what was waited for."""
        for at, event in enumerate(batch.events if self._whole else ()):
            batch.events[at] = self._whole.pop(_key(event), event) if isinstance(event.identity, Moved) else event
        return batch

    async def look(self) -> bool:
        """From time to time, whether what the first lacks is there; gives whether any is held back. StateLost: Redis
        has nothing of this shard any more."""
        if not self._waiting or time.monotonic() < self._look_at:
            return bool(self._waiting)
        with suppress(Unreachable):  # whoever writes checkpoints tells it
            await self._look()
        self._look_at = time.monotonic() + LOOK_EVERY_S
        if self._waiting and self._may_tell():
            said = "shard %d - holds events back until it is there what was counted of %s before a merge"
            log.warning(said, self._number, self._users)
        return bool(self._waiting)

    async def _look(self) -> None:
        if await self._worker.store.head(self._number) is None:
            raise StateLost(f"Redis has lost what shard {self._number} had")
        while self._waiting:
            offset, event = next(iter(self._waiting.items()))
            assert isinstance(event.identity, Moved), "others are not held back"
            parts = await self._parts(event.identity)
            if parts is None:
                return
            if parts:
                self._whole[_key(event)] = self._united(event, event.identity, parts)
            del self._waiting[offset]
            self._stood.clear()

    async def _parts(self, moved: Moved) -> list[Packed] | None:
        """What the pasts of their homes have left of her, and of who had become her; None while any is on its way."""
        found = list[Packed]()
        for user in (moved.gone, *(alias for alias, how in moved.aliases.items() if how == How.MERGE)):
            home = self._homes.of(user)
            if home not in self._stood:
                self._stood[home] = await self._homes.stands(home)
            has_passed = await self._homes.has_passed(home, self._stood[home])  # before it is asked what is left there
            left = await self._homes.left(home, [user])
            if not left and not has_passed:
                return None
            found += [msgspec.json.decode(raw, type=Packed) for raw in left.values()]
        return found

    def _united(self, event: Event, moved: Moved, parts: list[Packed]) -> Event:
        shard = self._shard
        profile = complete(shard.table, shard.catalog, shard.calendar, moved.profile, parts, shard.kept_since)
        return replace(event, identity=replace(moved, profile=profile))


def _key(event: Event) -> tuple[str, str, int]:
    assert isinstance(event.identity, Moved), "others are not held back"
    return event.subject, event.identity.gone, event.identity.number
