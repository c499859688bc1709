"""For tests of your own rules: a clock set by hand, records as producers send them, and the changes they lead to.

Comes in: times as people write them (`2026-03-01 09:00`, no zone is UTC). Goes out: records in the Segment spec or the
plain billing form, as dicts ready for JSON; the changes of a rulebook over them, as `segmenter replay` finds them; and
why a user is where they are, and what comes next, as `segmenter explain` tells it.

>>> clock = ManualClock("2026-03-01 09:00")
>>> track("ann", "Signed In", clock)["timestamp"]
'2026-03-01T09:00:00.000Z'
>>> clock.advance("1d")
>>> identify("ann", clock, plan="pro")["traits"]
{'plan': 'pro'}
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.compiler.catalog import Catalog
from streams.core.engine.inbox import Inbox
from streams.core.engine.refreshing import Refreshing
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.explain import explanation
from streams.core.explain.explanation import Explanation
from streams.core.explain.history import Watching
from streams.core.instants import format_time, parse_duration, parse_time
from streams.core.rules.rulebook import Rulebook
from streams.sources import DEFAULTS, Decoder, InputOptions, input_of
from streams.sources.envelope import envelope

Record = dict[str, Any]


class ManualClock:
    """A clock that moves when it is told to. Calling it gives the time in ms."""

    def __init__(self, at: str | int):
        self.now_ms = instant(at)

    def __call__(self) -> int:
        return self.now_ms

    def set(self, at: str | int) -> None:
        self.now_ms = instant(at)

    def advance(self, duration: str) -> None:
        """`duration` as rules write it: 30s, 5m, 2h, 1d."""
        step_ms = parse_duration(duration)
        if step_ms is None:
            raise ValueError(f"{duration!r} is no duration such as 30s, 5m, 2h or 1d")
        self.now_ms += step_ms


Moment = str | int | ManualClock


def instant(at: Moment) -> int:
    """ms since 1970 UTC. An int is taken as it is."""
    if isinstance(at, int):
        return at
    if isinstance(at, ManualClock):
        return at.now_ms
    parsed = parse_time(at)
    if parsed is None:
        raise ValueError(f"{at!r} is no time such as 2026-03-01 or 2026-03-01 09:00")
    return parsed


def track(user: str, event: str, at: Moment, message_id: str | None = None, **properties: object) -> Record:
    """Something the user did."""
    return _record("track", user, at, message_id, event=event, properties=properties)


def identify(user: str, at: Moment, message_id: str | None = None, **traits: object) -> Record:
    """Something that is true of the user. None takes a trait away."""
    return _record("identify", user, at, message_id, traits=traits)


def billing(user: str, event: str, at: Moment, message_id: str | None = None, **properties: object) -> Record:
    """An update of a subscription, or a payment, in the plain form."""
    return _record("billing", user, at, message_id, event=event, properties=properties)


def changes(
    rulebook: Rulebook,
    records: Iterable[Record],
    until: Moment | None = None,
    utc_offset_ms: int = 0,
    options: InputOptions = DEFAULTS,
) -> list[Change]:
    """What the rules make of records in order of arrival, when time then comes to `until` (or the newest record)."""
    batch = decoded(rulebook, records, options)
    return _changes(Shard(rulebook, utc_offset_ms), batch, _instant_or_newest(until, batch))


def explain(
    rulebook: Rulebook, records: Iterable[Record], user: str, at: Moment | None = None, utc_offset_ms: int = 0
) -> Explanation:
    """Why a user is where they are at `at` (or the newest record), since when, and what comes next if nothing happens.

    Records of later are left out.
    """
    batch = decoded(rulebook, records)
    at_ms = _instant_or_newest(at, batch)
    shard = Watching(rulebook, user, utc_offset_ms)
    _changes(shard, batch.take((batch.ts <= at_ms).nonzero()[0]), at_ms)
    if user not in shard.table:
        raise ValueError(f"{user!r} has no record up to {format_time(at_ms)}")
    return explanation.explain(shard, user, at_ms)


def _instant_or_newest(at: Moment | None, batch: Batch) -> int:
    return instant(at) if at is not None else max(batch.ts.tolist(), default=0)


def _changes(shard: Shard, batch: Batch, until_ms: int) -> list[Change]:
    refreshing = Refreshing(shard)
    return [*refreshing.step(batch), *refreshing.pass_time(until_ms)]


def decoded(rulebook: Rulebook, records: Iterable[Record], options: InputOptions = DEFAULTS) -> Batch:
    """Records as a shard takes them. Product and billing are two topics, merged by time as those of Kafka are."""
    decoder = Decoder(Catalog(rulebook).reads, options)
    events: dict[str, list[Event]] = {topic: [] for topic in decoder.of}
    for record in records:
        raw = to_bytes(record)
        topic = input_of(envelope(raw)).topic.name
        event = decoder.of[topic].decode(raw, None, None)
        if not isinstance(event, Event):
            raise TypeError(f"{record} is no event: {event}")
        events[topic].append(event)
    inbox = Inbox(list(events))
    for topic, arrived in events.items():
        inbox.add(topic, Batch.of(arrived), len(arrived))
        inbox.caught_up[topic] = True
    return inbox.take(sum(map(len, events.values())))


def to_bytes(record: Mapping[str, object]) -> bytes:
    """The value of the Kafka record, or a line of a file."""
    return json.dumps(record, separators=(",", ":")).encode()


def _record(kind: str, user: str, at: Moment, message_id: str | None, **rest: object) -> Record:
    record: Record = {"type": kind, "userId": user, "timestamp": format_time(instant(at)), **rest}
    if message_id is not None:
        record["messageId"] = message_id
    return record
