"""The engine, told what the judge is told, and its changes as the judge words them.

Comes in: a rule book, and events and instants in order of arrival. Goes out: every user's changes. In between the
shard can be saved and reloaded, under the same rules or others.
"""

from collections.abc import Collection, Iterable, Sequence

from hypothesis import reject

from streams.calendars import calendar
from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.erasure import Erasure
from streams.core.engine.refreshing import Refreshing
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.kernel.layout import FEWEST_IDS
from streams.core.rules.rulebook import Rulebook
from tests.oracle import Expected, Forgotten, Kept, Merge, Reason, judge
from tests.strategies import END_MS
from tests.zones import zone_of

Changes = dict[str, list[Expected]]


class Engine:
    """A shard, what it reported so far, and what it has saved."""

    def __init__(self, rulebook: Rulebook, timezone: str = "UTC", tick_limit: int = 10_000):
        self.tick_limit = tick_limit
        self.shard = Shard(rulebook, calendar(timezone))
        self.stream = Refreshing(self.shard, limit=tick_limit)
        self.rows: dict[str, bytes] = {}
        self.documents: dict[str, bytes] = {}
        self.marks: dict[bytes, int] = {}
        self.reported: Changes = {}

    def apply(self, events: Sequence[Event]) -> None:
        self.report(self.stream.step(Batch.of(events)))

    def pass_time(self, now_ms: int) -> None:
        self.report(self.stream.pass_time(now_ms))

    def live_through(self, events: Sequence[Event]) -> None:
        self.apply(events)
        if events:
            self.pass_time(max(event.ts for event in events))

    def erase(self, user: str, at_ms: int) -> list[Change]:
        return self.shard.erase([Erasure(user, at_ms)])

    def merge(self, merge: Merge) -> None:
        """Both are of this shard; records that still bear who is gone are the survivor's from then on."""
        packed, changes = self.shard.depart(merge.gone, merge.into, merge.ts, merge.message_id)
        self.report(changes)
        self.report(self.shard.arrive(merge.into, packed, merge.ts, merge.message_id))

    def save(self) -> None:
        dirty = self.shard.take_dirty()
        for kept in (self.rows, self.documents):
            for user in (*dirty.erased, *dirty.moved):
                kept.pop(user, None)
        self.rows.update(dirty.rows)
        self.documents.update(dirty.documents)
        self.marks.update(dirty.marks)

    def save_and_reload(self, rulebook: Rulebook, remembered_ids: int = FEWEST_IDS) -> None:
        self.save()
        head, rows = self.shard.head(), list(self.rows.items())
        self.shard = Shard.restore(
            rulebook,
            head,
            rows,
            self.documents,
            self.shard.calendar,
            marks=self.marks,
            remembered_ids=remembered_ids,
        )
        self.stream = Refreshing(self.shard, self.stream.passed_ms, self.tick_limit)
        while self.shard.is_stale:
            self.report(self.shard.migrate())

    def report(self, changes: Iterable[Change]) -> None:
        for change in changes:
            if change.is_shadow:
                continue  # nobody is told
            self.reported.setdefault(change.subject, []).append(as_expected(change))


def run(
    rulebook: Rulebook,
    arrivals: Sequence[Event | int],
    timezone: str = "UTC",
    until: int = END_MS,
    reloads: Collection[int] = (),
    tick_limit: int = 10_000,
) -> Changes:
    """The changes by user, with everything between two ticks or reloads in one batch."""
    engine = Engine(rulebook, timezone, tick_limit)
    batch: list[Event] = []
    for index, arrival in enumerate([*arrivals, until]):
        if isinstance(arrival, int) or index in reloads:
            engine.apply(batch)
            batch = []
        if index in reloads:
            engine.save_and_reload(rulebook)
        if isinstance(arrival, int):
            engine.pass_time(arrival)
        else:
            batch.append(arrival)
    return engine.reported


def owed(rulebook: Rulebook, arrivals: Sequence[Event | int], timezone: str = "UTC", until: int = END_MS) -> Changes:
    """What the judge expects of it; an example that it cannot judge is none."""
    try:
        judged = judge(rulebook, arrivals, until, zone_of(timezone), Kept)
    except Forgotten:
        reject()
    return {user: changes for user, changes in judged.items() if changes}


def as_expected(change: Change) -> Expected:
    return Expected(
        subject=change.subject,
        rule=change.rule,
        type=change.type,
        segment=change.segment,
        previous=change.previous,
        occurred_at=change.occurred_at,
        cause=change.cause,
        event_id=change.event_id,
        ordinal=change.ordinal,
        because=tuple(Reason(r.condition, r.value, r.was, r.now) for r in change.because),
        segments=tuple(change.segments),
        traits={name: value for name, value in change.traits.items() if value is not None},
    )
