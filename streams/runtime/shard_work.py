"""What a loaded shard does, a slice at a time: events, erasures, deadlines, profiles that other rules wrote.

Comes in: what its inputs have brought (`streams.runtime.intake`), and the time, once all that was there before it has
been asked for (`time_came`). Goes out: changes and messages, which `pending` keeps for the next checkpoint.

A wave of deadlines, or of profiles that other rules wrote, takes no more of a checkpoint than leaves room for events,
and follows no slower than it can be written: so live events are applied, and what they change is published, while a
million profiles are worked off. Those that other rules wrote, all of which may change at once, fill a checkpoint of one
shard of a worker after the other, and the next begins when it is written: else what is live would wait for all of them.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.decoding import Memberships
from streams.core.engine.erasure import Erasure
from streams.core.engine.inbox import NOTHING
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.identities.erasing import AlsoErased
from streams.core.identities.identities import Identities, pieces
from streams.core.identities.questions import Parted
from streams.core.kernel.layout import NEVER
from streams.core.merges import Moved, Noted
from streams.log import log
from streams.runtime.checkpoints.owed import Stood
from streams.runtime.checkpoints.pending import Pending
from streams.runtime.intake.intake import Intake
from streams.runtime.pace import SLICE
from streams.runtime.worker import Worker
from streams.sources.warnings import Odd

# Of a wave, whose profiles cost little or much: for so long, so many at once.
WAVE_SLICE_S: Final = 0.004
WAVE_SLICE: Final = 250
OTHERS_SLICE: Final = 100  # of profiles that other rules wrote, each of which costs more
ERASED_AT_ONCE: Final = 200
SENT_HOME_AT_ONCE: Final = 500
WAVE_SHARE: Final = 0.15  # of a checkpoint
ALL: Final = object()
OTHERS_AT_MOST: Final = 200  # of them in a checkpoint
# Time passes at least so often for a shard without deadlines, so that a new rule is not evaluated in the past.
TIME_EVERY_MS: Final = 60_000


class ShardWork:
    """subject: who it is in the log. at_once: how many events are a slice.

    members: how many are in each segment. must_read_again: whether the shard is to be let go, and to go on from there:
    what was fetched lacks something. migrated: how many of the profiles that other rules wrote have been evaluated
    since the last checkpoint.
    """

    def __init__(
        self,
        worker: Worker,
        shard: Shard,
        identities: Identities,
        intake: Intake,
        pending: Pending,
        subject: str,
        at_once: int = SLICE,
    ):
        self.shard = shard
        self.members = Counter(shard.members())
        self.migrated = 0
        self.must_read_again = False
        self._worker, self._identities, self._intake, self._pending = worker, identities, intake, pending
        self._subject, self._at_once = subject, at_once
        self._time: tuple[int, Mapping[str, int]] | None = None
        self._ending: Iterator[None] | None = None
        self._refreshes_ms = {rule.refresh_ms for rule in worker.rulebook.by_quintiles}

    def do_slice(self, *, may_migrate: bool) -> bool:
        """A slice of each, so that events need not wait for a wave of deadlines, or for other rules. Whether there was
        anything to do. may_migrate: whether it is the turn of this shard's profiles that other rules wrote."""
        if self._ending is not None:
            return self._lead_on(self._ending)
        migrated = may_migrate and self._migrate()
        busy = any([migrated, self._command(), self._tick()])
        if self._ending is not None:
            return busy
        return any([busy, self._send_home(), self._apply(), self._part()])

    @property
    def may_migrate(self) -> bool:
        """Whether there are profiles that other rules wrote, and the next checkpoint has room for them."""
        return self.shard.is_stale and self.migrated < OTHERS_AT_MOST and not self.is_full(WAVE_SHARE)

    @property
    def waits(self) -> bool:
        """Whether time, or rules that are new, are still to be worked off."""
        return self._time is not None or self._ending is not None or self.shard.is_stale

    @property
    def has_news(self) -> bool:
        """Whether anything is to be written down, beside how far the inputs were read."""
        return bool(self._pending or self._intake.letters or self.shard.dirty_count or self._identities.untold)

    @property
    def settled_ms(self) -> int:
        """The time that has come for all profiles, with nothing of it left to be worked off."""
        return NEVER if self.shard.is_stale else min(self.shard.time_ms, self.shard.due - 1)

    def wants_time(self, now_ms: int) -> bool:
        """Whether a deadline or a refresh has come by the wall clock, and nobody has asked yet what the inputs hold."""
        shard = self.shard
        if self._time is not None or self._ending is not None or shard.is_stale:
            return False
        if self._pending.rebuilds or self._identities.merges.are_due(now_ms):
            return True
        if shard.due <= now_ms or now_ms - shard.time_ms >= TIME_EVERY_MS:
            return True
        return any(now_ms // each > shard.time_ms // each for each in self._refreshes_ms)

    def time_came(self, now_ms: int, ends: Mapping[str, int]) -> None:
        """Time `now_ms` comes for this shard when all that its inputs held then, up to `ends`, has been applied. For a
        state that is made anew, that of when it was lost, where the clock is behind that."""
        self._time = max(now_ms, self._pending.told_ms), ends

    def _migrate(self) -> bool:
        """A slice of the profiles that other rules wrote."""
        self._note(self.shard.migrate(OTHERS_SLICE))
        self.migrated += OTHERS_SLICE
        return True

    def _command(self) -> bool:
        """A slice of the users who are to be erased, and of those of whom it is known that they became others."""
        commands = self._intake.take_commands(ERASED_AT_ONCE)
        for _, alike in groupby(commands, type):  # in their order: who was erased once, may be another since
            erasures = list[Erasure]()
            for each in alike:
                if isinstance(each, Noted):
                    self._identities.merges.note(each)
                else:
                    erasures.append(each)
            self._erase(erasures)
        return bool(commands)

    def _erase(self, erasures: Sequence[Erasure]) -> None:
        users = [erasure for erasure in erasures if erasure.of is None]
        known_ms: dict[str, int] = {}
        for each in erasures:
            known_ms[each.subject] = max(each.ts, known_ms.get(each.subject, self.shard.refused_until(each.subject)))
        self._remember(users)
        self._note(self.shard.erase(users))
        for each in erasures:
            command = AlsoErased(each.subject, each.ts, each.message_id, each.of)
            told = self._identities.carry_out(command, known_ms[each.subject])
            self._tell(told, [event.ts for event in told])
        self._write_down(self._identities.take_erased())
        self._worker.counters.erasures += len(users)

    def _part(self) -> bool:
        """Whoever became another in a life before does so again, once all has been applied that she moved with."""
        merges = self._identities.merges
        if not merges.noted:
            return False
        told = merges.reach(self._intake.reached())
        self._note(self._identities.take_changes())
        self._tell(told, [self._intake.reached_ms] * len(told))
        return bool(told)

    def _tick(self) -> bool:
        """A slice of the deadlines that have come, if time has come and the next checkpoint has room for it."""
        if self._time is None or self.shard.is_stale or self.is_full(WAVE_SHARE):
            return False
        now_ms, ends = self._time
        positions = self._intake.positions()
        if any(positions[source] < end for source, end in ends.items()):
            return False
        until_s = time.monotonic() + WAVE_SLICE_S
        while self._time is not None and time.monotonic() < until_s:
            with self._worker.counters.seconds.tick.time():
                self._note(self.shard.tick(now_ms, WAVE_SLICE))
            if self.shard.time_ms >= now_ms:
                self._time = None
                told = self._identities.merges.again(now_ms)
                # Its turn is now: there, too, whoever was known when the command was written comes before it.
                self._tell(told, [max(now_ms, self._intake.reached_ms)] * len(told))
                self._intake.letters.bury_commands(self._identities.merges.take_unable())
                self._end_rebuild()
        return True

    def _end_rebuild(self) -> None:
        """All that was there when the shard was loaded is in the state, and time has come: what follows is new, and
        waits until all has been told that differs from what was."""
        if self._pending.rebuilds:
            self._tell_out_erased()
            self._ending = self._pending.end_rebuild(self.shard, self._worker.clock)

    def _lead_on(self, ending: Iterator[None]) -> bool:
        """A slice of that, if the next checkpoint has room for it."""
        until_s = time.monotonic() + WAVE_SLICE_S
        while not self.is_full(WAVE_SHARE):
            if next(ending, ALL) is ALL:
                self._ending = None
                log.info("%s - is made anew: what follows is new", self._subject)
                return True
            if time.monotonic() >= until_s:
                return True
        return False

    def _apply(self) -> bool:
        """A slice of the events that may be applied."""
        batch = NOTHING if self.must_read_again else self._intake.take(self._at_once)
        if not len(batch):
            return False
        repeats, refused, traits = self.shard.duplicates, self.shard.refused, self.shard.table.traits_refused
        with self._worker.counters.seconds.step.time():
            for piece, rest in pieces(batch):
                if self._pending.tells and self._identities.lacks(piece):
                    self.must_read_again = True
                    self._intake.put_back(Batch.joined([piece, rest]))
                    batch = batch[: len(batch) - len(piece) - len(rest)]
                    break
                apply, told, turns = self._identities.sort(piece, self._intake.sources)
                self._note(self._identities.take_changes())
                # Before she is told of: what is known of a merge is never less than what others heard.
                parted = self._identities.merges.take_parted()
                self._pending.send([self._intake.note(each.noted(self._intake.reached(rest))) for each in parted])
                for each in parted:
                    self._tell_out(each, told)
                self._tell(told, turns)
                self._write_down(self._identities.take_erased())
                self._note(self.shard.step(apply))
        self._intake.letters.bury_commands(self._identities.merges.take_unable())
        self._intake.letters.bury_links(self._identities.refusals.take_to_tell())
        arrived = self._identities.merges.take_arrived()
        self._pending.retell({each.into: each.ts for each in arrived})
        self._pending.send([self._intake.merged(each) for each in arrived])
        self._worker.counters.events += len(batch)
        self._worker.counters.duplicates += self.shard.duplicates - repeats
        self._worker.counters.refused += self.shard.refused - refused
        if more := self.shard.table.traits_refused - traits:
            self._worker.counters.warnings[Odd.TRAIT_REFUSED] += more
        return True

    def _tell_out(self, parted: Parted, told: Sequence[Event]) -> None:
        """While a lost state is made anew, who becomes another is told out of what she had entered when it was lost,
        and has not here: by what came after the merge by its time, and was hers while she waited for the answer."""
        stood = self._pending.stands(parted.gone)
        for each in (event.identity for event in told if stood):
            if isinstance(each, Moved) and each.gone == parted.gone:
                beyond = self.shard.beyond(parted.gone, stood, each.profile)
                self._tell_to_leave(parted.gone, beyond, parted.ts, parted.message_id, parted.into)

    def _remember(self, erased: Sequence[Erasure]) -> None:
        """Where those stand by what was told before the state was lost, who are erased while it is made anew."""
        for each in erased:
            if stood := self.shard.beyond(each.subject, self._pending.stands(each.subject)):
                self._pending.owed.remember(each.subject, Stood(stood, each.message_id))

    def _tell_out_erased(self) -> None:
        """The same of who was erased when the lost state had not come to the command: what she did up to then was
        refused here, and by what came later she may be back."""
        for user, stood in self._pending.owed.stood.items():
            if user not in self._identities.aliases.merged:  # whoever became another since has left by that
                beyond = self.shard.beyond(user, stood.told)
                self._tell_to_leave(user, beyond, self.shard.refused_until(user), stood.message_id)
        self._pending.owed.clear()

    def _tell_to_leave(
        self, user: str, told: Memberships, at_ms: int, message_id: str | None, into: str | None = None
    ) -> None:
        self._pending.tell(self.shard.leave_as_told(user, told, at_ms, message_id, into), self._worker.clock())

    def _send_home(self) -> bool:
        """A slice of the records that are another shard's, as far as the next checkpoint has room for them."""
        found = self._intake.take_misrouted(SENT_HOME_AT_ONCE) if not self.is_full() else []
        self._pending.send(found)
        return bool(found)

    def _tell(self, told: Sequence[Event], turns: Sequence[int]) -> None:
        """The homes of users and aliases what they are to hear, each at its turn."""
        self._pending.send(list(map(self._intake.message_to, told, turns)))

    def _write_down(self, erased: Sequence[AlsoErased]) -> None:
        self._pending.send([self._intake.note(Erasure(*each)) for each in erased])

    def _note(self, changes: Sequence[Change]) -> None:
        self._pending.add(changes, self._worker.clock())
        self._worker.counters.changed(changes)
        for change in changes:
            if change.previous is not None:
                self.members[change.previous] -= 1
            self.members[change.segment] += 1 if change.entered else -1

    def is_full(self, share: float = 1.0) -> bool:
        """Whether the next checkpoint, or a share of it, is big enough. Most often a bound tells that it is not."""
        shard, is_full = self.shard, self._pending.is_full
        untold = self._identities.untold
        return is_full(shard.dirty_at_most + untold, share) and is_full(shard.dirty_count + untold, share)
