"""What happened in a shard since its last checkpoint.

Comes in: changes as the engine finds them. Goes out: a `Snapshot`, the next checkpoint.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from streams.core.calendar import UTC, Calendar
from streams.core.changes import Change
from streams.core.engine.decoding import Memberships
from streams.core.engine.handed_out import Dirty
from streams.core.engine.shard import Shard
from streams.core.flows import Flows
from streams.core.identities.identities import Identities, Written
from streams.core.instants import format_time
from streams.core.kernel.layout import NEVER
from streams.kafka.message import Message
from streams.outputs.membership import encode_segments, read_model
from streams.outputs.messages import Outputs
from streams.outputs.timeline import encode_entry
from streams.runtime.checkpoints.checkpoint import Snapshot
from streams.runtime.checkpoints.owed import Owed
from streams.runtime.checkpoints.published import Published
from streams.runtime.intake import rerouting
from streams.settings import DEFAULT_TIMELINE
from streams.state.counting import SINCE
from streams.state.format import (
    ALIASES,
    COUNTED,
    DEPARTED,
    DOCUMENTS,
    FLOWS,
    MARKS,
    MEMBERS,
    MEMBERSHIPS,
    MERGES,
    MOVES,
    OWNED,
    REFUSED_LINKS,
    ROWS,
    SHADOW_MEMBERS,
    TIMELINE,
    UNLINKED,
)
from streams.state.store import Checkpoint, Write

# A bigger transaction stops Redis for everyone. With the slice that fills it, it has at most 20,000 rows.
MOST_ROWS: Final = 18_000
MOST_BYTES: Final = 8 << 20
# What a row with its document takes, until checkpoints have told it of so many: that of an identified user under the
# rules that ship. The outbox is counted.
ROW_BYTES: Final = 500
SMALLER: Final = 9  # are the checkpoints of whom nobody is told
ROWS_TOLD: Final = 1_000


class Kept(NamedTuple):
    """What is kept for those who look at a group: of each user so many of the newest changes, and flows by the days of
    a calendar. counts_from: from when on (ms) these are counted, where the state does not say so yet."""

    calendar: Calendar = UTC
    timeline: int = DEFAULT_TIMELINE
    counts_from: int | None = None


DEFAULT_KEPT: Final = Kept()


class Pending:
    """Renders changes as they come, which spreads the work, and keeps them until the next snapshot.

    published: while a lost state is made anew, what need not be said again. kept: how much of it stays for those who
    look. owed: what is told once it is made anew. tells: whether others hear what the shard tells them.
    """

    tells = True

    def __init__(
        self,
        outputs: Outputs,
        published: Published | None = None,
        kept: Kept = DEFAULT_KEPT,
        owed: Owed | None = None,
    ):
        self._outputs = outputs
        self.published = published
        self._kept, self._counts_from = kept, kept.counts_from
        self._flows, self._moves = Flows(kept.calendar), Flows(kept.calendar, by_hour=False)
        self._rows, self._rows_bytes = ROWS_TOLD, ROWS_TOLD * ROW_BYTES
        self.owed = Owed() if owed is None else owed
        self._clear()

    def _clear(self) -> None:
        self._outbox: list[Message] = []
        self._bytes = 0
        self._flips: dict[tuple[str, str], bool] = {}
        self._shadow_flips: dict[tuple[str, str], bool] = {}
        self._changed_at: dict[str, int] = {}
        self._told: set[str] = set()
        self._timeline: list[tuple[Change, bytes]] = []

    @property
    def rebuilds(self) -> bool:
        """Whether a lost state is being made anew."""
        return self.published is not None

    def add(self, changes: Sequence[Change], detected_at: int) -> None:
        for change in changes:
            flips = self._shadow_flips if change.is_shadow else self._flips
            if change.previous is not None:
                flips[change.previous, change.subject] = False
            flips[change.segment, change.subject] = change.entered
            if change.is_shadow:
                continue  # nobody is told
            if not self._is_told(change):
                self._tell(change, detected_at)
            elif change.merged_into is not None:
                self._tell_gone(change, detected_at)
            self._changed_at[change.subject] = change.occurred_at
            self._flows.count(change)
            self._moves.count_move(change)
            if self._kept.timeline:
                entry = encode_entry(change)
                self._bytes += len(entry)
                self._timeline.append((change, entry))

    def _is_told(self, change: Change) -> bool:
        """While a lost state is made anew: whether it stands there, or a change of rules told it as of then."""
        if self.published is None:
            return False
        return self.published.has(change) or self.published.has_step(change)

    def _tell_gone(self, change: Change, detected_at: int) -> None:
        """That who is another now leaves was told, but others may have come after it. The next has another id."""
        led = self.published and self.published.told.last_of(change.subject, change.rule)
        if led and led.segment is not None:
            at_ms, ordinal = change.occurred_at + 1, led.ordinal + 1
            again = msgspec.structs.replace(change, segment=led.segment, occurred_at=at_ms, ordinal=ordinal)
            self._tell(again, detected_at)

    def end_rebuild(self, shard: Shard, clock: Callable[[], int]) -> Iterator[None]:
        """All that there was has been made anew. Whoever stands elsewhere than where the last change led that was told,
        is told of now: at most one at each step, between which the shard is left as it is."""
        if self.published is None:
            return
        told = self.published.told
        for rows in told.pieces(shard):
            told.count_on(shard, rows)
            for each in told.elsewhere(shard, rows):
                change = shard.lead_on(*each)
                self._tell(change, clock())
                self.retell({change.subject: change.occurred_at})
                yield
            yield
        self.published = None

    @property
    def told_ms(self) -> int:
        """How far time had come, by what was told, when the state was lost that is made anew; else `NEVER`."""
        return NEVER if self.published is None else self.published.told.time_ms

    def stands(self, user: str) -> Memberships:
        """Which segments a user stands in, by what was published before the state was lost that is made anew."""
        return {} if self.published is None else self.published.stands(user)

    def tell(self, changes: Sequence[Change], detected_at: int) -> None:
        """What is so here already, but not by what was told. It is known to nobody else."""
        for change in changes:
            if not change.is_shadow and not (self.published is not None and self.published.has(change)):
                self._tell(change, detected_at)

    def _tell(self, change: Change, detected_at: int) -> None:
        message = self._outputs.change(change, detected_at)
        self._outbox.append(message)
        self._bytes += len(message.value or b"")
        self._told.add(change.subject)
        if self.published is not None:
            self.published.told.follow(message.key, change)

    def retell(self, users: Mapping[str, int]) -> None:
        """Where these stand is to be told, with when it may have changed (ms), also where no change says so."""
        self._changed_at = {**users, **self._changed_at}

    def send(self, messages: Sequence[Message]) -> None:
        """Records that are another shard's, and what the homes of others are to hear."""
        self._outbox += messages
        self._bytes += sum(len(message.value or b"") for message in messages)

    def is_full(self, dirty: int, share: float = 1.0) -> bool:
        """Whether a checkpoint, or a share of one, is big enough, with so many dirty profiles."""
        row_bytes = self._rows_bytes / self._rows
        return dirty >= share * MOST_ROWS or self._bytes + dirty * row_bytes >= share * MOST_BYTES

    def __bool__(self) -> bool:
        return bool(self._outbox)

    def snapshot(
        self,
        shard: Shard,
        identities: Identities,
        number: int,
        positions: dict[str, int],
        dead_letters: Sequence[Message],
    ) -> Snapshot:
        """Everything up to now, as checkpoint `number`; a copy, so that the shard may go on."""
        dirty = shard.take_dirty()
        self._rows += len(dirty.rows)
        self._rows_bytes += sum(len(raw) for part in (dirty.rows, dirty.documents) for _, raw in part)
        left = [*dirty.erased, *dirty.moved]
        gone = {user for user in left if user not in shard.table}
        # Before it is asked what is news: of whom this forgets, all is.
        tombstones = list(map(self._outputs.tombstone, self._standing(left)))
        users = [user for user in self._changed_at if user not in gone]
        segments = dict(zip(users, map(encode_segments, shard.all_memberships(users)), strict=True))
        memberships = {
            user: self._outputs.memberships(user, where, format_time(self._changed_at[user]), number)
            for user, where in segments.items()
            if self._is_news(user, where)
        }
        if self.published is not None:
            self.published.say(memberships.values())
        # Those of whom no change in the outbox tells are in it themselves: the next owner knows of no others.
        retold = [memberships.pop(user) for user in users if user in memberships and user not in self._told]
        checkpoint = Checkpoint(
            number=number,
            head=shard.head(),
            positions=positions,
            writes=[
                *self._writes(dirty, segments),
                *_writes_of_identities(identities.take()),
                *self._writes_for_looking(shard, set(dirty.erased)),
                self.owed.take(),
            ],
            # A user who is back already gets her memberships after that.
            outbox=[*self._outbox, *tombstones, *retold],
            erased=dirty.erased,
            moved=dirty.moved,
            rebuilds=self.rebuilds,
        )
        self._clear()
        return Snapshot(checkpoint, dead_letters, list(memberships.values()))

    def _standing(self, left: Sequence[str]) -> list[str]:
        """Those of whom something may stand there that is to be taken away."""
        return [user for user in left if self.published is None or self.published.forget(user)]

    def _is_news(self, user: str, segments: bytes) -> bool:
        """Whether it is to be said where a user stands."""
        if self.published is None or user in self._told:
            return True
        return not self.published.knows(user, self._changed_at[user], segments)

    def _writes(self, dirty: Dirty, segments: Mapping[str, bytes]) -> list[Write[Any, Any]]:
        """What changes of all that is kept. segments: of each user with a change, where she stands now."""
        standing = {user: read_model(where) for user, where in segments.items()}
        return [
            Write(ROWS, dirty.rows),
            Write(DOCUMENTS, dirty.documents),
            Write(MARKS, dirty.marks),
            Write(MEMBERS, *_flipped(self._flips)),
            Write(SHADOW_MEMBERS, *_flipped(self._shadow_flips)),
            Write(
                MEMBERSHIPS,
                put=[(user, where) for user, where in standing.items() if where is not None],
                drop=[user for user, where in standing.items() if where is None],
            ),
        ]

    def _writes_for_looking(self, shard: Shard, erased: Collection[str]) -> list[Write[Any, Any]]:
        """Timelines, and what is counted. Of who was erased and is back, what is new alone."""
        entries = [
            (change.subject, entry)
            for change, entry in self._timeline
            if change.subject not in erased or _is_of_after(shard, change)
        ]
        writes: list[Write[Any, Any]] = [
            Write(TIMELINE, entries, most=self._kept.timeline),
            Write(FLOWS, self._flows.take()),
            Write(MOVES, self._moves.take()),
        ]
        if self._counts_from is not None:
            writes.append(Write(COUNTED, [(SINCE, self._counts_from)]))
            self._counts_from = None
        return writes


class Silent(Pending):
    """Of a shard of whose changes nobody is told: it saves itself, and whoever left it for another's, for that one to
    find."""

    tells = False

    def _clear(self) -> None:
        super()._clear()
        self._departed: dict[str, bytes] = {}

    def add(self, changes: Sequence[Change], detected_at: int) -> None:
        """Whoever takes its place tells what differs."""

    def retell(self, users: Mapping[str, int]) -> None:
        """Nobody is told where they stand."""

    def is_full(self, dirty: int, share: float = 1.0) -> bool:
        """Small ones: whoever writes a great one holds up those that are told of."""
        return super().is_full(dirty, share / SMALLER)

    def send(self, messages: Sequence[Message]) -> None:
        """What others were to hear has been sent to them by the one that it is the past of, all but a profile: that has
        more here."""
        for message in messages:
            moved = rerouting.moved_by(message)
            if moved is not None:
                self._departed[moved.gone] = msgspec.json.encode(moved.profile)

    def _writes(self, dirty: Dirty, segments: Mapping[str, bytes]) -> list[Write[Any, Any]]:
        return [*super()._writes(dirty, segments), Write(DEPARTED, list(self._departed.items()))]

    def __bool__(self) -> bool:
        return bool(self._departed)


def _is_of_after(shard: Shard, change: Change) -> bool:
    """Whether it is of the profile that the subject of an erased one has now."""
    return change.subject in shard.table and change.occurred_at > shard.refused_until(change.subject) > NEVER


def _flipped(flips: Mapping[tuple[str, str], bool]) -> tuple[Sequence[tuple[str, str]], Sequence[tuple[str, str]]]:
    """The pairs of segment and user that are put, and those that are dropped: by whether she is in it now."""
    put = [pair for pair, entered in flips.items() if entered]
    return put, [pair for pair, entered in flips.items() if not entered]


def _writes_of_identities(written: Written) -> list[Write[Any, Any]]:
    aliases = written.aliases
    return [
        Write(UNLINKED, aliases.records, aliases.dropped),
        Write(ALIASES, aliases.standings, aliases.forgotten),
        Write(OWNED, *written.owned),
        Write(REFUSED_LINKS, *written.refusals),
        Write(MERGES, *written.questions),
    ]
