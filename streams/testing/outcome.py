"""What rules make of records: the changes, as `segmenter replay` finds them, and why a user is where they are."""

from collections.abc import Iterable

from streams.calendars import calendar
from streams.core.batch import Batch
from streams.core.calendar import Calendar
from streams.core.changes import Change
from streams.core.compiler.catalog import Catalog
from streams.core.engine.inbox import Inbox
from streams.core.engine.refreshing import Refreshing
from streams.core.engine.shard import Shard
from streams.core.events import Event, Ignored, Reject
from streams.core.explain import explanation
from streams.core.explain.explanation import Explanation
from streams.core.explain.history import Watching
from streams.core.identities.identities import Identities
from streams.core.instants import format_time
from streams.core.rules.rulebook import Rulebook
from streams.settings import KEEP_UNLINKED_MS
from streams.sources import DEFAULTS, Decoder, InputOptions, input_of
from streams.sources.envelope import envelope
from streams.testing.clock import Moment, instant
from streams.testing.records import Record, to_bytes


class NoEvent(TypeError):
    """A record that a worker would not use. place: which one it is, from 0. reason: why."""

    def __init__(self, record: Record, place: int, found: Reject | Ignored):
        self.place = place
        self.reason = (
            found.reason if isinstance(found, Reject) else "It is passed over: it is nobody's, or of no concern."
        )
        super().__init__(f"{record} is no event: {found}")


def changes(
    rulebook: Rulebook,
    records: Iterable[Record],
    until: Moment | None = None,
    utc_offset_ms: int = 0,
    options: InputOptions = DEFAULTS,
    timezone: str = "",
) -> list[Change]:
    """What the rules make of records in order of arrival, when time then comes to `until` (or the newest record), as
    far as anybody is told: nothing of rules in shadow.

    timezone: as the setting has it, such as America/New_York; utc_offset_ms says the same of a fixed offset.
    """
    batch = decoded(rulebook, records, options)
    shard = Shard(rulebook, _days(timezone, utc_offset_ms))
    found = _changes(shard, batch, _instant_or_newest(until, batch))
    return [change for change in found if not change.is_shadow]


def explain(
    rulebook: Rulebook,
    records: Iterable[Record],
    user: str,
    at: Moment | None = None,
    utc_offset_ms: int = 0,
    options: InputOptions = DEFAULTS,
    timezone: str = "",
) -> Explanation:
    """Why a user is where they are at `at` (or the newest record), since when, and what comes next if nothing happens.

    Records of later are left out.
    """
    batch = decoded(rulebook, records, options)
    at_ms = _instant_or_newest(at, batch)
    shard = Watching(rulebook, user, _days(timezone, utc_offset_ms))
    _changes(shard, batch.take((batch.ts <= at_ms).nonzero()[0]), at_ms)
    if user not in shard.table:
        raise ValueError(f"{user!r} has no record up to {format_time(at_ms)}")
    return explanation.explain(shard, user, at_ms)


def _days(timezone: str, utc_offset_ms: int) -> Calendar:
    return calendar(timezone) if timezone else Calendar.fixed(utc_offset_ms)


def decoded(rulebook: Rulebook, records: Iterable[Record], options: InputOptions = DEFAULTS) -> Batch:
    """Records as a shard takes them. Product and billing are two topics, merged by time as those of Kafka are."""
    decoder = Decoder(Catalog(rulebook).reads, options)
    events: dict[str, list[Event]] = {topic: [] for topic in decoder.of}
    for place, record in enumerate(records):
        raw = to_bytes(record)
        topic = input_of(envelope(raw)).topic.name
        event = decoder.of[topic].decode(raw, None, None)
        if not isinstance(event, Event):
            raise NoEvent(record, place, event)
        events[topic].append(event)
    inbox = Inbox(list(events))
    for topic, arrived in events.items():
        inbox.add(topic, Batch.of(arrived), len(arrived))
        inbox.caught_up[topic] = True
    return inbox.take(sum(map(len, events.values())))


def _instant_or_newest(at: Moment | None, batch: Batch) -> int:
    return instant(at) if at is not None else max(batch.ts.tolist(), default=0)


def _changes(shard: Shard, batch: Batch, until_ms: int) -> list[Change]:
    refreshing, identities = Refreshing(shard), Identities.empty(shard, KEEP_UNLINKED_MS)
    found = [change for part in identities.resolve(batch) for change in refreshing.step(part)]
    return [*found, *refreshing.pass_time(until_ms)]
